"""A shift leader in a conference, with real telephones: heard by all, then in the seat's place."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ops.phone import ScriptedPhone, tone_power
from ops.smoke_bridge import TONES_HZ
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.conference_house import (
    ALL_TONES,
    OUTSIDE,
    TONES,
    Conference,
    conference,
    ended,
    press,
    second_seat,
    talk_of_two,
    waiting,
)
from tests.e2e.hearing import HEARD, both_sides, only_hear
from tests.e2e.hotline import wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    # Nobody is offered a call by a wrap-up that ran out: tests say who is ready
    with open_house(tmp_path_factory.mktemp("leaders"), wrap_up_s=600) as made:
        yield made


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


def test_who_barges_in_a_talk_of_two_is_in_the_conference_as_soon_as_the_seat_presses(
    house: BridgeHouse, tmp_path: Path
) -> None:
    with talk_of_two(house, tmp_path, "13800004505") as phones:
        room: Conference = phones["room"]
        assert room.order("barge") == 200
        room.until("barged")
        room.all_hear({"caller", "seat", "lead"})
        room.press("barged-then-pressed")
        house.until(room.id, leader="joined")
        room.all_hear(set(TONES))
        assert room.ear() == "barged"
        assert len(room.leader_channels()) == 1

        phones["seat"].hang_up()  # the conference goes on, and the leader with it
        house.until(room.id, seat="left", leader="joined", caller="joined")
        house.operator.seat_is(1, "wrap_up")
        room.all_hear(set(TONES) - {"seat"})
        for mode in ("listen", "whisper"):  # there is no seat any more whose ear that would be
            assert room.order(mode) == 409
        with ThreadPoolExecutor(2) as both:  # a double press
            assert list(both.map(room.order, ["take_over", "take_over"])) == [200, 200]
        room.until("taken_over")
        assert room.order("take_over") == 200  # and once more, afterwards
        call_id = house.bridge(room.id)["call_id"]
        wait_for("the call to be his", lambda: house.leader.call(call_id)["operator_name"] == "冉班长")
        house.leader.post(f"/api/v1/bridges/{room.id}/hold")  # its keys are his
        house.until(room.id, caller="held")
        house.leader.post(f"/api/v1/bridges/{room.id}/join")
        house.until(room.id, caller="joined")
        room.all_hear(set(TONES) - {"seat"})
        house.leader.post(f"/api/v1/bridges/{room.id}/end")
        phones["lead"].wait_ended()
        phones["caller"].wait_ended()
        wait_for("no channel of the leader", lambda: not room.leader_channels())
    room.until("over")
    assert house.problems() == []


def test_who_whispers_in_a_talk_of_two_stays_at_the_seats_ear_when_it_presses(
    house: BridgeHouse, tmp_path: Path
) -> None:
    with talk_of_two(house, tmp_path, "13800004506") as phones:
        room: Conference = phones["room"]
        assert room.order("whisper") == 200
        room.until("whispering")
        room.press("whispered-then-pressed")
        hears = {
            "caller": {"seat", *OUTSIDE},
            "seat": {"caller", "lead", *OUTSIDE},
            "lead": {"caller", "seat", *OUTSIDE},
        }
        only_hear(tmp_path, hears, TONES)
        assert "leader" not in house.states(room.id)
        assert (room.ear(), len(room.leader_channels())) == ("whispering", 1)

        phones["seat"].hang_up()  # his ear hangs at the seat's: it ends with it, and nobody else's talk does
        phones["lead"].wait_ended()
        room.until("over")
        assert not room.leader_channels()
        room.all_hear({"caller", *OUTSIDE})
        for role in OUTSIDE:
            phones[role].hang_up()
        phones["caller"].wait_ended()
    assert house.problems() == []


@pytest.mark.parametrize("mode", ["barge", "take_over"])
def test_the_order_and_the_press_at_the_same_moment(house: BridgeHouse, tmp_path: Path, mode: str) -> None:
    with talk_of_two(house, tmp_path, "13800004507") as phones:
        room: Conference = phones["room"]
        assert room.order("listen") == 200
        room.until("listening")
        with ThreadPoolExecutor(2) as both:
            pressed, ordered = both.submit(press, house, f"{mode}-and-press"), both.submit(room.order, mode)
            assert ordered.result() == 200
            found = pressed.result()
        stays = {"lead", "caller"} if mode == "take_over" else {"lead", "caller", "seat"}
        room.until("taken_over" if mode == "take_over" else "barged")
        if found is not None:
            room.id, stays = found, stays | OUTSIDE
            house.until(room.id, leader="joined", caller="joined", **dict.fromkeys(OUTSIDE, "joined"))
        room.all_hear(stays)
        if mode == "take_over":
            house.operator.seat_is(1, "wrap_up")
        assert len(room.leader_channels()) == 1
        assert not ended(phones["caller"])
        phones["caller"].hang_up()
        house.leader.post("/api/supervision/end")
        wait_for("no channel of the leader", lambda: not room.leader_channels())
    assert house.problems() == []


def test_given_back_he_heads_the_queue_and_one_recording_holds_every_talk(
    house: BridgeHouse, tmp_path: Path
) -> None:
    with (
        conference(house, tmp_path, "given-back", "13800004508") as phones,
        second_seat(house, tmp_path) as colleague,
    ):
        room: Conference = phones["room"]
        call_id = house.bridge(room.id)["call_id"]
        room.all_hear(set(TONES_HZ))
        assert room.order("take_over") == 200
        room.until("taken_over")
        room.all_hear(set(TONES) - {"seat"})
        with ScriptedPhone.citizen(house.settings, "13800004509") as other:
            other.call(house.settings.asterisk.hotline_number)
            # No key: among emergencies, as the conference's caller is one, who came first would be first
            wait_for("another who waits", lambda: waiting(house) == 1)
            house.leader.post("/api/supervision/end", {"give_back": True})
            phones["lead"].wait_ended()
            show = house.hotline.supervisor.asterisk.rx
            wait_for("both in Asterisk's queue", lambda: show("queue show hotline").count("prio:") == 2)
            colleague.post("/api/seats/2/resume")
            assert colleague.seat_is(2, "talking")["call_id"] == call_id
            assert waiting(house) == 1
            only_hear(tmp_path, {"caller": {"colleague"}, "colleague": {"caller"}}, ALL_TONES)
            assert not ended(phones["caller"])
            other.hang_up()
            other.wait_ended()
        phones["caller"].hang_up()
    bridge = house.leader.get(f"/api/v1/bridges/{room.id}")
    assert (bridge["state"], bridge["reason"]) == ("ended", "back_to_queue")
    assert not room.leader_channels()
    wait_for("the recording", lambda: (house.leader.call(call_id)["recording"] or {}).get("ready"))
    there = {
        side: {who for who, hz in ALL_TONES.items() if tone_power(file, hz) > HEARD}
        for side, file in both_sides(house.settings, call_id, tmp_path).items()
    }
    assert there == {"said": {"caller"}, "heard": set(ALL_TONES) - {"caller"}}
    assert house.problems() == []
