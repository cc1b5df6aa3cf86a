"""The call-back list under crashes, disorder, two operators at once: one line a number, nothing lost."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.bus import Bus
from core.callback_events import CallBackAsked
from core.callback_words import OPEN, AttemptOutcome, CallbackSource, CallbackState
from core.clock import SteppedClock
from core.errors import Forbidden, HotlineError
from core.events import CallAnswered, CallArrived, CallEnded, CallFact, CallQueued
from core.ids import CallId, SeatId
from core.vocabulary import CallOutcome, EndedBy, Role, SeatState
from db.base import Base
from db.migrate import upgrade
from db.models import Account, Call, Callback, CallbackAttempt, CallbackCall, Seat
from db.session import SessionMaker, make_engine, make_sessions, transaction
from telephony.call_service import CallService
from tickets.callback_listener import CallbackListener
from tickets.callback_rules import Rules
from tickets.callbacks import begin_attempt, claim, conclude, locked

T = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
RULES = Rules()


class House:
    """Calls and the list over one database; `deaf` is a process that dies between a fact and its line."""

    def __init__(self, sessions: SessionMaker) -> None:
        self.sessions, self.clock = sessions, SteppedClock(T)
        self.listener = CallbackListener(sessions, Bus(), self.clock)
        self.calls = CallService(sessions, Bus(), self.clock)

    async def tell(self, fact: CallFact, *, deaf: bool = False) -> None:
        if not await self.calls.apply(fact) or deaf:
            return
        if isinstance(fact, CallEnded | CallBackAsked):
            await self.listener.on_call(fact)
        elif isinstance(fact, CallAnswered):
            await self.listener.on_answered(fact)

    async def call(self, n: int, number: str, end: str = "gives_up", *, deaf: bool = False) -> None:
        """One whole call: `gives_up`, `answered` or `star`."""
        call_id, now = CallId(f"ms-17640{n:05}.1"), self.clock.now()
        frame = {"call_id": call_id}
        channel = f"PJSIP/trunk-{n:08x}"
        facts: list[CallFact] = [
            CallArrived(at=now, pii_caller=number, dialled="56564444", channel=channel, **frame),
            CallQueued(at=now, position=1, **frame),
        ]
        if end == "answered":
            seat = {"seat_id": SeatId(1), "wait_s": 1.0, "seat_channel": "PJSIP/seat1-00000001"}
            facts.append(CallAnswered(at=now, **frame, **seat))
        elif end == "star":
            facts.append(CallBackAsked(at=now, **frame))
        facts.append(CallEnded(at=now + dt.timedelta(seconds=20), cause=16, ended_by=EndedBy.CALLER, **frame))
        for fact in facts:
            await self.tell(fact, deaf=deaf)
        self.clock.advance(60)

    async def lines(self) -> list[Callback]:
        async with transaction(self.sessions) as session:
            return list(await session.scalars(select(Callback).order_by(Callback.id)))

    async def sit(self, *logins: str) -> None:
        async with transaction(self.sessions) as session:
            for n, login in enumerate(logins, start=1):
                account = Account(
                    login=login, name=login, role=Role.OPERATOR, password_hash="x", created_at=T
                )
                session.add(account)
                await session.flush()
                seat = Seat(id=n, state=SeatState.READY, since=T, operator_id=account.id)
                session.add(seat)

    async def order(self, work: Callable[..., Awaitable[object]], *arguments: object) -> None:
        async with transaction(self.sessions) as session:
            await work(session, *arguments)


def run(work: Callable[[House], Awaitable[None]]) -> None:
    """On a database of its own."""

    async def inside() -> None:
        with tempfile.TemporaryDirectory() as folder:
            engine = make_engine(f"sqlite+aiosqlite:///{Path(folder)}/t.db")
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            try:
                await work(House(make_sessions(engine)))
            finally:
                await engine.dispose()

    asyncio.run(inside())


NUMBERS = ("13800000001", "+8613800000001", "13800000002", "")
STORIES = st.tuples(
    st.sampled_from(NUMBERS), st.sampled_from(("gives_up", "answered", "star")), st.booleans()
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STORIES, max_size=9), st.randoms(use_true_random=False))
def test_no_crash_loses_a_caller_and_no_number_waits_twice(stories, dice):
    """Any calls, any of them heard of only after a restart, and looks in between as often as may be."""

    async def work(house: House) -> None:
        for n, (number, end, deaf) in enumerate(stories):
            await house.call(n, number, end, deaf=deaf)
            if dice.random() < 0.3:
                await house.listener.catch_up()
        await house.listener.catch_up()
        await house.listener.catch_up()
        lines = await house.lines()
        still_open = Counter(line.number for line in lines if line.state in OPEN)
        assert set(still_open.values()) <= {1}
        async with transaction(house.sessions) as session:
            calls = {call.id: call for call in await session.scalars(select(Call))}
            looked = {row.call_id: row for row in await session.scalars(select(CallbackCall))}
        in_vain = {call.id for call in calls.values() if call.outcome is not CallOutcome.ANSWERED}
        assert set(looked) == in_vain
        callable_calls = [row for row in looked.values() if calls[row.call_id].caller]
        assert sum(line.times for line in lines) == len(callable_calls)
        assert all((row.callback_id is None) == (not calls[row.call_id].caller) for row in looked.values())
        for number in ("13800000001", "13800000002"):
            mine = [call for call in calls.values() if call.caller.endswith(number)]
            last = max(mine, key=lambda call: call.arrived_at, default=None)
            waits = last is not None and last.outcome is not CallOutcome.ANSWERED
            assert still_open[number] == int(waits), (number, stories)

    run(work)


@pytest.fixture
async def house(database_url):
    await asyncio.to_thread(upgrade, database_url)
    engine = make_engine(database_url)
    made = House(make_sessions(engine))
    await made.sit("op01", "op02")
    yield made
    await engine.dispose()


async def test_a_request_weighs_more_and_the_first_deadline_stays(house):
    await house.call(1, "13800000001")
    await house.call(2, "13800000001", "star")
    await house.call(3, "13800000001")
    (line,) = await house.lines()
    assert (line.times, line.source, line.state) == (3, CallbackSource.REQUESTED, CallbackState.WAITING)
    assert line.due_at == line.first_at + 30 * MINUTE
    async with transaction(house.sessions) as session:
        outcomes = [call.outcome for call in await session.scalars(select(Call).order_by(Call.id))]
    assert outcomes == [
        CallOutcome.ABANDONED_QUEUE,
        CallOutcome.CALLBACK_REQUESTED,
        CallOutcome.ABANDONED_QUEUE,
    ]


async def test_a_star_that_is_told_after_the_end_still_counts(house):
    await house.call(1, "13800000001")
    late = CallBackAsked(at=T, call_id=CallId("ms-1764000001.1"))
    await house.tell(late)
    await house.tell(late)
    (line,) = await house.lines()
    assert (line.times, line.source) == (1, CallbackSource.REQUESTED)
    async with transaction(house.sessions) as session:
        assert (await session.get(Call, "ms-1764000001.1")).outcome is CallOutcome.CALLBACK_REQUESTED


async def test_of_two_who_take_the_same_line_at_once_one_has_it(house):
    await house.call(1, "13800000001")
    (line,) = await house.lines()
    now = house.clock.now()
    answers = await asyncio.gather(
        *(house.order(claim, line.id, account, RULES, now) for account in (1, 2)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, HotlineError)]
    assert [error.code for error in refused] == ["callback-taken"]
    (line,) = await house.lines()
    assert (line.state, line.owner_id in (1, 2)) == (CallbackState.CLAIMED, True)


async def test_a_line_that_is_not_called_comes_back_and_so_does_one_whose_owner_left(house):
    await house.call(1, "13800000001")
    await house.call(2, "13800000002")
    first, second = await house.lines()
    await house.order(claim, first.id, 1, RULES, house.clock.now())
    await house.order(claim, second.id, 2, RULES, house.clock.now())
    await house.listener.catch_up()
    assert [line.state for line in await house.lines()] == [CallbackState.CLAIMED] * 2
    async with transaction(house.sessions) as session:
        (await session.get(Seat, 2)).operator_id = None
    await house.listener.catch_up()
    first, second = await house.lines()
    assert (first.state, second.state, second.owner_id) == (
        CallbackState.CLAIMED,
        CallbackState.WAITING,
        None,
    )
    house.clock.advance(11 * 60)
    await house.listener.catch_up()
    assert (await house.lines())[0].state is CallbackState.WAITING


async def test_attempts_in_vain_end_after_as_many_as_the_rules_say(house):
    await house.call(1, "13800000001")
    (line,) = await house.lines()
    for tried, outcome in enumerate(
        (AttemptOutcome.BUSY, AttemptOutcome.NOT_MADE, *[AttemptOutcome.NO_ANSWER] * 2)
    ):
        now = house.clock.now()
        await house.order(claim, line.id, 1, RULES, now)
        await house.order(begin_attempt, line.id, 1, f"key-{tried}", now)

        async def end(session, outcome=outcome, now=now):
            attempts = list(await session.scalars(select(CallbackAttempt).order_by(CallbackAttempt.id)))
            attempts[-1].outcome = outcome
            await conclude(session, await locked(session, line.id), outcome, RULES, now)

        await house.order(end)
        house.clock.advance(60)
    (line,) = await house.lines()
    assert (line.state, line.tries, line.open_number) == (CallbackState.UNREACHED, 3, None)
    async with transaction(house.sessions) as session:
        attempts = list(await session.scalars(select(CallbackAttempt).order_by(CallbackAttempt.id)))
    assert [one.number for one in attempts] == [1, 2, 3, 4]
    await house.call(5, "13800000001")
    assert [one.state for one in await house.lines()] == [CallbackState.UNREACHED, CallbackState.WAITING]


async def test_a_machine_that_picked_up_while_the_citizen_called_again_leaves_one_line_to_call(house):
    await house.call(1, "13800000001")
    (line,) = await house.lines()

    async def end(session, outcome):
        await conclude(session, await locked(session, line.id), outcome, RULES, house.clock.now())

    await house.order(claim, line.id, 1, RULES, house.clock.now())
    await house.order(begin_attempt, line.id, 1, "key", house.clock.now())
    await house.order(end, AttemptOutcome.PICKED_UP)
    await house.call(2, "13800000001")
    await house.order(end, AttemptOutcome.NO_ANSWER)
    first, second = await house.lines()
    assert (first.state, first.result) == (CallbackState.UNREACHED, AttemptOutcome.NO_ANSWER)
    assert (second.state, second.open_number) == (CallbackState.WAITING, "13800000001")


async def test_a_process_that_died_before_the_press_leaves_an_attempt_that_counts_for_nothing(house):
    await house.call(1, "13800000001")
    (line,) = await house.lines()
    await house.order(claim, line.id, 1, RULES, house.clock.now())
    with pytest.raises(Forbidden):
        await house.order(begin_attempt, line.id, 2, "other", house.clock.now())
    await house.order(begin_attempt, line.id, 1, "never-pressed", house.clock.now())
    await house.listener.catch_up()
    assert (await house.lines())[0].state is CallbackState.CALLING
    house.clock.advance(61)
    await house.listener.catch_up()
    (line,) = await house.lines()
    assert (line.state, line.tries, line.owner_id) == (CallbackState.WAITING, 0, None)


async def test_who_called_again_and_was_answered_is_not_called(house):
    await house.call(1, "13800000001")
    await house.call(2, "+8613800000001", "answered")
    (line,) = await house.lines()
    assert (line.state, line.open_number) == (CallbackState.SATISFIED, None)
