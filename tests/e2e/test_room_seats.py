"""A seat in a room is busy until it leaves the room, whoever else goes; the queue leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hotline import wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("rooms")) as made:
        yield made


def waiting(house: BridgeHouse) -> list[str]:
    return [one["state"] for one in house.operator.get("/api/board")["waiting"]]


def test_the_caller_hangs_up_and_the_seat_talks_on(house: BridgeHouse) -> None:
    with (
        house.outside() as outside,
        ScriptedPhone.seat(house.settings, 1, auto_answer=True) as seat,
        ScriptedPhone.citizen(house.settings) as caller,
        ScriptedPhone.citizen(house.settings, "13800004321") as second,
    ):
        house.on_duty()
        house.talk(caller, seat)
        bridge_id = house.press("caller-leaves")["id"]
        house.until(bridge_id, caller="joined", seat="joined", grid_worker="joined")
        assert house.operator.seat(1)["bridge_id"] == bridge_id
        caller.hang_up()
        house.until(bridge_id, caller="left", seat="joined", grid_worker="joined")

        second.call(house.settings.asterisk.hotline_number)
        second.wait("media")
        second.dtmf("1")
        wait_for("the second caller to wait", lambda: waiting(house) == ["queued"])
        house.operator.seat_is(1, "talking")
        outside["internet_office"].hang_up()
        outside["handling_unit"].hang_up()
        house.until(bridge_id, internet_office="left", handling_unit="left", seat="joined")
        # Nobody was offered to a seat that talks, though its member of the queue is not paused
        assert waiting(house) == ["queued"]
        assert house.operator.seat(1)["state"] == "talking"
        second.hang_up()

        seat.hang_up()
        house.until(bridge_id, seat="left")
        after = house.operator.seat_is(1, "wrap_up")
        assert after["bridge_id"] is None
        outside["grid_worker"].wait_ended()
    assert house.bridge(bridge_id)["state"] == "ended"
    assert house.problems() == []


def test_a_press_on_a_ticket_rings_the_own_seat_and_frees_it(house: BridgeHouse) -> None:
    """Nobody is dropped and no seat is lost when a room has no call of its own."""
    tickets = house.operator.get("/api/tickets")["tickets"]
    with (
        house.outside(),
        ScriptedPhone.seat(house.settings, 1, auto_answer=True) as seat,
    ):
        house.on_duty()
        bridge_id = house.press("from-a-ticket", presser="ticket", ticket_id=tickets[0]["id"])["id"]
        house.until(bridge_id, seat="joined", grid_worker="joined")
        house.operator.seat_is(1, "talking")
        assert house.leg(bridge_id, "seat")["seat_id"] == 1
        seat.hang_up()
        house.until(bridge_id, seat="left")
        house.operator.seat_is(1, "wrap_up")
        house.operator.post(f"/api/v1/bridges/{bridge_id}/end")
        recorded = wait_for(
            "the seat's leg", lambda: house.leg(bridge_id, "seat")["attempts"][0]["recorded_s"]
        )
        assert recorded > 0
    assert house.problems() == []
