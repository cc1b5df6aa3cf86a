"""Faults in a consultation, with real phones: the caller always hears a person or music, and nobody is lost.

Each stage is met by a control link that is gone for a while and by the death of every Python process: what
the phones do meanwhile is learned afterwards. `here.quiet_s` listens to the whole of what the caller heard.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.bridge_house import after, open_house
from tests.e2e.hotline import Person, wait_for
from tests.e2e.transfer_house import Parties, TransferHouse

SILENCE_S = 3.0
"""A caller who hears nothing for longer believes that he was cut off."""
ALONE_S = 120
"""Long, or on a full machine the queue takes the caller back before what was killed is up again."""
Fault = Callable[[TransferHouse], Callable[[], None]]


def let_go(person: Person, seat: int) -> None:
    """In after-call work, or ready: that of a seat which is found free after a gap is nobody's to begin."""

    def free() -> bool:
        row = person.seat(seat)
        return row["state"] in ("wrap_up", "ready") and row["bridge_id"] is None

    wait_for(f"seat {seat} to be let go", free, 30)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferHouse]:
    with open_house(tmp_path_factory.mktemp("transfer-faults"), TransferHouse, hold_alone_s=ALONE_S) as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_stays(house: TransferHouse) -> Iterator[None]:
    """After everything has ended no seat is busy, and no record speaks of a second leg."""
    yield
    # Also after a test that failed before it mended what it broke
    house.link.down = False
    assert house.hotline.supervisor.wait_ready(60), house.hotline.logs()
    wait_for("every seat to be free", house.empty, 60)
    assert house.problems() == []


def cut(house: TransferHouse) -> Callable[[], None]:
    """The control link breaks and stays away; afterwards it connects again."""
    house.link.down = True
    house.link.cut()

    def mend() -> None:
        house.link.down = False
        assert house.hotline.supervisor.wait_ready(60)

    return mend


def kill(house: TransferHouse) -> Callable[[], None]:
    """kill -9 for every Python process; afterwards the supervisor starts them."""
    for pid in house.hotline.python_processes():
        os.kill(pid, signal.SIGKILL)

    def mend() -> None:
        assert house.hotline.supervisor.wait_ready(60), house.hotline.logs()

    return mend


faults = pytest.mark.parametrize("fault", [cut, kill])


def faults_but_in_a_soak(rare: Fault) -> pytest.MarkDecorator:
    """Each stage meets one of the two in every run of the suite, in turn, and both in a soak."""
    both = [pytest.param(one, marks=pytest.mark.soak) if one is rare else one for one in (cut, kill)]
    return pytest.mark.parametrize("fault", both)


def moments(first: int, *more: int) -> pytest.MarkDecorator:
    """One moment of the break in every run of the suite, more in a soak."""
    return pytest.mark.parametrize(
        "seed", [first, *(pytest.param(one, marks=pytest.mark.soak) for one in more)]
    )


def kept(here: Parties, *who: str) -> None:
    """Nobody of these was cut off, and the caller was never left in silence."""
    for name in ("caller", *who):
        ended = [event for event in getattr(here, name).events if event.get("state") == "DISCONNECTED"]
        assert not ended, (name, ended)
    assert here.quiet_s("caller", 2.0) < SILENCE_S


def given_away(house: TransferHouse, here: Parties, call_id: str, bridge_id: int) -> None:
    """The colleague has the call: by the rows, by the board and by ear."""
    house.until(bridge_id, 60, caller="joined", seat="left", colleague="joined")
    wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2, 30)
    let_go(house.operator, 1)
    assert house.colleague.seat_is(2, "talking", 30)["call_id"] == call_id
    here.talk(caller={"colleague"}, colleague={"caller"})
    kept(here, "colleague")
    here.colleague.hang_up()
    here.caller.wait_ended(30)
    let_go(house.colleague, 2)


@faults
@moments(1, 2, 3)
def test_while_asking(house: TransferHouse, tmp_path: Path, fault: Fault, seed: int) -> None:
    """Between the press and the colleague's ring."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        mends: list[Callable[[], None]] = []
        breaks = after(random.Random(seed), 0.2, lambda: mends.append(fault(house)))
        breaks_link = fault is cut
        if breaks_link:
            # One who hears that the line is away presses again; it must come back meanwhile
            comes = after(random.Random(seed), 2.0, lambda: setattr(house.link, "down", False))
        bridge_id = house.consult(seat_id=2)["id"]
        breaks.join()
        if breaks_link:
            comes.join()
        mends[0]()
        house.until(bridge_id, 60, caller="held", seat="joined", colleague="joined")
        here.talk(seat={"colleague"}, colleague={"seat"})
        here.on_music()
        house.order(bridge_id, "complete")
        given_away(house, here, call_id, bridge_id)


@faults_but_in_a_soak(cut)
def test_while_it_rings(house: TransferHouse, tmp_path: Path, fault: Fault) -> None:
    """The colleague picks up while nobody listens to Asterisk."""
    with house.parties(tmp_path, colleague={"auto_answer": False}) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="ringing")
        mend = fault(house)
        here.colleague.answer()
        here.talk(seat={"colleague"}, colleague={"seat"})
        here.on_music()
        mend()
        house.until(bridge_id, 60, caller="held", seat="joined", colleague="joined")
        house.operator.seat_is(1, "talking", 30)
        house.colleague.seat_is(2, "talking", 30)
        house.order(bridge_id, "complete")
        given_away(house, here, call_id, bridge_id)


@faults_but_in_a_soak(kill)
def test_while_they_talk_and_the_seat_puts_down(house: TransferHouse, tmp_path: Path, fault: Fault) -> None:
    """The private talk goes on, the caller hears music; whose seat leaves meanwhile has handed over."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        mend = fault(house)
        here.talk(seat={"colleague"}, colleague={"seat"})
        here.on_music()
        here.seat.hang_up()
        here.seat.wait("state", state="DISCONNECTED")
        here.on_music()
        mend()
        given_away(house, here, call_id, bridge_id)


@faults_but_in_a_soak(cut)
def test_while_they_talk_and_the_colleague_puts_down(
    house: TransferHouse, tmp_path: Path, fault: Fault
) -> None:
    with house.parties(tmp_path) as here:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        mend = fault(house)
        here.colleague.hang_up()
        here.on_music()
        mend()
        house.until(bridge_id, 60, caller="held", seat="joined", colleague="left")
        let_go(house.colleague, 2)
        house.operator.seat_is(1, "talking", 30)
        house.order(bridge_id, "back")
        house.until(bridge_id, caller="joined")
        here.talk(caller={"seat"}, seat={"caller"})
        kept(here, "seat")
        here.seat.hang_up()
        here.caller.wait_ended(30)


@faults_but_in_a_soak(kill)
def test_all_three_talk_on(house: TransferHouse, tmp_path: Path, fault: Fault) -> None:
    with house.parties(tmp_path, outside={"auto_answer": True, "keys": "1"}) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(number_id=house.outside_id)["id"]
        house.until(bridge_id, caller="held", seat="joined", **{"extra-1": "joined"})
        house.order(bridge_id, "join")
        house.until(bridge_id, caller="joined")
        mend = fault(house)
        here.talk(caller={"seat", "outside"}, seat={"caller", "outside"}, outside={"caller", "seat"})
        here.seat.hang_up()
        here.talk(caller={"outside"}, outside={"caller"})
        mend()
        house.until(bridge_id, 60, caller="joined", seat="left", **{"extra-1": "joined"})
        let_go(house.operator, 1)
        wait_for("the call to be outside", lambda: house.leader.call(call_id)["seat_id"] is None, 30)
        here.talk(caller={"outside"}, outside={"caller"})
        kept(here, "outside")
        here.caller.hang_up()
        wait_for("the end", lambda: house.bridge(bridge_id)["state"] == "ended", 30)


@faults
@moments(4, 5, 6)
def test_while_handing_over(house: TransferHouse, tmp_path: Path, fault: Fault, seed: int) -> None:
    """Around the key 完成转接: whether it was heard or not, one presses again and it is done once."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        mends: list[Callable[[], None]] = []
        breaks = after(random.Random(seed), 0.1, lambda: mends.append(fault(house)))
        if fault is cut:
            comes = after(random.Random(seed), 2.0, lambda: setattr(house.link, "down", False))
        house.order(bridge_id, "complete")
        breaks.join()
        if fault is cut:
            comes.join()
        mends[0]()
        given_away(house, here, call_id, bridge_id)


def test_while_one_waits_on_music_and_the_seat_puts_down(house: TransferHouse, tmp_path: Path) -> None:
    """Whom the seat had asked is fetched in once the link is back; all dead: `test_transfer_swap.py`."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        house.order(bridge_id, "swap")
        house.until(bridge_id, caller="joined", seat="joined", colleague="held")
        mend = cut(house)
        here.talk(caller={"seat"}, seat={"caller"})
        here.on_music("colleague")
        here.seat.hang_up()
        here.on_music()
        mend()
        given_away(house, here, call_id, bridge_id)
