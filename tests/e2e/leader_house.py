"""A caller, a seat and a shift leader with a tone each, and who hears whom from a moment on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ops.phone import ScriptedPhone, read_wav, tone
from tests.e2e.hotline import Hotline, Person, wait_for

TONES_HZ: Final = {"caller": 440.0, "seat": 630.0, "lead": 850.0}
HEARD: Final = 0.04
SETTLE_S: Final = 1.5
LISTEN_S: Final = 1.0
ALL: Final = {"caller": {"seat", "lead"}, "seat": {"caller", "lead"}, "lead": {"caller", "seat"}}


def voice(files: Path, name: str, hz: float | None = None) -> dict[str, Any]:
    """What a phone plays and where it records."""
    said = tone(files / f"{name}-says.wav", hz=hz or TONES_HZ[name], seconds=10)
    return {"play": str(said), "loop": True, "record": str(files / f"{name}-hears.wav")}


def share(samples: np.ndarray[Any, Any], rate_hz: int, hz: float) -> float:
    """Share (0 to 1) of the energy within 15 Hz of `hz`; 0 for silence."""
    if float(np.abs(samples).max(initial=0)) < 200:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(samples), 1 / rate_hz) - hz) <= 15
    return float(spectrum[near].sum()) / float(spectrum.sum())


def hears_now(files: Path, *names: str) -> dict[str, set[str]]:
    """Whom each of these hears, in a second that begins a while after this moment."""
    begins = {name: len(read_wav(files / f"{name}-hears.wav")[0]) for name in names}
    found: dict[str, set[str]] = {}
    for name in names:
        file = files / f"{name}-hears.wav"
        rate_hz = read_wav(file)[1]
        first = begins[name] + int(SETTLE_S * rate_hz)
        last = first + int(LISTEN_S * rate_hz)

        def long_enough(file: Path = file, last: int = last) -> bool:
            return len(read_wav(file)[0]) >= last

        wait_for(f"sound at {name}", long_enough)
        part = read_wav(file)[0][first:last]
        found[name] = {
            who for who, hz in TONES_HZ.items() if who != name and share(part, rate_hz, hz) > HEARD
        }
    return found


@dataclass
class Three:
    """Everybody who takes part."""

    caller: ScriptedPhone
    seat: ScriptedPhone
    lead: ScriptedPhone
    operator: Person
    leader: Person
    call_id: str

    def order(self, mode: str, seat: int = 1) -> dict[str, Any]:
        """What the leader's page sends."""
        return self.leader.post("/api/supervision", {"seat": seat, "mode": mode})

    def mine(self) -> dict[str, Any]:
        """The leader's ear as the page shows it."""
        found: dict[str, Any] = self.leader.get("/api/supervision")["mine"] or {}
        return found

    def until(self, state: str) -> dict[str, Any]:
        """Wait until the ear is in that state."""
        wait_for(f"the ear {state}, now {self.mine()}", lambda: self.mine().get("state") == state)
        return self.mine()


@contextmanager
def three(hotline: Hotline, files: Path, number: str, login: str = "leader") -> Generator[Three]:
    """A call at seat 1 and a leader whose telephone is ready."""
    operator, leader = hotline.sign_in("op01"), hotline.sign_in(login)
    account = leader.get("/api/supervision/sip?phone=leaddesk")
    lead_number = int(account["username"].removeprefix("leaddesk"))
    with (
        ScriptedPhone.lead(hotline.settings, lead_number, **voice(files, "lead")) as lead,
        ScriptedPhone.seat(hotline.settings, 1, auto_answer=True, **voice(files, "seat")) as seat,
        ScriptedPhone.citizen(hotline.settings, number, **voice(files, "caller")) as caller,
    ):
        operator.post("/api/seats/1/take", {"phone": "desk"})
        operator.post("/api/seats/1/start")
        caller.call(hotline.settings.asterisk.hotline_number)
        caller.wait("media")
        caller.dtmf("1")
        seat.wait_answered(30)
        operator.seat_is(1, "talking")
        try:
            yield Three(caller, seat, lead, operator, leader, operator.seat(1)["call_id"])
        finally:
            caller.hang_up()
            wait_for("the seat to be left", lambda: _left(operator), 30)
            leader.post("/api/supervision/release")


def _left(person: Person) -> bool:
    person.http.post("/api/seats/1/sign-off", json={}, headers={"X-CSRF-Token": person.csrf})
    return bool(person.seat(1)["state"] == "empty")
