"""A hotline with two operators at desk phones, a caller and a phone outside, each with a tone of its own."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.phone import ScriptedPhone, recorded_s
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.hearing import SETTLE_S, ever_heard, hears_file, only_hear, voice
from tests.e2e.hotline import Person, wait_for

TONES_HZ: Final = {"caller": 440.0, "seat": 630.0, "colleague": 850.0, "outside": 1130.0}
_keys = itertools.count(1)


@dataclass
class Parties:
    """Who takes part; `files` holds what each heard."""

    files: Path
    caller: ScriptedPhone
    seat: ScriptedPhone
    colleague: ScriptedPhone
    outside: ScriptedPhone | None

    def now(self, who: str) -> float:
        """A moment of this party's recording by which what was said before has run out."""
        return recorded_s(hears_file(self.files, who)) + SETTLE_S

    def heard_since(self, who: str, from_s: float) -> set[str]:
        """Whose tones this party heard since that moment of its recording."""
        return ever_heard(self.files, who, TONES_HZ, from_s)

    def talk(self, **wanted: set[str]) -> None:
        """Each named party hears just those."""
        only_hear(self.files, wanted, TONES_HZ)


class TransferHouse(BridgeHouse):
    """Seat 1 is the operator's, seat 2 the colleague's."""

    def start(self, *, through_link: bool = True) -> None:
        """Start, and sign the colleague in."""
        super().start(through_link=through_link)
        self.colleague: Person = self.hotline.sign_in("op02")
        number = self.place.numbers["handling_unit"]
        with closing(sqlite3.connect(self.settings.state_dir / "minsheng.db")) as rows:
            self.outside_id = rows.execute(
                "SELECT id FROM phone_numbers WHERE number = ? ORDER BY id", (number,)
            ).fetchone()[0]
        self.outside_number = number

    @contextmanager
    def parties(self, files: Path, **how: dict[str, Any]) -> Generator[Parties]:
        """The caller talks to seat 1; seat 2 is ready. `how` changes a phone; `outside` makes one."""

        def sound(name: str) -> dict[str, Any]:
            return {**voice(files, name, TONES_HZ[name]), **how.get(name, {})}

        with ExitStack() as stack:
            outside = None
            if "outside" in how:
                outside = ScriptedPhone.outside(
                    self.carrier, self.settings, self.outside_number, **sound("outside")
                )
                stack.enter_context(outside)
            first = ScriptedPhone.seat(self.settings, 1, **{"auto_answer": True, **sound("seat")})
            second = ScriptedPhone.seat(self.settings, 2, **{"auto_answer": True, **sound("colleague")})
            caller = ScriptedPhone.citizen(self.settings, **sound("caller"))
            for phone in (first, second, caller):
                stack.enter_context(phone)
            self.sit(self.operator, 1)
            self.talk(caller, first)
            self.sit(self.colleague, 2)
            yield Parties(files, caller, first, second, outside)

    def sit(self, person: Person, number: int) -> None:
        """On duty, or out of what the last test left."""
        state = person.seat(number)["state"]
        if state == "empty":
            person.post(f"/api/seats/{number}/take", {"phone": "desk"})
            person.post(f"/api/seats/{number}/start")
        elif state in ("wrap_up", "paused"):
            person.post(f"/api/seats/{number}/resume")
        person.seat_is(number, "ready", 30)
        wait_for("the phone", lambda: person.seat(number)["phone_online"])

    def consult(self, person: Person | None = None, **target: Any) -> dict[str, Any]:
        """The order that begins it."""
        who = person or self.operator
        key = f"consult-{next(_keys)}-{int(time.time())}"
        answer = who.http.post(
            "/api/v1/bridges/consult",
            json=target,
            headers={"X-CSRF-Token": who.csrf, "Idempotency-Key": key},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, bridge_id: int, verb: str, person: Person | None = None) -> dict[str, Any]:
        """join, complete, back or hold."""
        found: dict[str, Any] = (person or self.operator).post(f"/api/v1/bridges/{bridge_id}/{verb}")
        return found

    def empty(self) -> bool:
        """Whether Asterisk has no channel and no seat is busy."""
        seats = self.operator.get("/api/board")["seats"]
        return all(seat["state"] not in ("ringing", "talking") for seat in seats)


__all__ = ["Parties", "TransferHouse"]
