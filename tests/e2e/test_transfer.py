"""Ask a colleague or somebody outside, with real phones: the caller hears music, then whom he is given to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bridge_house import open_house
from tests.e2e.hotline import wait_for
from tests.e2e.transfer_house import TransferHouse


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferHouse]:
    with open_house(tmp_path_factory.mktemp("transfers"), TransferHouse) as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_stays(house: TransferHouse) -> Iterator[None]:
    """After everything has ended no seat is busy."""
    yield
    wait_for("every seat to be free", house.empty)


def test_consult_a_colleague_then_hand_over(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge = house.consult(seat_id=2)
        bridge_id = bridge["id"]
        assert (bridge["kind"], bridge["kind_label"]) == ("consult", "咨询转接")
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        rung = here.colleague.wait("incoming")["headers"]
        assert rung["X-Minsheng-Call"] == call_id
        assert house.colleague.seat(2)["call_id"] == call_id
        assert house.colleague.call(call_id)["caller"] == "13800001234"  # the page that rings says who
        private = here.now("caller")
        here.talk(caller=set(), seat={"colleague"}, colleague={"seat"})
        assert here.heard_since("caller", private) == set()
        house.order(bridge_id, "complete")
        house.until(bridge_id, caller="joined", seat="left", colleague="joined")
        house.operator.seat_is(1, "wrap_up")
        house.colleague.seat_is(2, "talking")
        wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2)
        assert house.leader.call(call_id)["operator_name"] == house.colleague.get("/api/me")["name"]
        here.talk(caller={"colleague"}, colleague={"caller"})
        house.order(bridge_id, "hold", house.colleague)  # the room is the colleague's now
        house.until(bridge_id, caller="held")
        house.order(bridge_id, "join", house.colleague)
        house.until(bridge_id, caller="joined")
        ticket_id = house.leader.call(call_id)["ticket_id"]
        assert house.colleague.get(f"/api/tickets/{ticket_id}")["seat_id"] == 2
        here.colleague.hang_up()
        here.caller.wait_ended()
    house.colleague.seat_is(2, "wrap_up")
    length_s = wait_for("the recording", lambda: recorded_s(house, call_id))
    assert length_s > 4
    assert house.problems() == []


def recorded_s(house: TransferHouse, call_id: str) -> float:
    """How long the joined recording is; 0 until it is joined."""
    found = house.leader.call(call_id)["recording"]
    return float(found["duration_s"]) if found and found["ready"] else 0.0


def test_consult_then_join_and_the_caller_heard_nothing_before(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path, outside={"auto_answer": True, "keys": "1"}) as here:
        here.talk(caller={"seat"}, seat={"caller"})
        bridge_id = house.consult(number_id=house.outside_id)["id"]
        house.until(bridge_id, caller="held", seat="joined", **{"extra-1": "joined"})
        private = here.now("caller")
        here.talk(caller=set(), seat={"outside"}, outside={"seat"})
        assert here.heard_since("caller", private) == set()
        house.order(bridge_id, "join")
        house.order(bridge_id, "join")  # pressed twice
        house.until(bridge_id, caller="joined")
        here.talk(caller={"seat", "outside"}, seat={"caller", "outside"}, outside={"caller", "seat"})
        assert house.operator.seat(1)["state"] == "talking"
        here.caller.hang_up()  # the seat talks on with whom it asked
        house.until(bridge_id, caller="left", seat="joined", **{"extra-1": "joined"})
        house.operator.seat_is(1, "talking")
        here.seat.hang_up()
        house.operator.seat_is(1, "wrap_up")
    assert house.problems() == []


def test_consult_then_back_and_once_more(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path, colleague={"auto_answer": False}) as here:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="ringing")
        house.colleague.seat_is(2, "ringing")
        again = house.operator.http.post(
            "/api/v1/bridges/consult",
            json={"seat_id": 2},
            headers={"X-CSRF-Token": house.operator.csrf, "Idempotency-Key": "while-one-is-asked"},
        )
        assert again.status_code == 409
        house.order(bridge_id, "back")
        house.until(bridge_id, caller="joined", seat="joined", colleague="removed")
        house.colleague.seat_is(2, "ready")  # a ring that came to nothing changes nothing
        here.talk(caller={"seat"}, seat={"caller"})
        assert house.consult(seat_id=2)["id"] == bridge_id
        house.until(bridge_id, caller="held", **{"colleague-2": "ringing"})
        here.colleague.answer()
        house.until(bridge_id, **{"colleague-2": "joined"})
        here.colleague.hang_up()
        house.until(bridge_id, caller="held", seat="joined", **{"colleague-2": "left"})
        house.order(bridge_id, "back")
        house.until(bridge_id, caller="joined")
        here.seat.hang_up()
        here.caller.wait_ended()
    assert house.problems() == []


def test_blind_to_a_colleague(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path, colleague={"auto_answer": False}) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(seat_id=2, blind=True)["id"]
        here.seat.wait("state", state="DISCONNECTED")
        house.operator.seat_is(1, "wrap_up")
        house.until(bridge_id, caller="held", colleague="ringing")
        here.colleague.answer()
        house.until(bridge_id, caller="joined", colleague="joined")
        wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2)
        here.talk(caller={"colleague"}, colleague={"caller"})
        here.colleague.hang_up()
        here.caller.wait_ended()
    assert house.problems() == []


def test_blind_to_somebody_outside_who_is_busy_comes_back(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path, outside={"refuse": 486}) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(number_id=house.outside_id, blind=True)["id"]
        here.outside and here.outside.wait("incoming")
        # Its operator is in after-call work, and is rung before anybody else
        here.seat.wait("state", state="CONFIRMED", skip=1)
        house.until(bridge_id, caller="joined", seat="joined", **{"extra-1": "busy"})
        house.operator.seat_is(1, "talking")
        here.talk(caller={"seat"}, seat={"caller"})
        assert house.leader.call(call_id)["seat_id"] == 1
        here.caller.hang_up()
    assert house.problems() == []


def test_nobody_takes_him_and_he_heads_the_queue(house: TransferHouse, tmp_path: Path) -> None:
    """The own seat is not free either: never a goodbye, the next free seat gets him first."""
    with house.parties(tmp_path, outside={"refuse": 486}, colleague={"auto_answer": False}) as here:
        call_id = house.operator.seat(1)["call_id"]
        house.operator.post("/api/seats/1/sign-off", {})  # she goes home after this call
        house.consult(number_id=house.outside_id, blind=True)
        house.colleague.seat_is(2, "ringing")
        wait_for("the call to ring", lambda: house.leader.call(call_id)["state"] == "ringing")
        here.colleague.answer()
        house.colleague.seat_is(2, "talking")
        here.talk(caller={"colleague"}, colleague={"caller"})
        bridge = house.leader.get(f"/api/v1/bridges?call_id={call_id}")["bridges"][0]
        assert (bridge["state"], bridge["reason"]) == ("ended", "back_to_queue")
        here.colleague.hang_up()
        here.caller.wait_ended()
    assert house.problems() == []


def test_back_to_the_queue_by_hand(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        assert house.consult(queue=True) == {"queued": True}
        house.colleague.seat_is(2, "talking")
        wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2)
        house.operator.seat_is(1, "wrap_up")
        here.talk(caller={"colleague"}, colleague={"caller"})
        here.caller.hang_up()
    assert house.problems() == []


def test_the_caller_gives_up_while_somebody_is_asked(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path, colleague={"auto_answer": False}) as here:
        bridge_id = house.consult(seat_id=2, blind=True)["id"]
        house.until(bridge_id, caller="held", colleague="ringing")
        here.caller.hang_up()
        here.colleague.wait("state", state="DISCONNECTED")  # nobody is rung for a caller who has gone
        wait_for("the end", lambda: house.bridge(bridge_id)["state"] == "ended")
        house.colleague.seat_is(2, "ready")
        house.operator.seat_is(1, "wrap_up")
    assert house.problems() == []
