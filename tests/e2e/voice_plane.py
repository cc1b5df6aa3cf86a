"""Asterisk alone: one instance whose Python is never started, with short times, and phones at its seats."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

import numpy as np

from ops import setup_steps
from ops.phone import ScriptedPhone, read_wav
from telephony.asterisk_config import QueuePolicy, render
from telephony.asterisk_runtime import AsteriskProcess
from tests.e2e.hotline import wait_for
from tests.e2e.instances import aside, begin
from tests.e2e.past_control import order

SHORT: Final = QueuePolicy(
    ring_timeout_s=6, max_wait_s=14, retry_s=1, message_max_s=20, message_silence_s=5, agi_limit_s=3
)


class VoicePlane:
    """Renders, starts and stops Asterisk; puts desk phones into the queue as fixed console words."""

    def __init__(self, folder: Path, policy: QueuePolicy = SHORT) -> None:
        self.settings = aside(
            setup_steps.prepare, begin(folder), lambda _line: None, free_ports=True
        ).settings
        render(self.settings, policy)
        self.asterisk = AsteriskProcess(self.settings)
        self.asterisk.start()

    def member(self, seat: int) -> None:
        """The seat's desk phone becomes a ready member."""
        self.asterisk.rx(f"queue add member PJSIP/desk{seat} to hotline penalty 0 as seat{seat}")

    def pause(self, seat: int, penalty: int) -> None:
        """As the control plane does it: a break has penalty 9, after-call work has none (docs/adr/0001)."""
        self._penalty(seat, penalty)
        self.asterisk.rx(f"queue pause member PJSIP/desk{seat} queue hotline reason test")

    def ready(self, seat: int) -> None:
        """Offered calls again."""
        self._penalty(seat, 0)
        self.asterisk.rx(f"queue unpause member PJSIP/desk{seat} queue hotline")

    def _penalty(self, seat: int, penalty: int) -> None:
        answer = self.asterisk.rx(f"queue set penalty {penalty} on PJSIP/desk{seat} in hotline")
        assert "Set penalty on interface" in answer, answer

    def queue_log(self) -> str:
        """What the queue has written down of callers and seats."""
        return (self.settings.asterisk_dir / "log" / "queue_log").read_text()

    def nobody(self) -> None:
        """Every member away."""
        for seat in range(1, 6):
            self.asterisk.rx(f"queue remove member PJSIP/desk{seat} from hotline")

    def empty(self) -> None:
        """Wait until the last call of a test is over: the next one counts who waits."""
        wait_for("an empty house", lambda: "0 active calls" in self.asterisk.rx("core show channels"))

    def beat(self) -> None:
        """The heartbeat of a control plane that lives."""
        self.asterisk.rx(f"dialplan set global MS_HEARTBEAT {int(time.time())}")

    def channel(self, number: str) -> str:
        """The channel of the caller with that number, as soon as it is there."""
        return wait_for(f"the channel of {number}", lambda: self._fields(number))[0]

    def place(self, number: str) -> str:
        """Context and application in which that caller is now; empty once gone."""
        found = self._fields(number)
        return f"{found[1]} {found[5]}" if found else ""

    def tell(self, number: str, **variables: int) -> None:
        """As the control plane does it: variables of a caller's channel while the greeting plays."""
        channel = self.channel(number)
        for name, value in variables.items():
            self.asterisk.rx(f"dialplan set chanvar {channel} {name} {value}")

    def redirect(self, number: str, context: str) -> None:
        """As the control plane does it: that caller goes to another of our contexts."""
        where = {"Channel": self.channel(number), "Context": context, "Exten": "s", "Priority": "1"}
        order(self.settings, "Redirect", **where)

    def priority(self, number: str) -> int | None:
        """With which priority that caller waits in the queue; None if not there."""
        found = re.search(
            re.escape(self.channel(number)) + r" \(wait: [0-9:]+, prio: ([0-9]+)\)",
            self.asterisk.rx("queue show hotline"),
        )
        return int(found[1]) if found else None

    def entries(self) -> int:
        """How often somebody entered the queue so far, by Asterisk's own record."""
        return (self.settings.asterisk_dir / "log" / "cel.csv").read_text().count('"MsQueued"')

    def waits(self, number: str, priority: int) -> None:
        """Wait until that caller is in the queue with that priority."""
        wait_for(f"{number} waits with priority {priority}", lambda: self.priority(number) == priority)

    def _fields(self, number: str) -> list[str]:
        lines = self.asterisk.rx("core show channels concise").splitlines()
        rows = [line.split("!") for line in lines if line.startswith("PJSIP/trunk")]
        return next((row for row in rows if len(row) > 7 and row[7] == number), [])

    def captured(self, part: str) -> list[Path]:
        """Files of that part (`caller`, `seat`, `message`), oldest first."""
        folder = self.settings.recordings_dir / "capture"
        return sorted(folder.glob(f"*-{part}.wav16"), key=lambda file: file.stat().st_mtime)

    def seat(self, number: int, **config: str) -> ScriptedPhone:
        """A desk phone of that seat."""
        return ScriptedPhone.seat(self.settings, number, **config)

    def citizen(self, number: str = "13800001234", **config: str) -> ScriptedPhone:
        """A caller at the carrier's address."""
        return ScriptedPhone.citizen(self.settings, number, **config)


def longest_silence_s(file: Path) -> float:
    """The longest stretch, in seconds, in which nothing louder than a faint hiss was heard."""
    samples, rate_hz = read_wav(file)
    step = rate_hz // 20
    longest = quiet = 0
    for start in range(0, len(samples) - step, step):
        loud = float(np.abs(samples[start : start + step]).max(initial=0)) > 80
        quiet = 0 if loud else quiet + 1
        longest = max(longest, quiet)
    return longest / 20


def first_sound_s(file: Path) -> float:
    """Seconds until the first sound that a person would hear."""
    samples, rate_hz = read_wav(file)
    loud = np.flatnonzero(np.abs(samples) > 200)
    return float(loud[0]) / rate_hz if len(loud) else float("inf")
