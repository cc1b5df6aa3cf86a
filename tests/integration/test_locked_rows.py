"""A locked row says what stands in the database once the lock is ours, though the session read it before.

On PostgreSQL alone: SQLite's one writer leaves no moment between the look and the lock.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from core.bridge_words import Presser
from core.bus import Bus
from core.callback_words import AttemptOutcome, CallbackSource, CallbackState
from core.clock import SteppedClock
from core.errors import IllegalTransition
from core.supervision_words import Mode
from core.vocabulary import CallState, Role, SeatState, TicketStatus
from db.models import Account, Bridge, Call, Callback, CallbackAttempt, Seat, Supervision, Ticket
from db.models.supervision import LeadPhone
from db.repositories import bridges, callbacks, calls, seats, supervisions, tickets
from db.session import SessionMaker, make_engine, make_sessions, reading, transaction
from tickets import joining
from tickets.callback_listener import CallbackListener
from tickets.callback_rules import Rules
from tickets.callbacks import begin_attempt, claim, conclude, locked

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]
T = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
LATER = T + dt.timedelta(minutes=11)
"""When a line that was claimed at T is nobody's any more."""
CALL = "ms-1764000001.1"
NUMBER = "13800000001"
WHO_WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
async def sessions(database_url):
    engine = make_engine(database_url)
    made = make_sessions(engine)
    async with transaction(made) as session:
        who = {"name": "某人", "role": Role.OPERATOR, "password_hash": "-", "created_at": T}
        session.add_all([Account(id=1, login="op01", **who), Account(id=2, login="op02", **who)])
        await session.flush()
        about = {"caller": NUMBER, "dialled": "56564444", "channel": "PJSIP/trunk-1", "arrived_at": T}
        session.add(Call(id=CALL, state=CallState.TALKING, **about))
        session.add(Seat(id=1, state=SeatState.READY, since=T, operator_id=1))
        session.add(LeadPhone(number=1, phone="lead"))
        file = {"status": TicketStatus.PENDING_ACCEPT, "content": "路断了", "created_at": T, "updated_at": T}
        session.add_all([Ticket(id=n, number=f"2611260000{n}", **file) for n in (1, 2, 3)])
        await session.flush()
        ear = {"phone": "lead", "seat_id": 1, "seat_channel": "PJSIP/seat1-1", "ordered_at": T, "modes": []}
        session.add(Supervision(id=1, account_id=2, lead=1, call_id=CALL, wanted=Mode.LISTEN, **ear))
        session.add(Bridge(id=1, key="press", presser=Presser.SEAT_CALL, call_id=CALL, pressed_at=T))
        moments = {"first_at": T, "last_at": T, "due_at": T}
        line = {"source": CallbackSource.ABANDONED_QUEUE, "state": CallbackState.WAITING}
        session.add(Callback(id=1, number=NUMBER, open_number=NUMBER, **line, **moments))
    yield made
    await engine.dispose()


Look = Callable[..., Awaitable[Any]]


async def _phone(session, number: int) -> LeadPhone:
    return next(phone for phone in await supervisions.phones(session) if phone.number == number)


async def _open_line(session, _id: int) -> Callback | None:
    return await callbacks.open_of_number(session, NUMBER)


ROWS = [
    pytest.param(callbacks.get_for_update, Callback, 1, "tries", "times", id="call-back"),
    pytest.param(_open_line, Callback, 1, "tries", "times", id="open line of a number"),
    pytest.param(supervisions.get_for_update, Supervision, 1, "channel", "phone", id="ear"),
    pytest.param(_phone, LeadPhone, 1, "account_id", "phone", id="leader's phone"),
    pytest.param(tickets.get_for_update, Ticket, 1, "title", "content", id="ticket"),
    pytest.param(calls.get_for_update, Call, CALL, "seat_channel", "caller", id="call"),
    pytest.param(bridges.get_for_update, Bridge, 1, "about", "key", id="conference"),
    pytest.param(seats.get_for_update, Seat, 1, "rung_from", "phone", id="seat"),
]
NEW: dict[str, Any] = {
    "tries": 2,
    "times": 7,
    "account_id": 2,
    "rung_from": SeatState.PAUSED,
}


@pytest.mark.parametrize(("look", "kind", "key", "theirs", "ours"), ROWS)
async def test_a_row_that_was_read_before_says_what_another_committed_and_keeps_what_is_pending(
    sessions, look: Look, kind: type[Any], key: object, theirs: str, ours: str
):
    async with transaction(sessions) as session:
        held = await session.get(kind, key)
        async with transaction(sessions) as other:
            setattr(await other.get(kind, key), theirs, NEW.get(theirs, "theirs"))
        setattr(held, ours, NEW.get(ours, "ours"))
        row = await look(session, key)
        assert row is held
        assert (getattr(row, theirs), getattr(row, ours)) == (
            NEW.get(theirs, "theirs"),
            NEW.get(ours, "ours"),
        )
    async with reading(sessions) as session:
        kept = await session.get(kind, key)
        assert (getattr(kept, theirs), getattr(kept, ours)) == (
            NEW.get(theirs, "theirs"),
            NEW.get(ours, "ours"),
        )


async def _somebody_waits(sessions: SessionMaker) -> bool:
    async with reading(sessions) as session:
        return bool(await session.scalar(text(WHO_WAITS)))


async def _line(sessions: SessionMaker) -> Callback:
    async with reading(sessions) as session:
        line = await session.get(Callback, 1)
        assert line is not None
        return line


async def _claimed(sessions: SessionMaker) -> CallbackListener:
    async with transaction(sessions) as session:
        await claim(session, 1, 1, Rules(), T)
    return CallbackListener(sessions, Bus(), SteppedClock(LATER))


async def test_a_look_that_waited_for_the_operators_call_leaves_the_call_alone(sessions):
    """The lease is over and the look has seen it so; the owner's own press was a moment before."""
    listener = await _claimed(sessions)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        async with transaction(sessions) as press:
            await begin_attempt(press, 1, 1, "press", LATER)
            look = group.create_task(listener.catch_up())
            while not (look.done() or await _somebody_waits(sessions)):
                pass
        await look
    line = await _line(sessions)
    assert (line.state, line.owner_id) == (CallbackState.CALLING, 1)


async def test_who_called_in_vain_once_more_meanwhile_is_not_satisfied_by_the_call_before(sessions):
    listener = await _claimed(sessions)
    async with transaction(sessions) as session:
        call = await session.get(Call, CALL)
        call.arrived_at, call.answered_at = T + dt.timedelta(minutes=1), T + dt.timedelta(minutes=2)
        (await session.get(Seat, 1)).operator_id = None
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        async with transaction(sessions) as slow:
            row = await locked(slow, 1)
            row.times, row.last_at = 2, T + dt.timedelta(minutes=5)
            await slow.flush()
            look = group.create_task(listener.catch_up())
            while not (look.done() or await _somebody_waits(sessions)):
                pass
        await look
    line = await _line(sessions)
    assert (line.state, line.times) == (CallbackState.WAITING, 2)


async def test_two_looks_at_one_attempt_count_it_once(sessions):
    """And a result that a person wrote down between the two stands."""
    listener = await _claimed(sessions)
    async with transaction(sessions) as session:
        await begin_attempt(session, 1, 1, None, T)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        async with transaction(sessions) as first:
            line = await locked(first, 1)
            (attempt,) = await callbacks.attempts_of(first, [1])
            attempt.outcome = AttemptOutcome.BUSY
            await conclude(first, line, AttemptOutcome.BUSY, Rules(), LATER)
            # Not flushed: the second look is stopped by the line, whichever row it asks for first
            look = group.create_task(listener.catch_up())
            while not (look.done() or await _somebody_waits(sessions)):
                pass
        await look
    kept = await _line(sessions)
    async with reading(sessions) as session:
        (told,) = await session.scalars(select(CallbackAttempt.outcome))
    assert (kept.state, kept.tries, told) == (CallbackState.WAITING, 1, AttemptOutcome.BUSY)


async def test_a_file_that_was_parted_and_joined_elsewhere_meanwhile_is_not_parted_from_the_old_one(sessions):
    async with transaction(sessions) as session:
        await joining.join(session, 1, 2, 1, 1, T)
    async with transaction(sessions) as slow:
        held = await tickets.get(slow, 1)
        assert held.parent_id == 2
        async with transaction(sessions) as other:
            row = await tickets.get_for_update(other, 1)
            row.parent_id = 3
        with pytest.raises(IllegalTransition):
            await joining.part(slow, 1, held.version, 1, T)
    async with reading(sessions) as session:
        assert (await session.get(Ticket, 1)).parent_id == 3
