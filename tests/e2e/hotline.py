"""A whole running hotline for the tests: real Asterisk, workers, API, in a folder of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import httpx
from sqlalchemy import select

from db.models import Policy
from db.session import make_engine, make_sessions, transaction
from ops import setup_steps
from ops.instance import change_settings
from ops.supervisor import Supervisor
from telephony import asterisk_config
from tests.e2e.instances import aside, begin

T = TypeVar("T")
PATIENCE_S: Final = 40.0
"""What an idle machine does in a moment may take a busy one so long; waiting ends as soon as it is so."""


def wait_for(
    what: str, look: Callable[[], T | None], timeout_s: float = PATIENCE_S, *, pause_s: float = 0.05
) -> T:
    """Ask again until `look` gives something true; fail naming what was waited for."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s for: {what}")
        time.sleep(pause_s)


class Hotline:
    """One instance: start, stop, kill, sign people in."""

    running: ClassVar[list[Hotline]] = []
    """Those of this process, for what a failing test shows."""

    def __init__(self, folder: Path, *, transcribed: bool = True, greets_briefly: bool = True) -> None:
        self.said: list[str] = []
        # Other tests beside must not make the listener give up a leg: overload has tests of its own
        listens = {"nice": 0, "live_until_s": 120.0} if transcribed else {"enabled": False}
        change_settings(folder, {"transcription": listens})
        begin(folder, greets_briefly=greets_briefly)
        prepared = aside(setup_steps.prepare, folder, self.said.append, free_ports=True)
        self.settings = prepared.settings
        self.password = prepared.demo_password or ""
        self.supervisor = Supervisor(self.settings, self.said.append)
        self._people: list[Person] = []

    @property
    def url(self) -> str:
        """Where the pages are."""
        return self.supervisor.base_url()

    def decide(self, **policies: float) -> None:
        """Policy rows as an administrator would set them; those of the voice plane hold from the start on."""
        kept = aside(asyncio.run, _decide(self.settings.db_url, policies))
        if not self.supervisor.asterisk.is_running():
            asterisk_config.render(self.settings, asterisk_config.policy_from(kept))

    def start(self, timeout_s: float = 120.0) -> None:
        """Start everything and wait until the control link is up."""
        self.running.append(self)
        self.supervisor.start()
        assert self.supervisor.wait_ready(timeout_s), "\n".join(self.said) + self.logs()

    def stop(self) -> None:
        """Stop everything."""
        for person in self._people:
            person.http.close()
        self.supervisor.stop()
        if self in self.running:
            self.running.remove(self)

    def python_processes(self) -> list[int]:
        """Process ids of every Python process of the hotline."""
        return [
            child.process.pid
            for child in self.supervisor.children
            if child.process is not None and child.process.poll() is None
        ]

    def logs(self) -> str:
        """The last lines of every log, for a failure message."""
        parts: list[str] = []
        for file in sorted(self.settings.log_dir.glob("*.log")):
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
            parts.append(f"--- {file.name}\n" + "\n".join(lines))
        return "\n".join(parts)

    def channels(self) -> str:
        """Who is where in Asterisk, for a failure message."""
        return self.supervisor.asterisk.rx("core show channels concise")

    def empty_lines(self) -> None:
        """Hang up on everybody who still waits or talks: the next file's seat would be rung for them."""
        self.supervisor.asterisk.rx("channel request hangup all")
        wait_for("every line to be free", lambda: not self.channels().strip())
        leader = self.sign_in("leader")
        wait_for("every call to be over", lambda: leader.get("/api/board")["waiting"] == [])

    def empty_desks(self) -> None:
        """Sign everybody off who still sits at a desk."""
        leader = self.sign_in("leader")
        for seat in leader.get("/api/board")["seats"]:
            if seat["operator"] is not None:
                leader.post(f"/api/seats/{seat['id']}/sign-off", {"reason": "测试结束"})
                leader.seat_is(seat["id"], "empty")

    def sign_in(self, login: str) -> Person:
        """A signed-in person's HTTP client."""
        person = Person(self.url, login, self.password)
        self._people.append(person)
        return person


async def _decide(db_url: str, policies: dict[str, float]) -> dict[str, str]:
    """Every policy by its key, with these decided."""
    engine = make_engine(db_url)
    try:
        async with transaction(make_sessions(engine)) as session:
            for key, value in policies.items():
                words = {"unit": "", "label": "测试", "source": "测试"}
                await session.merge(Policy(key=key, value=str(value), **words))
            await session.flush()
            return {row.key: row.value for row in await session.scalars(select(Policy))}
    finally:
        await engine.dispose()


class Person:
    """Somebody who signed in, speaking the API as their browser does."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=PATIENCE_S)
        answer = self.http.post("/login", data={"login": login, "password": password})
        assert answer.status_code == 303, answer.text
        self.csrf: str = self.get("/api/me")["csrf"]

    def get(self, path: str) -> Any:
        """JSON of a GET that must succeed."""
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """JSON of a POST that must succeed."""
        answer = self.http.post(path, json=body or {}, headers={"X-CSRF-Token": self.csrf})
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """JSON of a PUT that must succeed."""
        answer = self.http.put(path, json=body, headers={"X-CSRF-Token": self.csrf})
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def seat(self, number: int) -> dict[str, Any]:
        """One seat as the board shows it."""
        seats: list[dict[str, Any]] = self.get("/api/board")["seats"]
        return next(seat for seat in seats if seat["id"] == number)

    def seat_is(self, number: int, state: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until the board shows the seat in that state."""

        def look() -> dict[str, Any] | None:
            seat = self.seat(number)
            return seat if seat["state"] == state else None

        return wait_for(f"seat {number} {state}, now {self.seat(number)}", look, timeout_s)

    def call_of(self, number: str) -> dict[str, Any] | None:
        """The newest call of that caller, by the whole number as lists show it."""
        masked = f"{number[:3]}****{number[-4:]}"
        rows = self.get("/api/calls")["calls"]
        return next((self.call(row["id"]) for row in rows if row["caller_masked"] == masked), None)

    def call(self, call_id: str) -> dict[str, Any]:
        """One call."""
        found: dict[str, Any] = self.get(f"/api/calls/{call_id}")
        return found
