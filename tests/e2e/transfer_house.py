"""A hotline with two operators at desk phones, a caller and a phone outside, each with a tone of its own."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from ops.phone import ScriptedPhone, recorded_s
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.hearing import (
    SETTLE_S,
    ever_heard,
    explained,
    hears_file,
    longest_quiet_s,
    only_hear,
    only_music,
    voice,
)
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
    rx: Callable[[str], str]
    """Asks Asterisk, when somebody is not heard."""

    def now(self, who: str) -> float:
        """A moment of this party's recording by which what was said before has run out."""
        return recorded_s(hears_file(self.files, who)) + SETTLE_S

    def heard_since(self, who: str, from_s: float) -> set[str]:
        """Whose tones this party heard since that moment of its recording."""
        return ever_heard(self.files, who, TONES_HZ, from_s)

    def quiet_s(self, who: str, from_s: float = 0.0) -> float:
        """The longest time this party heard nothing at all: neither a person nor music."""
        return longest_quiet_s(self.files, who, from_s)

    def on_music(self, who: str = "caller") -> None:
        """This party hears something that is nobody's tone."""
        only_music(self.files, who, TONES_HZ)

    def talk(self, **wanted: set[str]) -> None:
        """Each named party hears just those."""
        with explained(self._phones(), self.rx):
            only_hear(self.files, wanted, TONES_HZ)

    def _phones(self) -> dict[str, ScriptedPhone]:
        named = {"caller": self.caller, "seat": self.seat, "colleague": self.colleague}
        return named if self.outside is None else {**named, "outside": self.outside}


class TransferHouse(BridgeHouse):
    """Seat 1 is the operator's, seat 2 the colleague's."""

    def start(self, *, through_link: bool = True) -> None:
        """Start, and sign the colleague in."""
        super().start(through_link=through_link)
        self.colleague: Person = self.hotline.sign_in("op02")
        number = self.place.numbers["handling_unit"]
        with closing(sqlite3.connect(self.settings.state_dir / "minsheng.db")) as rows:
            self.outside_id, self.outside_name = rows.execute(
                "SELECT n.id, COALESCE(u.name, c.name) FROM phone_numbers n"
                " LEFT JOIN units u ON u.id = n.unit_id LEFT JOIN contacts c ON c.id = n.contact_id"
                " WHERE n.number = ? ORDER BY n.id",
                (number,),
            ).fetchone()
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
            if self.colleague.seat(2)["state"] == "ready":  # or the queue may ring there first
                self.colleague.post("/api/seats/2/pause", {"reason": "break"})
                self.colleague.seat_is(2, "paused")
            self.sit(self.operator, 1)
            self.talk(caller, first)
            self.sit(self.colleague, 2)
            yield Parties(files, caller, first, second, outside, self.hotline.supervisor.asterisk.rx)

    def sit(self, person: Person, number: int) -> None:
        """On duty, or out of what the last test left."""
        state = person.seat(number)["state"]
        if state == "empty":
            person.post(f"/api/seats/{number}/take", {"phone": "desk"})
            person.post(f"/api/seats/{number}/start")
        elif state in ("wrap_up", "paused"):
            person.post(f"/api/seats/{number}/resume")
        person.seat_is(number, "ready")
        wait_for("the phone", lambda: person.seat(number)["phone_online"])

    def consult(self, person: Person | None = None, **target: Any) -> dict[str, Any]:
        """The order that begins it; a page that hears nothing asks again with the same key."""
        who = person or self.operator
        return self.insist(who, "/consult", target, f"consult-{next(_keys)}-{int(time.time())}")

    def order(self, bridge_id: int, verb: str, person: Person | None = None) -> dict[str, Any]:
        """join, complete, back, hold or swap; a page that hears nothing presses again."""
        return self.insist(person or self.operator, f"/{bridge_id}/{verb}", {})

    def insist(self, who: Person, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        """Until it is answered. The link's being down is an answer too, and one presses again."""
        headers = {"X-CSRF-Token": who.csrf, **({"Idempotency-Key": key} if key else {})}

        def once() -> dict[str, Any] | None:
            self.hotline.supervisor.tick()
            try:
                answer = who.http.post(f"/api/v1/bridges{path}", json=body, headers=headers)
            except httpx.TransportError:
                return None
            assert answer.status_code in (200, 503), f"{answer.status_code} {answer.text}"
            return answer.json() if answer.status_code == 200 else None

        return wait_for(f"{path} to be answered", once, 60)

    def empty(self) -> bool:
        """Whether Asterisk has no channel and no seat is busy."""
        seats = self.operator.get("/api/board")["seats"]
        return all(seat["state"] not in ("ringing", "talking") for seat in seats)


__all__ = ["Parties", "TransferHouse"]
