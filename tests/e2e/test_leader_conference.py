"""A shift leader in a conference, with real telephones: heard by all, then in the seat's place."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.phone import ScriptedPhone
from ops.smoke_bridge import TONES_HZ, sounds
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hearing import only_hear, voice
from tests.e2e.hotline import wait_for

TONES = {**TONES_HZ, "lead": 1990.0}
OUTSIDE = {"grid_worker", "internet_office", "handling_unit"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("leaders")) as made:
        yield made


class Conference:
    """Five in a conference, and a leader whose telephone is ready."""

    def __init__(self, house: BridgeHouse, files: Path, bridge_id: int) -> None:
        self.house, self.files, self.id = house, files, bridge_id
        self.outside: dict[str, ScriptedPhone] = {}

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
def conference(house: BridgeHouse, files: Path, key: str, number: str) -> Iterator[dict[str, Any]]:
    """Such a conference, with its phones by name."""
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
        bridge_id = house.press(key)["id"]
        house.until(bridge_id, **dict.fromkeys(TONES_HZ, "joined"))
        try:
            yield {
                "room": Conference(house, files, bridge_id),
                **{"lead": lead, "seat": seat, "caller": caller},
                **outside,
            }
        finally:
            caller.hang_up()
            house.leader.post("/api/supervision/release")


def ended(phone: ScriptedPhone) -> bool:
    return any(event.get("state") == "DISCONNECTED" for event in phone.events)


def test_a_leader_is_heard_by_all_then_has_the_seats_place_and_its_keys(
    house: BridgeHouse, tmp_path: Path
) -> None:
    with conference(house, tmp_path, "leader-barges", "13800004501") as phones:
        room: Conference = phones["room"]
        assert room.order("barge") == 200
        room.until("barged")
        house.until(room.id, leader="joined", seat="joined")
        room.all_hear(set(TONES))
        assert house.leg(room.id, "leader")["name"] == "冉班长"
        nobody_sends_him_out(house, room)

        with ThreadPoolExecutor(2) as both:  # a double press
            assert list(both.map(room.order, ["take_over", "take_over"])) == [200, 200]
        room.until("taken_over")
        phones["seat"].wait_ended()
        house.until(room.id, leader="joined", seat="removed", caller="joined")
        house.operator.seat_is(1, "wrap_up")
        assert len(room.leader_channels()) == 1
        room.all_hear(set(TONES) - {"seat"})
        call_id = house.bridge(room.id)["call_id"]
        wait_for("the call to be his", lambda: house.leader.call(call_id)["operator_name"] == "冉班长")

        uses_the_keys(house, room, phones)
        phones["internet_office"].hang_up()
        phones["handling_unit"].hang_up()
        house.until(room.id, internet_office="left", handling_unit="left", caller="joined")
        room.all_hear({"caller", "lead"})
        assert not ended(phones["caller"])
        phones["lead"].hang_up()
        phones["caller"].wait_ended()  # thanked first
    bridge = house.leader.get(f"/api/v1/bridges/{room.id}")
    assert (bridge["state"], bridge["reason"]) == ("ended", "last_outside_left")
    assert house.problems() == []


def nobody_sends_him_out(house: BridgeHouse, room: Conference) -> None:
    """The seat has no key for the leader."""
    leg_id = house.leg(room.id, "leader")["id"]
    for act in ("remove", "mute", "redial"):
        path = f"/api/v1/bridges/{room.id}/legs/{leg_id}/{act}"
        answer = house.operator.http.post(path, json={}, headers={"X-CSRF-Token": house.operator.csrf})
        assert answer.status_code == 409, (act, answer.text)


def uses_the_keys(house: BridgeHouse, room: Conference, phones: dict[str, Any]) -> None:
    """They are the leader's now, and the operator's no more."""
    refused = house.operator.http.post(
        f"/api/v1/bridges/{room.id}/end", headers={"X-CSRF-Token": house.operator.csrf}
    )
    assert refused.status_code == 403
    house.leader.post(f"/api/v1/bridges/{room.id}/hold")
    house.until(room.id, caller="held")
    only_hear(room.files, {"lead": OUTSIDE}, TONES)
    house.leader.post(f"/api/v1/bridges/{room.id}/join")
    house.until(room.id, caller="joined")
    worker = house.leg(room.id, "grid_worker")["id"]
    house.leader.post(f"/api/v1/bridges/{room.id}/legs/{worker}/remove")
    phones["grid_worker"].wait_ended()


def test_one_leg_whatever_is_cut_and_it_goes_with_the_conference(house: BridgeHouse, tmp_path: Path) -> None:
    with conference(house, tmp_path, "leader-cut", "13800004502") as phones:
        room: Conference = phones["room"]
        assert room.order("listen") == 200
        room.until("listening")
        house.link.down = (
            True  # the order to come in meets a link that is gone, and its event is heard by nobody
        )
        house.link.cut()
        room.order("barge")
        house.link.down = False
        room.until("barged")
        house.until(room.id, leader="joined")
        room.all_hear(set(TONES))
        assert len(room.leader_channels()) == 1

        assert room.order("whisper") == 200  # out of the room again, and back at the seat's ear
        room.until("whispering")
        house.until(room.id, leader="left")
        only_hear(tmp_path, {"caller": {"seat", *OUTSIDE}, "seat": {"caller", "lead", *OUTSIDE}}, TONES)
        assert room.order("barge") == 200
        house.until(room.id, leader="joined")
        assert len(room.leader_channels()) == 1

        house.operator.post(f"/api/v1/bridges/{room.id}/end")
        phones["lead"].wait_ended()
        phones["caller"].wait_ended()
        wait_for("no channel of the leader", lambda: not room.leader_channels())
    room.until("over")
    assert house.problems() == []


def test_a_leader_whose_page_dies_alone_with_the_caller_does_not_cost_him_his_call(
    house: BridgeHouse, tmp_path: Path
) -> None:
    with conference(house, tmp_path, "leader-dies", "13800004503") as phones:
        room: Conference = phones["room"]
        assert room.order("take_over") == 200
        room.until("taken_over")
        house.operator.seat_is(1, "wrap_up")
        for role in OUTSIDE:
            phones[role].hang_up()
        house.until(room.id, **dict.fromkeys(OUTSIDE, "left"))
        (dead,) = room.leader_channels()
        house.hotline.supervisor.asterisk.rx(f"channel request hangup {dead}")
        room.until("over")
        house.operator.post("/api/seats/1/wrap-up/finish")
        house.operator.seat_is(1, "talking")
        assert not ended(phones["caller"])
        only_hear(tmp_path, {"caller": {"seat"}, "seat": {"caller"}}, TONES)


def test_nobody_below_a_shift_leader_can(house: BridgeHouse, tmp_path: Path) -> None:
    with conference(house, tmp_path, "no-leader", "13800004504") as phones:
        room: Conference = phones["room"]
        other = house.hotline.sign_in("op02")
        for mode in ("listen", "barge", "take_over"):
            answer = other.http.post(
                "/api/supervision", json={"seat": 1, "mode": mode}, headers={"X-CSRF-Token": other.csrf}
            )
            assert answer.status_code == 403
        assert "leader" not in house.states(room.id)
