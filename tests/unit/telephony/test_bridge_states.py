"""The table of a conference's leg, and the leaving rules: every state has a way out, nobody is left alone."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bridge_events import (
    LegAnswered,
    LegAskedBack,
    LegDialled,
    LegFailed,
    LegJoined,
    LegLeft,
    LegMovedOn,
    LegRang,
    LegRedialled,
    LegRemoved,
    LegUnanswered,
    LegWasBusy,
)
from core.bridge_words import CALLER, LEG_LABELS, SEAT, BridgeEnd, LegState
from core.errors import IllegalTransition
from telephony.bridge_states import LIVE, NEXT, ON_THE_WAY, OVER, Party, next_state, why_over

FRAME = {
    "at": dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
    "bridge_id": 1,
    "leg_id": 1,
    "role": "x",
    "attempt": 1,
}
MORE = {LegWasBusy: {"cause": 17}, LegUnanswered: {"cause": 19}, LegFailed: {"reason": "ended"}}


def walk(state, *kinds):
    for kind in kinds:
        state = next_state(state, kind(**FRAME, **MORE.get(kind, {})))
    return state


def test_the_straight_way_and_each_turn_off_it():
    to_room = (LegDialled, LegRang, LegAnswered, LegJoined)
    assert walk(LegState.ORDERED, *to_room) is LegState.JOINED
    assert walk(LegState.ORDERED, *to_room, LegLeft) is LegState.LEFT
    assert walk(LegState.ORDERED, *to_room[:3], LegAskedBack) is LegState.CALL_BACK
    assert walk(LegState.ORDERED, LegDialled, LegWasBusy, LegMovedOn, LegDialled) is LegState.DIALLING
    assert walk(LegState.ORDERED, *to_room[:3], LegUnanswered, LegMovedOn) is LegState.NEXT_NUMBER
    assert walk(LegState.ORDERED, *to_room, LegRemoved, LegRedialled) is LegState.ORDERED


@pytest.mark.parametrize("kind", [LegDialled, LegRang, LegAnswered, LegUnanswered, LegWasBusy, LegLeft])
def test_what_comes_late_changes_nothing_that_is_over(kind):
    for state in OVER:
        with pytest.raises(IllegalTransition):
            walk(state, kind)


def test_an_answer_is_no_person_and_a_person_is_not_dialled_again():
    assert LegState.ANSWERED in ON_THE_WAY
    with pytest.raises(IllegalTransition):
        walk(LegState.JOINED, LegRedialled)
    with pytest.raises(IllegalTransition):
        walk(LegState.JOINED, LegUnanswered)


def test_every_state_can_be_reached_left_and_read():
    assert {state for state, _ in NEXT} == set(LegState) == set(LEG_LABELS)
    assert set(NEXT.values()) == set(LegState)


PARTIES = st.lists(
    st.builds(
        Party, st.sampled_from([CALLER, SEAT, "grid_worker", "handling_unit"]), st.sampled_from(LegState)
    ),
    max_size=6,
    unique_by=lambda party: party.role,
)


@given(PARTIES)
def test_a_conference_goes_on_exactly_while_nobody_would_be_alone(parties):
    live = [party for party in parties if party.state in LIVE]
    assert (why_over(parties) is None) == (len(live) >= 2)


def test_the_seat_may_leave_and_the_last_outside_party_ends_it():
    joined, left = LegState.JOINED, LegState.LEFT
    assert why_over([Party(CALLER, joined), Party(SEAT, left), Party("unit", joined)]) is None
    assert why_over([Party(CALLER, joined), Party(SEAT, joined), Party("unit", left)]) is None
    over = [Party(CALLER, joined), Party(SEAT, left), Party("unit", left)]
    assert why_over(over) is BridgeEnd.LAST_OUTSIDE_LEFT
    assert why_over([Party(CALLER, left), Party(SEAT, left), Party("unit", joined)]) is BridgeEnd.NOBODY_LEFT
