"""Facts told twice, at once and out of order, on both databases: the services keep one sound row."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools

import pytest
from sqlalchemy import select

from core.bus import Bus
from core.clock import SteppedClock
from core.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallFact,
    CallQueued,
    Fact,
    SeatOffered,
    TicketChanged,
)
from core.ids import CallId, SeatId
from core.vocabulary import CallOutcome, CallState, EndedBy
from db.models import Call, EventLogEntry, SeatRing, Ticket
from db.repositories import seats
from db.session import make_engine, make_sessions, reading, transaction
from telephony.call_service import CallService
from tickets.on_events import TicketListener

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


def life(n: int) -> list[CallFact]:
    call_id, at = CallId(f"ms-{n}"), NOW + dt.timedelta(seconds=n)
    return [
        CallArrived(at=at, call_id=call_id, pii_caller="138", dialled="5", channel=f"PJSIP/trunk-{n:08}"),
        CallQueued(at=at, call_id=call_id, position=1),
        SeatOffered(at=at, call_id=call_id, seat_id=SeatId(1)),
        CallAnswered(
            at=at, call_id=call_id, seat_id=SeatId(1), wait_s=3, seat_channel="PJSIP/seat1-00000001"
        ),
        CallEnded(at=at, call_id=call_id, cause=16, ended_by=EndedBy.CALLER),
    ]


class House:
    """The services over one database, and what they told."""

    def __init__(self, sessions) -> None:
        bus, clock = Bus(), SteppedClock(NOW)
        self.told: list[Fact] = []
        self.sessions = sessions
        self.calls = CallService(sessions, bus, clock)
        self.tickets = TicketListener(sessions, bus, clock)
        bus.on(CallAnswered, self.tickets.on_answered)
        bus.on_all(self._hear)

    async def _hear(self, fact: Fact) -> None:
        self.told.append(fact)

    async def rows(self, table):
        async with reading(self.sessions) as session:
            return list(await session.scalars(select(table)))


@pytest.fixture
async def services(database_url):
    engine = make_engine(database_url)
    sessions = make_sessions(engine)
    async with transaction(sessions) as session:
        await seats.ensure(session, 5, NOW)
    yield House(sessions)
    await engine.dispose()


async def test_two_tellers_of_the_same_call_at_the_same_moment_leave_it_once(services):
    """The control link and the reader of Asterisk's own file both learn of every call."""
    async with asyncio.timeout(60):
        for fact in life(1):
            kept = await asyncio.gather(*(services.calls.apply(fact) for _ in range(6)))
            assert kept.count(True) == 1, type(fact).__name__
    (call,), (_ring,), (ticket,) = [await services.rows(table) for table in (Call, SeatRing, Ticket)]
    assert (call.state, call.outcome) == (CallState.ENDED, CallOutcome.ANSWERED)
    assert ticket.call_id == "ms-1"
    told = [type(fact) for fact in services.told]
    assert len(await services.rows(EventLogEntry)) == len(told) == 6
    assert told.count(TicketChanged) == 1


async def test_ten_calls_side_by_side_do_not_lock_each_other_out(services):
    async def live(n: int) -> None:
        for fact in life(n):
            assert await services.calls.apply(fact)

    async with asyncio.timeout(60):
        await asyncio.gather(*(live(n) for n in range(10)))
    found = await services.rows(Call)
    assert {call.outcome for call in found} == {CallOutcome.ANSWERED}
    numbers = sorted(ticket.number for ticket in await services.rows(Ticket))
    assert numbers == [f"261124{n:05}" for n in range(1, 11)]


async def test_a_ticket_that_a_crash_left_out_is_opened_once_by_catching_up(services):
    for fact in life(1):
        await services.calls.apply(fact)
    quiet = CallService(services.sessions, Bus(), SteppedClock(NOW))
    for fact in life(2):
        await quiet.apply(fact)
    async with asyncio.timeout(60):
        await asyncio.gather(*(services.tickets.catch_up() for _ in range(4)))
    assert sorted(ticket.call_id or "" for ticket in await services.rows(Ticket)) == ["ms-1", "ms-2"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::17])
async def test_in_any_order_the_log_says_exactly_what_was_kept(services, order):
    facts = life(1)
    kept = [await services.calls.apply(facts[n]) for n in order]
    logged = [entry.kind for entry in await services.rows(EventLogEntry) if entry.kind != "TicketChanged"]
    assert logged == [type(facts[n]).__name__ for n, taken in zip(order, kept, strict=True) if taken]
    assert len(await services.rows(Call)) <= 1
