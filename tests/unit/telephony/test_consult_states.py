"""The table of a consultation and the rules of the caller's place: nobody is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bridge_events import LegJoined, LegLeft, LegUnanswered
from core.bridge_words import BridgeKind, LegAim, LegState
from core.errors import IllegalTransition
from telephony.bridge_states import LIVE, ON_THE_WAY
from telephony.caller_place import Place, Side, place_of
from telephony.consult_states import MAY_ASK, MEANS, Act, Order, Phase, meaning, phase_of

S, A = LegState, LegAim
HELD = Side(S.HELD, A.MUSIC)
IN = Side(S.JOINED, A.ROOM)
OWN = Side(S.JOINED, A.ROOM, own=True)
OWN_OUT = Side(S.JOINED, A.OUT, own=True)
RINGS = Side(S.RINGING, A.ROOM)
BUSY = Side(S.BUSY, A.ROOM)
SIDES = st.builds(Side, st.sampled_from(list(S)), st.sampled_from([A.ROOM, A.OUT]), own=st.booleans())


@pytest.mark.parametrize(
    ("caller", "others", "phase"),
    [
        (None, [OWN, IN], Phase.NO_CALLER),
        (Side(S.LEFT, A.MUSIC), [OWN, IN], Phase.NO_CALLER),
        (Side(S.ORDERED, A.MUSIC), [OWN, RINGS], Phase.STARTING),
        (HELD, [Side(S.ORDERED, A.ROOM, own=True), RINGS], Phase.STARTING),
        (HELD, [OWN, RINGS], Phase.ASKING),
        (HELD, [OWN, IN], Phase.PRIVATE),
        (HELD, [OWN, BUSY], Phase.WAITING),
        (Side(S.HELD, A.ROOM), [OWN, IN], Phase.FETCHING),
        (Side(S.JOINED, A.MUSIC), [OWN, IN], Phase.HOLDING),
        (IN, [OWN, IN], Phase.THREE),
        (IN, [OWN, RINGS], Phase.THREE),
        (IN, [OWN, BUSY], Phase.TWO),
        (HELD, [OWN_OUT, RINGS], Phase.HANDED),
        (HELD, [RINGS], Phase.HANDED),
    ],
)
def test_where_the_three_are(caller, others, phase):
    assert phase_of(caller, others) is phase


@pytest.mark.parametrize(
    ("caller", "others", "fact", "place"),
    [
        (HELD, [OWN, RINGS], None, Place.STAYS),
        (HELD, [OWN, IN], LegJoined, Place.STAYS),  # the private talk
        (HELD, [OWN, BUSY], LegUnanswered, Place.STAYS),  # the seat decides
        (HELD, [OWN_OUT, IN], LegJoined, Place.FETCHED),  # handed over
        (HELD, [RINGS], None, Place.STAYS),  # music, and somebody comes
        (HELD, [IN], LegJoined, Place.FETCHED),
        (HELD, [BUSY], LegUnanswered, Place.STRANDED),
        (HELD, [OWN_OUT, BUSY], LegUnanswered, Place.STRANDED),
        (HELD, [OWN], LegJoined, Place.FETCHED),  # the seat was rung again
        (IN, [BUSY], LegLeft, Place.STAYS),  # they talked; the call is over
        (Side(S.JOINED, A.MUSIC), [BUSY], LegLeft, Place.STRANDED),
        (Side(S.HELD, A.QUEUE), [], None, Place.STAYS),
    ],
)
def test_where_the_caller_must_be(caller, others, fact, place):
    assert place_of(caller, others, fact) is place


@given(st.lists(SIDES, max_size=4), st.sampled_from([None, LegJoined, LegLeft, LegUnanswered]))
def test_on_music_somebody_is_there_or_comes(others, fact):
    place = place_of(HELD, others, fact)
    company = any(side.inside or side.state in ON_THE_WAY for side in others)
    assert (place is Place.STRANDED) == (not company)
    if place is Place.FETCHED:
        assert any(side.inside for side in others)


def test_each_order_is_said_for_the_phases_where_it_means_something():
    assert {order for _, order in MEANS} == set(Order)
    assert {phase for phase, _ in MEANS} == set(Phase) - {Phase.NO_CALLER}
    for phase in (Phase.WAITING, Phase.ASKING, Phase.PRIVATE, Phase.THREE):
        assert Act.LEAVE not in meaning(phase, Order.BACK, BridgeKind.CONSULT)
    for order in Order:
        with pytest.raises(IllegalTransition):
            meaning(Phase.NO_CALLER, order, BridgeKind.CONSULT)
    with pytest.raises(IllegalTransition):  # nobody there to hand over to
        meaning(Phase.WAITING, Order.COMPLETE, BridgeKind.CONSULT)
    assert {Phase.TWO, Phase.WAITING} == MAY_ASK


def test_an_emergency_is_held_but_not_let_go():
    assert meaning(Phase.THREE, Order.HOLD, BridgeKind.EMERGENCY) == (Act.HOLD,)
    for order in (Order.BACK, Order.COMPLETE):
        with pytest.raises(IllegalTransition):
            meaning(Phase.THREE, order, BridgeKind.EMERGENCY)


def test_held_is_live():
    assert S.HELD in LIVE
