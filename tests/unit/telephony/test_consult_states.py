"""The table of a consultation and the rules of the caller's place: nobody is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bridge_events import LegJoined, LegLeft, LegUnanswered
from core.bridge_words import BridgeKind, LegAim, LegState
from core.errors import IllegalTransition
from telephony.bridge_states import LIVE, ON_THE_WAY
from telephony.caller_place import Place, Side, may_wait_aside, place_of
from telephony.consult_states import MAY_ASK, MEANS, Act, Order, Phase, meaning, phase_of

S, A = LegState, LegAim
HELD = Side(S.HELD, A.MUSIC)
IN = Side(S.JOINED, A.ROOM)
OWN = Side(S.JOINED, A.ROOM, own=True)
OWN_OUT = Side(S.JOINED, A.OUT, own=True)
RINGS = Side(S.RINGING, A.ROOM)
BUSY = Side(S.BUSY, A.ROOM)
ASIDE = Side(S.HELD, A.MUSIC)
GOING = Side(S.JOINED, A.MUSIC)
BACK = Side(S.HELD, A.ROOM)
SIDES = st.builds(Side, st.sampled_from(list(S)), st.sampled_from(list(A)), own=st.booleans())


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
        (IN, [OWN, ASIDE], Phase.ASIDE),
        (IN, [OWN, ASIDE, BUSY], Phase.ASIDE),
        (HELD, [OWN, BACK], Phase.SWAPPING),
        (IN, [OWN, GOING], Phase.SWAPPING),
        (Side(S.JOINED, A.MUSIC), [OWN, BACK], Phase.SWAPPING),
        (Side(S.HELD, A.ROOM), [OWN, ASIDE], Phase.SWAPPING),
        (IN, [OWN, BACK], Phase.FETCHING),
        (IN, [ASIDE], Phase.HANDED),
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
        (IN, [ASIDE], LegLeft, Place.STAYS),  # whom the seat asked is fetched in
        (HELD, [BACK], LegLeft, Place.STAYS),  # they changed places, and the seat put down meanwhile
    ],
)
def test_where_the_caller_must_be(caller, others, fact, place):
    assert place_of(caller, others, fact) is place


@given(st.lists(SIDES, max_size=4), st.sampled_from([None, LegJoined, LegLeft, LegUnanswered]))
def test_on_music_somebody_is_there_or_comes(others, fact):
    place = place_of(HELD, others, fact)
    company = any(side.inside or side.state in ON_THE_WAY or _comes_back(side) for side in others)
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


def _comes_back(side: Side) -> bool:
    return side.state in (S.HELD, S.JOINED) and side.aim in (A.ROOM, A.MUSIC)


def test_the_seat_changes_between_the_two():
    for phase in (Phase.PRIVATE, Phase.ASIDE):
        assert meaning(phase, Order.SWAP, BridgeKind.CONSULT) == (Act.SWAP,)
    assert meaning(Phase.SWAPPING, Order.SWAP, BridgeKind.CONSULT) == ()  # the second press of one key
    assert meaning(Phase.ASIDE, Order.BACK, BridgeKind.CONSULT) == (Act.LET_GO,)
    for phase in (Phase.TWO, Phase.THREE, Phase.ASKING, Phase.HANDED):
        with pytest.raises(IllegalTransition):
            meaning(phase, Order.SWAP, BridgeKind.CONSULT)
    with pytest.raises(IllegalTransition):
        meaning(Phase.PRIVATE, Order.SWAP, BridgeKind.EMERGENCY)


@pytest.mark.parametrize(
    ("caller", "own", "waits"),
    [
        (IN, OWN, True),
        (Side(S.HELD, A.ROOM), OWN, True),
        (IN, Side(S.ORDERED, A.ROOM, own=True), True),  # a page that is rung again
        (IN, OWN_OUT, False),
        (IN, None, False),
        (Side(S.LEFT, A.ROOM), OWN, False),  # the seat talks on with whom it asked
    ],
)
def test_who_was_asked_hears_music_for_the_seat_only(caller, own, waits):
    assert may_wait_aside(caller, own) is waits


def test_an_emergency_is_held_but_not_let_go():
    assert meaning(Phase.THREE, Order.HOLD, BridgeKind.EMERGENCY) == (Act.HOLD,)
    for order in (Order.BACK, Order.COMPLETE):
        with pytest.raises(IllegalTransition):
            meaning(Phase.THREE, order, BridgeKind.EMERGENCY)


def test_held_is_live():
    assert S.HELD in LIVE
