"""A caller, a seat and a shift leader with a tone each, and who hears whom from a moment on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.phone import ScriptedPhone
from tests.e2e.hearing import only_hear, voice
from tests.e2e.hotline import Hotline, Person, wait_for

TONES_HZ: Final = {"caller": 440.0, "seat": 630.0, "lead": 850.0}
ALL: Final = {"caller": {"seat", "lead"}, "seat": {"caller", "lead"}, "lead": {"caller", "seat"}}


def all_hear(files: Path, **wanted: set[str]) -> None:
    """Each named party hears just those."""
    only_hear(files, wanted, TONES_HZ)


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
        ScriptedPhone.lead(hotline.settings, lead_number, **voice(files, "lead", TONES_HZ["lead"])) as lead,
        ScriptedPhone.seat(
            hotline.settings, 1, auto_answer=True, **voice(files, "seat", TONES_HZ["seat"])
        ) as seat,
        ScriptedPhone.citizen(
            hotline.settings, number, **voice(files, "caller", TONES_HZ["caller"])
        ) as caller,
    ):
        operator.post("/api/seats/1/take", {"phone": "desk"})
        operator.post("/api/seats/1/start")
        caller.call(hotline.settings.asterisk.hotline_number)
        caller.wait("media")
        caller.dtmf("1")
        seat.wait_answered()
        operator.seat_is(1, "talking")
        try:
            yield Three(caller, seat, lead, operator, leader, operator.seat(1)["call_id"])
        finally:
            caller.hang_up()
            wait_for("the seat to be left", lambda: _left(operator))
            leader.post("/api/supervision/release")


def _left(person: Person) -> bool:
    person.http.post("/api/seats/1/sign-off", json={}, headers={"X-CSRF-Token": person.csrf})
    return bool(person.seat(1)["state"] == "empty")
