"""The table of a leader's ear: every live state can end, nothing that is over comes back."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalTransition
from core.supervision_events import (
    LeaderBarged,
    LeaderListened,
    LeaderRang,
    LeaderTookOver,
    LeaderWhispered,
    SupervisionEnded,
    SupervisionFact,
    SupervisionOrdered,
)
from core.supervision_words import (
    END_LABELS,
    MODE_LABELS,
    STATE_LABELS,
    STATE_OF,
    Mode,
    SupervisionEnd,
    SupervisionState,
)
from telephony.supervision_states import FACT_OF, LIVE, NEXT, SPYING, next_state

S = SupervisionState
FRAME = {
    "at": dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
    "supervision_id": 1,
    "leader_id": 1,
    "seat_id": 1,
    "call_id": "ms-1",
    "told": False,
}
MORE = {SupervisionOrdered: {"mode": Mode.LISTEN}, SupervisionEnded: {"reason": SupervisionEnd.BY_LEADER}}
KINDS = [*FACT_OF.values(), LeaderRang, SupervisionOrdered, SupervisionEnded]


def walk(state, *kinds):
    for kind in kinds:
        state = next_state(state, kind(**FRAME, **MORE.get(kind, {})))
    return state


def test_the_straight_way_and_each_turn_off_it():
    assert walk(S.ORDERED, LeaderRang, LeaderListened, LeaderWhispered, LeaderBarged) is S.BARGED
    assert walk(S.ORDERED, LeaderRang, LeaderListened, LeaderTookOver) is S.TAKEN_OVER
    assert walk(S.ORDERED, LeaderListened, SupervisionOrdered) is S.LISTENING, "a wish changes nothing yet"
    assert walk(S.ORDERED, LeaderRang, SupervisionEnded) is S.OVER


@pytest.mark.parametrize(
    "kind", [LeaderRang, LeaderListened, LeaderWhispered, LeaderBarged, SupervisionOrdered]
)
def test_who_took_over_does_not_listen_any_more(kind):
    with pytest.raises(IllegalTransition):
        walk(S.TAKEN_OVER, kind)


@given(st.lists(st.sampled_from(KINDS), max_size=12))
def test_whatever_comes_the_end_is_the_end_and_a_mode_is_told_once(kinds):
    state, over = S.ORDERED, False
    for kind in kinds:
        before = state
        try:
            state = walk(state, kind)
        except IllegalTransition:
            assert state is before
            continue
        assert not over, f"{kind} after the end"
        over = state is S.OVER
        assert state is not before or kind is SupervisionOrdered
    assert state in LIVE or over


def test_the_table_knows_every_state_every_fact_and_every_word():
    assert {state for state, _ in NEXT} == LIVE == set(S) - {S.OVER}
    told = {kind.__name__ for _, kind in NEXT}
    assert told == {kind.__name__ for kind in SupervisionFact.__subclasses__()}
    assert {STATE_OF[mode] for mode in Mode} == SPYING | {S.TAKEN_OVER}
    assert (set(MODE_LABELS), set(STATE_LABELS), set(END_LABELS)) == (set(Mode), set(S), set(SupervisionEnd))
