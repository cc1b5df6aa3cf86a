"""Finds, unpacks, starts, adopts and stops one Asterisk; knows processes, not telephony."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.config import Settings
from core.errors import HotlineError, SetupIncomplete

MIN_MAJOR = 20
SUITE = "forky"
"""The Debian suite whose Asterisk is 22 LTS with every module we need."""
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class AsteriskDidNotStart(HotlineError):
    """Asterisk 没有启动成功，请看实例文件夹 asterisk/log 下的日志。"""

    code = "asterisk-did-not-start"
    status = 503


@dataclass(frozen=True, slots=True)
class Runtime:
    """How to run Asterisk, and where its modules and data lie."""

    command: tuple[str, ...]
    modules_dir: Path
    data_dir: Path

    def __str__(self) -> str:
        return f"（{self.command[-1]}）"


def find_runtime(settings: Settings) -> Runtime:
    """The host's own Asterisk (>= 20), else the one unpacked in the runtime folder.

    Raises:
        SetupIncomplete: if there is neither.
    """
    own = shutil.which("asterisk")
    if own is not None and _major(own) >= MIN_MAJOR:
        lib = next(
            (path for path in Path("/usr/lib").glob("**/asterisk/modules") if path.is_dir()),
            Path("/usr/lib/asterisk/modules"),
        )
        return Runtime((own,), lib, Path("/usr/share/asterisk"))
    root = settings.asterisk.runtime_dir.resolve()
    triplet = f"{platform.machine()}-linux-gnu"
    loaders = sorted(root.glob("usr/lib*/ld-linux-*.so.*")) or sorted(
        root.glob(f"usr/lib/{triplet}/ld-linux-*.so.*")
    )
    binary = root / "usr" / "sbin" / "asterisk"
    if not binary.exists() or not loaders:
        raise SetupIncomplete(缺少="Asterisk 运行环境")
    libraries = f"{root}/usr/lib/{triplet}:{root}/usr/lib"
    command = (str(loaders[0]), "--library-path", libraries, str(binary))
    return Runtime(
        command, root / "usr" / "lib" / triplet / "asterisk" / "modules", root / "usr" / "share" / "asterisk"
    )


def unpack_runtime(settings: Settings, progress: Callable[[str], None]) -> None:
    """Unpack Asterisk with its own libc; nothing of the host changes, no maintainer script runs.

    Raises:
        SetupIncomplete: naming what is missing, or the last lines that the unpacking printed.
    """
    if shutil.which("mmdebstrap") is None:
        raise SetupIncomplete(缺少="mmdebstrap（apt-get install mmdebstrap）")
    target = settings.asterisk.runtime_dir.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    mode = "root" if os.geteuid() == 0 else "unshare"
    source = f"deb [signed-by={KEYRING}] {_mirror()} {SUITE} main"
    done = subprocess.run(
        [
            *("mmdebstrap", "--variant=extract", f"--mode={mode}", "--include=asterisk,asterisk-modules"),
            *('--aptopt=Acquire::Check-Valid-Until "false"', "--dpkgopt=path-exclude=/usr/share/doc/*"),
            *(SUITE, str(draft), source),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise SetupIncomplete(原因=done.stderr[-600:])
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    progress("Asterisk 运行环境就绪")


def _sweep(target: Path) -> None:
    """Remove what earlier runs had half unpacked when they were killed; each may be 270 MB."""
    for draft in target.parent.glob(f".{target.name}.*"):
        if not Path(f"/proc/{draft.suffix.removeprefix('.')}").exists():
            shutil.rmtree(draft, ignore_errors=True)


def _mirror() -> str:
    """The Debian mirror that this machine's own apt uses."""
    folder = Path("/etc/apt")
    for file in (folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))):
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        for pattern in (r"^URIs:\s*(\S+/debian)/?\s*$", r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+/debian)/?\s"):
            found = re.search(pattern, text, re.MULTILINE)
            if found:
                return found.group(1)
    raise SetupIncomplete(缺少="apt 源中的 Debian 镜像地址")


def _major(binary: str) -> int:
    done = subprocess.run([binary, "-V"], capture_output=True, text=True, check=False)
    found = re.search(r"Asterisk (\d+)", done.stdout)
    return int(found.group(1)) if found else 0


class AsteriskProcess:
    """One instance's Asterisk. It runs in a session of its own and outlives the Python that started it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._runtime = find_runtime(settings)
        self._conf = settings.asterisk_dir / "etc" / "asterisk.conf"
        self._pid_file = settings.asterisk_dir / "run" / "asterisk.pid"
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running process, ours or adopted."""
        try:
            pid = int(self._pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # A pid file may be stale and its number taken by another program
        return pid if str(self._conf).encode() in command and not self._is_zombie(pid) else None

    def is_running(self) -> bool:
        """Whether this instance's Asterisk lives."""
        if self._popen is not None:
            self._popen.poll()
        return self.pid is not None

    def start(self, timeout_s: float = 30.0) -> None:
        """Start, or adopt what is running; returns when Asterisk has fully booted.

        Raises:
            AsteriskDidNotStart: if it dies or does not boot in time.
        """
        if not self.is_running():
            log = self._settings.asterisk_dir / "log" / "console.log"
            with log.open("ab") as out:
                self._popen = subprocess.Popen(
                    [*self._runtime.command, "-C", str(self._conf), "-f"],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
        self.wait_booted(timeout_s)
        # It boots happily without the port of all telephony when another program holds it
        transports = self.rx("pjsip show transports")
        if " udp " not in transports:
            if transports:
                # Deaf for good: whoever starts it next would adopt it, though the port may be free by then
                self.stop()
            raise AsteriskDidNotStart(原因="SIP 端口被占用", 端口=self._settings.asterisk.sip_port)

    def wait_booted(self, timeout_s: float) -> None:
        """Wait for Asterisk's own word that it has booted."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._popen is not None and self._popen.poll() is not None:
                break
            if "has fully booted" in self.rx("core waitfullybooted"):
                return
            time.sleep(0.05)
        raise AsteriskDidNotStart(文件夹=str(self._settings.asterisk_dir / "log"))

    def stop(self, timeout_s: float = 10.0) -> None:
        """End calls and stop; kill what does not go in time."""
        pid = self.pid
        if pid is None:
            return
        self._signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not self.is_running():
                self._reap()
                return
            time.sleep(0.05)
        self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        pid = self.pid
        if pid is not None:
            self._signal(pid, signal.SIGKILL)
        self._reap()

    def _reap(self) -> None:
        """It may have become a zombie between two looks."""
        if self._popen is not None:
            self._popen.wait(5)

    def rx(self, command: str) -> str:
        """The answer of Asterisk's console to a fixed command of ours; empty if it does not answer."""
        try:
            done = subprocess.run(
                [*self._runtime.command, "-C", str(self._conf), "-rx", command],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=10,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout

    @staticmethod
    def _signal(pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return

    @staticmethod
    def _is_zombie(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True
