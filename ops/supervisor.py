"""Starts Asterisk, the transcription workers and the API; starts again what dies; stops all on request.

Asterisk is the exception to the rule that children die with their parent: it runs in a session of
its own, so that calls outlive Python, and a supervisor that starts again adopts it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

import httpx

from core.config import PROJECT_ROOT, Settings, WebSettings
from ops.log_files import LogFiles
from telephony.asterisk_runtime import AsteriskDidNotStart, AsteriskProcess

RESTART_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_S = 30.0


def base_url(web: WebSettings) -> str:
    """Where this machine finds the pages."""
    return f"{'https' if web.tls_cert else 'http'}://{reached_at(web)}:{web.port}"


def reached_at(web: WebSettings) -> str:
    """The address at which this machine finds them."""
    return "127.0.0.1" if web.host == "0.0.0.0" else web.host  # noqa: S104  compared, not bound


@dataclass
class Child:
    """One Python process of ours: how to start it, and how often it has died lately."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started: float = 0.0
    start_after: float = field(default=0.0)


class Supervisor:
    """Keeps one instance running. Single-threaded: call `tick` about five times a second."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.asterisk = AsteriskProcess(settings)
        self._say = say
        self._logs = LogFiles(settings, say)
        self._asterisk_after = 0.0
        self._adopted = False
        base = ["--state-dir", str(settings.state_dir), "--follow-stdin"]
        self.children = [
            Child(f"transcription-{index}", ["-m", "transcription.worker", *base, "--index", str(index)])
            for index in range(settings.transcription.workers if settings.transcription.enabled else 0)
        ]
        self.children.append(Child("api", ["-m", "api.serve", *base]))

    def start(self) -> None:
        """Start everything that is not running yet."""
        self._adopted = self.asterisk.is_running()
        if self._adopted:
            self._say("Asterisk 仍在运行，接管它")
        self.asterisk.start()
        for child in self.children:
            self._start_child(child)

    def tick(self) -> None:
        """Notice deaths; start again after a growing pause."""
        now = time.monotonic()
        if not self.asterisk.is_running() and now >= self._asterisk_after:
            self._say("Asterisk 已退出，正在重新启动")
            self._start_asterisk_again()
        for child in self.children:
            self._tend(child, now)
        self._logs.tend()

    def stop(self, *, keep_asterisk: bool = False) -> None:
        """Stop Python first, so that it sees the last calls out; then Asterisk, unless it is to be kept."""
        for child in reversed(self.children):
            self._stop_child(child)
        if not keep_asterisk:
            self.asterisk.stop(10.0)

    def give_up(self) -> None:
        """Stop what was begun here; an Asterisk that ran before keeps its calls."""
        self.stop(keep_asterisk=self._adopted)

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until the pages answer and the control link is up."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.tick()
            if self._answers():
                return True
            time.sleep(0.1)
        return False

    def base_url(self) -> str:
        """Where the pages are."""
        return base_url(self.settings.web)

    def _start_asterisk_again(self) -> None:
        try:
            self.asterisk.start()
        except (AsteriskDidNotStart, OSError) as error:
            # The pages go on meanwhile: they say that the telephone is gone
            self._say(f"{RESTART_PAUSES_S[-1]:.0f} 秒后再试：{error}")
        self._asterisk_after = time.monotonic() + RESTART_PAUSES_S[-1]

    def _answers(self) -> bool:
        try:
            # The certificate is the instance's own; this request carries no secret
            answer = httpx.get(f"{self.base_url()}/healthz", timeout=2.0, verify=False)  # noqa: S501
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.json().get("link") == "up"

    def _tend(self, child: Child, now: float) -> None:
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                if child.deaths and now - child.started > STEADY_S:
                    child.deaths = 0
                return
            pause = RESTART_PAUSES_S[min(child.deaths, len(RESTART_PAUSES_S) - 1)]
            child.deaths += 1
            if child.process.stdin:
                child.process.stdin.close()
            child.process = None
            child.start_after = now + pause
            self._say(f"{child.name} 退出（{code}），{pause} 秒后重启")
        if now >= child.start_after:
            self._start_child(child)

    def _start_child(self, child: Child) -> None:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
        with self._log(child.name) as log:
            child.process = subprocess.Popen(
                [sys.executable, *child.arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=PROJECT_ROOT,
                env=environment,
                # Ctrl-C in the terminal is ours to pass on, in our order
                start_new_session=True,
            )
        child.started = time.monotonic()

    def _stop_child(self, child: Child) -> None:
        process = child.process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        if process.stdin:
            process.stdin.close()

    def _log(self, name: str) -> IO[bytes]:
        self.settings.log_dir.mkdir(parents=True, exist_ok=True)
        return (self.settings.log_dir / f"{name}.log").open("ab")
