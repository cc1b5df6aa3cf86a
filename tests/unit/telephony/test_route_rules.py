"""Who is answered first: examples that the issue names, and what holds for every caller."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import SeatId
from core.vocabulary import CallOutcome, CallState, EndedBy
from telephony.call_states import BROKEN_CAUSES, IN_TALK, was_cut_off
from telephony.route_rules import (
    CallBefore,
    CallerHistory,
    OwnSeat,
    Route,
    RoutePolicy,
    decide,
    policy_from,
)

NOW = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
POLICY = RoutePolicy()
SEAT = OwnSeat(SeatId(3), "seat")

befores = st.builds(
    CallBefore,
    ended_at=st.integers(-3600, 10_000).map(lambda ago: NOW - dt.timedelta(seconds=ago)),
    outcome=st.one_of(st.none(), st.sampled_from(CallOutcome)),
    cut_off=st.booleans(),
    waited_s=st.floats(0, 600),
)
histories = st.builds(
    CallerHistory,
    withheld=st.booleans(),
    own_seat=st.one_of(st.none(), st.just(SEAT)),
    before=st.one_of(st.none(), befores),
    calls_lately=st.integers(1, 60),
)


def before(*, ago_s: float = 60, outcome=CallOutcome.ANSWERED, cut_off=False, waited_s=0.0) -> CallBefore:
    return CallBefore(NOW - dt.timedelta(seconds=ago_s), outcome, cut_off, waited_s)


def test_most_callers_are_told_nothing():
    route = decide(CallerHistory(withheld=False, before=before()), POLICY, NOW)
    assert not route.says_something


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (before(cut_off=True), True),
        (before(cut_off=True, ago_s=1799), True),
        (before(cut_off=True, ago_s=1801), False),
        (before(outcome=CallOutcome.ABANDONED_QUEUE, waited_s=60), True),
        (before(outcome=CallOutcome.ABANDONED_QUEUE, waited_s=59), False),
        (before(outcome=CallOutcome.VOICEMAIL, waited_s=180), False),
        (before(outcome=CallOutcome.NO_MESSAGE, waited_s=180), False),
    ],
)
def test_cut_off_means_a_failure_or_a_long_wait_not_long_ago(last, first):
    history = CallerHistory(withheld=False, before=last)
    assert decide(history, POLICY, NOW).after_cut_off is first


@pytest.mark.parametrize(
    ("withheld", "count", "flood"), [(False, 8, False), (False, 9, True), (True, 40, False), (True, 41, True)]
)
def test_a_flood_is_more_than_the_policy_allows(withheld, count, flood):
    assert decide(CallerHistory(withheld=withheld, calls_lately=count), POLICY, NOW).flood is flood


@given(histories)
def test_a_withheld_number_has_no_history(history):
    route = decide(dataclasses.replace(history, withheld=True), POLICY, NOW)
    assert (route.own_seat, route.after_cut_off) == (None, False)


@given(histories)
def test_more_calls_never_lift_the_question_and_change_nothing_else(history):
    now = decide(history, POLICY, NOW)
    later = decide(dataclasses.replace(history, calls_lately=history.calls_lately + 1), POLICY, NOW)
    assert later.flood >= now.flood
    assert dataclasses.replace(later, flood=now.flood) == now


@given(histories)
def test_priority_fades_and_never_returns(history):
    routes = [decide(history, POLICY, NOW + dt.timedelta(minutes=m)) for m in range(0, 240, 5)]
    firsts = [route.after_cut_off for route in routes]
    # A clock that stands before the end of the last call gives nothing either
    lead = next((n for n, first in enumerate(firsts) if first), len(firsts))
    assert firsts[lead:] == sorted(firsts[lead:], reverse=True)
    assert not firsts[-1]


@given(histories)
def test_switched_off_it_is_as_if_python_were_dead(history):
    assert decide(history, dataclasses.replace(POLICY, routing_on=0), NOW) == Route()


@given(
    st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(RoutePolicy)]), st.text(max_size=8))
)
def test_any_text_in_a_policy_row_leaves_numbers(values):
    made = policy_from(values)
    assert all(isinstance(value, float | int) for value in dataclasses.astuple(made))
    assert all(not value < 0 for value in dataclasses.astuple(made))


@given(
    st.sampled_from(CallState),
    st.one_of(st.none(), st.sampled_from(EndedBy)),
    st.one_of(st.none(), st.integers(0, 127)),
    st.booleans(),
    st.booleans(),
)
def test_only_who_talked_is_cut_off_and_never_by_a_persons_own_hanging_up(
    state, ended_by, cause, answered, conference
):
    cut = was_cut_off(state, ended_by, cause, answered=answered, conference=conference)
    if state not in IN_TALK:
        # Waiting again after an answer: the seat was lost
        assert cut is (answered and state not in (CallState.GREETING, CallState.ENDED))
    elif ended_by in (EndedBy.CALLER, EndedBy.SEAT) and cause not in BROKEN_CAUSES:
        assert cut is (state is CallState.RECONNECTING)
    elif cause in BROKEN_CAUSES or not conference:
        assert cut
