"""轮流通话 with real phones: the seat changes between caller and whom it asked, the other one hears music."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import open_house
from tests.e2e.hearing import only_hear, voice
from tests.e2e.hotline import wait_for
from tests.e2e.test_python_dies import kill
from tests.e2e.transfer_house import TONES_HZ, Parties, TransferHouse


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferHouse]:
    with open_house(tmp_path_factory.mktemp("swaps"), TransferHouse, hold_alone_s=10) as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_stays(house: TransferHouse) -> Iterator[None]:
    yield
    wait_for("every seat to be free", house.empty, 30)
    assert house.problems() == []


def asked(house: TransferHouse) -> int:
    """The private talk with the colleague."""
    bridge_id = house.consult(seat_id=2)["id"]
    house.until(bridge_id, caller="held", seat="joined", colleague="joined")
    return bridge_id


def swapped(house: TransferHouse, here: Parties, bridge_id: int) -> None:
    """From the private talk to the caller."""
    house.order(bridge_id, "swap")
    house.until(bridge_id, caller="joined", seat="joined", colleague="held")
    here.talk(caller={"seat"}, seat={"caller"})
    here.on_music("colleague")


def test_there_and_back_then_three_then_handed_over(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = asked(house)
        swapped(house, here, bridge_id)
        assert house.colleague.seat(2)["state"] == "talking"  # on music it is still of the party
        refused = house.colleague.http.post(
            f"/api/v1/bridges/{bridge_id}/swap", headers={"X-CSRF-Token": house.colleague.csrf}
        )
        assert refused.status_code == 403  # the room is the operator's
        house.order(bridge_id, "swap")
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        here.talk(seat={"colleague"}, colleague={"seat"})
        here.on_music()
        swapped(house, here, bridge_id)
        house.order(bridge_id, "join")
        house.until(bridge_id, caller="joined", seat="joined", colleague="joined")
        here.talk(caller={"seat", "colleague"}, colleague={"seat", "caller"})
        house.order(bridge_id, "hold")
        house.until(bridge_id, caller="held", colleague="joined")
        swapped(house, here, bridge_id)
        house.order(bridge_id, "complete")
        house.until(bridge_id, caller="joined", seat="left", colleague="joined")
        here.talk(caller={"colleague"}, colleague={"caller"})
        house.operator.seat_is(1, "wrap_up")
        wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2)
        assert here.quiet_s("caller", 2.0) < 3
        here.colleague.hang_up()
        here.caller.wait_ended(30)


def test_somebody_outside_waits_and_is_let_go(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path, outside={"auto_answer": True, "keys": "1"}) as here:
        bridge_id = house.consult(number_id=house.outside_id)["id"]
        house.until(bridge_id, caller="held", seat="joined", **{"extra-1": "joined"})
        house.order(bridge_id, "swap")
        house.until(bridge_id, caller="joined", **{"extra-1": "held"})
        here.talk(caller={"seat"}, seat={"caller"})
        here.on_music("outside")
        house.order(bridge_id, "back")
        house.until(bridge_id, caller="joined", seat="joined", **{"extra-1": "removed"})
        assert here.outside
        here.outside.wait_ended()
        here.talk(caller={"seat"}, seat={"caller"})
        here.seat.hang_up()
        here.caller.wait_ended(30)


def test_the_seat_puts_down_and_those_two_talk(house: TransferHouse, tmp_path: Path) -> None:
    """As in a private talk: whose seat leaves has handed over."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = asked(house)
        swapped(house, here, bridge_id)
        here.seat.hang_up()
        house.until(bridge_id, caller="joined", seat="left", colleague="joined")
        here.talk(caller={"colleague"}, colleague={"caller"})
        wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2)
        here.caller.hang_up()


def test_the_caller_hangs_up_and_the_colleague_is_fetched(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path) as here:
        bridge_id = asked(house)
        swapped(house, here, bridge_id)
        here.caller.hang_up()
        house.until(bridge_id, caller="left", seat="joined", colleague="joined")
        here.talk(seat={"colleague"}, colleague={"seat"})
        here.seat.hang_up()


def test_who_waits_on_music_hangs_up(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path) as here:
        bridge_id = asked(house)
        swapped(house, here, bridge_id)
        here.colleague.hang_up()
        house.until(bridge_id, caller="joined", seat="joined", colleague="left")
        house.colleague.seat_is(2, "wrap_up")
        here.talk(caller={"seat"}, seat={"caller"})
        here.seat.hang_up()
        here.caller.wait_ended(30)


def test_on_music_with_nobody_at_the_keys(house: TransferHouse, tmp_path: Path) -> None:
    """Every Python process stays dead: the caller is not kept for ever, the queue finds him somebody."""
    third = house.hotline.sign_in("op03")
    sound = voice(tmp_path, "third", TONES_HZ["outside"])
    with (
        ScriptedPhone.seat(house.settings, 3, auto_answer=True, **sound) as phone,
        house.parties(tmp_path) as here,
    ):
        call_id = house.operator.seat(1)["call_id"]
        house.sit(third, 3)
        bridge_id = asked(house)
        kill(house.hotline)
        here.on_music()
        phone.wait("state", state="CONFIRMED", timeout_s=90)
        here.talk(caller={"outside"}, seat={"colleague"}, colleague={"seat"})
        assert house.hotline.supervisor.wait_ready(60), house.hotline.logs()
        house.until(bridge_id, 60, caller="left", seat="joined", colleague="joined")
        wait_for("the call to be the third's", lambda: house.leader.call(call_id)["seat_id"] == 3, 30)
        assert third.seat_is(3, "talking", 30)["call_id"] == call_id
        here.talk(caller={"outside"}, seat={"colleague"}, colleague={"seat"})
        for one in (here.caller, here.seat, here.colleague):
            assert not [event for event in one.events if event.get("state") == "DISCONNECTED"]
        assert here.quiet_s("caller", 2.0) < 3
        here.seat.hang_up()
        here.caller.hang_up()
        third.seat_is(3, "wrap_up", 30)
        third.post("/api/seats/3/sign-off")


def test_the_seat_puts_down_with_nobody_at_the_keys(house: TransferHouse, tmp_path: Path) -> None:
    """With nobody to fetch him in, who waits on music is let in by the dialplan."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = asked(house)
        swapped(house, here, bridge_id)
        kill(house.hotline)
        here.seat.hang_up()
        here.on_music()
        only_hear(here.files, {"caller": {"colleague"}}, TONES_HZ, timeout_s=90)
        assert house.hotline.supervisor.wait_ready(60), house.hotline.logs()
        house.until(bridge_id, 60, caller="joined", seat="left", colleague="joined")
        wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2, 30)
        for one in (here.caller, here.colleague):
            assert not [event for event in one.events if event.get("state") == "DISCONNECTED"]
        assert here.quiet_s("caller", 2.0) < 3
        here.colleague.hang_up()
        here.caller.wait_ended(30)
