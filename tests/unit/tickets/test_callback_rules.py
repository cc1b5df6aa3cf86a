"""Who is called back, at which number, until when, and what an attempt came to."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest

from core import callback_events
from core.bridge_words import LegState
from core.callback_events import CallbackFact
from core.callback_words import (
    CALLBACK_LABELS,
    OPEN,
    OUTCOME_LABELS,
    SOURCE_LABELS,
    AttemptOutcome,
    CallbackSource,
    CallbackState,
    back_in,
)
from core.errors import IllegalTransition
from core.vocabulary import CallOutcome, CallState
from db.models import BridgeAttempt, BridgeLeg, Call
from tickets.callback_rules import Rules, callable_number, outcome_of, source_of
from tickets.callback_states import NEXT, next_state

T = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
FACTS = [kind for kind in vars(callback_events).values() if isinstance(kind, type)]
KINDS = [kind for kind in FACTS if issubclass(kind, CallbackFact) and kind is not CallbackFact]


def a_call(outcome: CallOutcome | None, stayed_s: float = 20, *, asked: bool = False) -> Call:
    return Call(
        state=CallState.ENDED,
        outcome=outcome,
        arrived_at=T,
        ended_at=T + dt.timedelta(seconds=stayed_s),
        callback_asked_at=T if asked else None,
    )


@pytest.mark.parametrize(
    ("call", "source"),
    [
        (a_call(CallOutcome.ANSWERED), None),
        (a_call(CallOutcome.VOICEMAIL), None),
        (a_call(CallOutcome.NO_MESSAGE), CallbackSource.NO_MESSAGE),
        (a_call(CallOutcome.ABANDONED_QUEUE, 1), CallbackSource.ABANDONED_QUEUE),
        (a_call(CallOutcome.ABANDONED_GREETING, 4.9), None),
        (a_call(CallOutcome.ABANDONED_GREETING, 5), CallbackSource.ABANDONED_GREETING),
        (a_call(CallOutcome.CALLBACK_REQUESTED, asked=True), CallbackSource.REQUESTED),
        (a_call(CallOutcome.ANSWERED, asked=True), CallbackSource.REQUESTED),  # after the seat was lost
        (a_call(None, asked=True), CallbackSource.REQUESTED),  # still hears the goodbye
    ],
)
def test_who_is_called_back(call: Call, source: CallbackSource | None) -> None:
    assert source_of(call, 5) is source


@pytest.mark.parametrize(
    ("caller", "dialled"),
    [
        ("13800001234", "13800001234"),
        ("013800001234", "13800001234"),
        ("+8613800001234", "13800001234"),
        ("008613800001234", "13800001234"),
        ("56561234", "56561234"),
        ("02356561234", "02356561234"),
        ("+862356561234", "02356561234"),
        ("", ""),
        ("110", ""),
        ("*67#", ""),
        ("anonymous", ""),
        ("13800001234&x", ""),
    ],
)
def test_a_callers_number_as_we_would_dial_it(caller: str, dialled: str) -> None:
    assert callable_number(caller) == dialled


def a_leg(state: LegState, cause: int | None = None, **more: object) -> tuple[BridgeLeg, BridgeAttempt]:
    leg = BridgeLeg(state=state, joined_at=more.get("joined_at"))
    return leg, BridgeAttempt(cause=cause, dialled_at=more.get("dialled_at", T))


@pytest.mark.parametrize(
    ("leg", "outcome"),
    [
        (a_leg(LegState.LEFT, joined_at=T), AttemptOutcome.PICKED_UP),
        (a_leg(LegState.BUSY, 17), AttemptOutcome.BUSY),
        (a_leg(LegState.BUSY, 21), AttemptOutcome.REJECTED),
        (a_leg(LegState.NO_ANSWER, 19), AttemptOutcome.NO_ANSWER),
        (a_leg(LegState.NO_ANSWER, 1), AttemptOutcome.UNREACHABLE),
        (a_leg(LegState.NO_ANSWER, 34), AttemptOutcome.NOT_MADE),
        (a_leg(LegState.NO_ANSWER, 0, dialled_at=None), AttemptOutcome.NOT_MADE),
        (a_leg(LegState.FAILED), AttemptOutcome.NOT_MADE),
        (a_leg(LegState.REMOVED), AttemptOutcome.NOT_MADE),
    ],
)
def test_what_an_attempt_came_to(leg: tuple[BridgeLeg, BridgeAttempt], outcome: AttemptOutcome) -> None:
    assert outcome_of(*leg) is outcome


def test_the_table_is_whole_and_nothing_leaves_the_end_but_a_correction() -> None:
    for state, kind in product(CallbackState, KINDS):
        fact = object.__new__(kind)
        if (state, kind) in NEXT:
            assert next_state(state, fact) in CallbackState
        else:
            with pytest.raises(IllegalTransition):
                next_state(state, fact)
    leaves = {state for state, _ in NEXT if state not in OPEN}
    assert leaves == {CallbackState.DONE}


def test_an_open_line_can_always_come_to_an_end() -> None:
    reached = set(CallbackState) - OPEN
    while more := {state for (state, _), to in NEXT.items() if to in reached} - reached:
        reached |= more
    assert reached == set(CallbackState)


def test_words_are_chinese_and_promises_are_kept() -> None:
    for labels, kind in (
        (CALLBACK_LABELS, CallbackState),
        (SOURCE_LABELS, CallbackSource),
        (OUTCOME_LABELS, AttemptOutcome),
    ):
        assert set(labels) == set(kind)
        assert not any(text.isascii() for text in labels.values())
    assert [back_in(minutes) for minutes in (5, 10, 25, 30, 60, 61)] == ["10", "10", "30", "30", "60", "soon"]
    rules = Rules()
    assert rules.due(T, urgent=False) - T == dt.timedelta(minutes=30)
    assert rules.due(T, urgent=True) < rules.due(T, urgent=False)
