"""Five in a conference of one press, and a shift leader whose telephone is ready."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ops.phone import ScriptedPhone
from ops.smoke_bridge import TONES_HZ, sounds
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.hearing import only_hear, voice
from tests.e2e.hotline import Person, wait_for

TONES: Final = {**TONES_HZ, "lead": 1990.0}
ALL_TONES: Final = {**TONES, "colleague": 2330.0}
OUTSIDE: Final = {"grid_worker", "internet_office", "handling_unit"}


class Conference:
    """Five in a conference, and a leader whose telephone is ready."""

    def __init__(self, house: BridgeHouse, files: Path) -> None:
        self.house, self.files = house, files
        self.id = 0

    def press(self, key: str) -> None:
        """The seat presses; everybody comes."""
        self.id = self.house.press(key)["id"]
        self.house.until(self.id, **dict.fromkeys(TONES_HZ, "joined"))

    def order(self, mode: str) -> int:
        """What the leader's page sends; returns the answer's status."""
        leader = self.house.leader
        body = {"seat": 1, "mode": mode}
        answer = leader.http.post("/api/supervision", json=body, headers={"X-CSRF-Token": leader.csrf})
        return answer.status_code

    def ear(self) -> str:
        """Where the leader's ear is."""
        return str((self.house.leader.get("/api/supervision")["mine"] or {}).get("state"))

    def until(self, state: str) -> None:
        wait_for(f"the ear {state}, now {self.ear()}", lambda: self.ear() == state)

    def all_hear(self, names: set[str]) -> None:
        """These hear each other, and nobody else is heard."""
        only_hear(self.files, {name: names - {name} for name in names}, TONES)

    def leader_channels(self) -> list[str]:
        """Every channel of the leader's telephone."""
        lines = self.house.hotline.supervisor.asterisk.rx("core show channels concise").splitlines()
        return [line.split("!")[0] for line in lines if line.startswith("PJSIP/leaddesk")]


@contextmanager
def talk_of_two(house: BridgeHouse, files: Path, number: str) -> Iterator[dict[str, Any]]:
    """Caller and seat talk; the phones of those who may be called, and the leader's, by name."""
    account = house.leader.get("/api/supervision/sip?phone=leaddesk")
    lead_number = int(account["username"].removeprefix("leaddesk"))
    with (
        house.outside(files) as outside,
        ScriptedPhone.lead(house.settings, lead_number, **voice(files, "lead", TONES["lead"])) as lead,
        ScriptedPhone.seat(house.settings, 1, auto_answer=True, **sounds(files, "seat")) as seat,
        ScriptedPhone.citizen(house.settings, number, **sounds(files, "caller")) as caller,
    ):
        house.on_duty()
        house.talk(caller, seat)
        try:
            yield {
                "room": Conference(house, files),
                **{"lead": lead, "seat": seat, "caller": caller},
                **outside,
            }
        finally:
            caller.hang_up()
            house.leader.post("/api/supervision/release")


@contextmanager
def conference(house: BridgeHouse, files: Path, key: str, number: str) -> Iterator[dict[str, Any]]:
    """Such a conference, with its phones by name."""
    with talk_of_two(house, files, number) as phones:
        phones["room"].press(key)
        yield phones


def ended(phone: ScriptedPhone) -> bool:
    """Whether this phone was let go."""
    return any(event.get("state") == "DISCONNECTED" for event in phone.events)


def press(house: BridgeHouse, key: str) -> int | None:
    """The conference, or None where the key was refused."""
    where = {"category": "0101", "town_code": house.place.town, "village_id": house.place.village}
    headers = {"X-CSRF-Token": house.operator.csrf, "Idempotency-Key": key}
    answer = house.operator.http.post("/api/v1/bridges", json=where, headers=headers)
    assert answer.status_code in (200, 409), answer.text
    house.keys += [key] if answer.status_code == 200 else []
    return answer.json()["id"] if answer.status_code == 200 else None


def waiting(house: BridgeHouse) -> int:
    """How many callers wait for a seat."""
    return len(house.leader.get("/api/board")["waiting"])


@contextmanager
def second_seat(house: BridgeHouse, files: Path) -> Iterator[Person]:
    """A colleague at seat 2 who takes no calls yet."""
    colleague = house.hotline.sign_in("op02")
    sound = voice(files, "colleague", ALL_TONES["colleague"])
    with ScriptedPhone.seat(house.settings, 2, auto_answer=True, **sound):
        colleague.post("/api/seats/2/take", {"phone": "desk"})
        colleague.post("/api/seats/2/start")
        colleague.seat_is(2, "ready")
        colleague.post("/api/seats/2/pause", {"reason": "break"})
        colleague.seat_is(2, "paused")
        yield colleague
        colleague.post("/api/seats/2/sign-off")
        colleague.seat_is(2, "empty")
