"""The call-back list while somebody has one of its rows, on PostgreSQL: both go through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from core.bridge_events import BridgeTicketed
from core.callback_words import AttemptOutcome, CallbackState
from core.vocabulary import TicketStatus, Urgency
from db.locking import locked as locked_row
from db.models import Bridge, CallbackAttempt, Ticket
from db.repositories import event_log
from db.session import make_engine, make_sessions, transaction
from tests.integration.test_callback_lives import RULES, House, T
from tests.integration.test_callback_parties import OFFICE, asked_back
from tickets.callbacks import begin_attempt, claim, locked, undo_attempt

pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
# SQLite lets one writer in at a time: there is no such moment there

WHO_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    engine = make_engine(database_url)
    made = House(make_sessions(engine))
    await made.sit("op1", "op2")
    yield made
    await engine.dispose()


async def meets(house: House, work: Any) -> asyncio.Future[Any]:
    """Begin, and come back when it waits for what the caller has locked."""
    begun = asyncio.ensure_future(work)
    while not await _waiting(house):
        assert not begun.done()
    return begun


async def test_lines_are_taken_back_while_one_of_them_is_taken_anew(house: House) -> None:
    for number in (1, 2):
        await house.call(number, f"1380000000{number}")
        await house.order(claim, number, 1, RULES, house.clock.now())
    house.clock.advance(RULES.lease.total_seconds() + 1)
    async with transaction(house.sessions) as session:  # an operator has the second line, and no more yet
        await locked(session, 2)
        look = await meets(house, house.listener.catch_up())
        await claim(session, 2, 2, RULES, house.clock.now())
    await look
    states = {line.id: (line.state, line.owner_id) for line in await house.lines()}
    assert states == {1: (CallbackState.WAITING, None), 2: (CallbackState.CLAIMED, 2)}


async def test_parties_are_taken_in_while_the_line_of_one_of_them_is_taken(house: House) -> None:
    await house.call(1, OFFICE)
    await asked_back(house, attempt=1, digits="02356560001", by=None)
    await asked_back(house, attempt=2, by=None)
    async with transaction(house.sessions) as session:
        await locked(session, 1)
        look = await meets(house, house.listener.catch_up())
        await claim(session, 1, 2, RULES, house.clock.now())
    await look
    lines = {line.number: (line.times, line.owner_id) for line in await house.lines()}
    assert lines == {OFFICE: (2, 2), "02356560001": (1, None)}


async def test_a_line_takes_its_ticket_while_that_ticket_is_worked_on(house: House) -> None:
    """The reference locks the ticket too, and is written before the log is."""
    await house.call(1, OFFICE)
    await asked_back(house, attempt=1, by=None)
    async with transaction(house.sessions) as session:
        when = {"created_at": T, "updated_at": T}
        session.add(Ticket(id=1, number="1", status=TicketStatus.DRAFT, urgency=Urgency.URGENT, **when))
        await session.flush()
        (await session.get_one(Bridge, 1)).ticket_id = 1
    async with transaction(house.sessions) as session:
        assert await locked_row(session, Ticket, 1)
        look = await meets(house, house.listener.catch_up())
        about = {"bridge_id": 1, "call_id": None, "ticket_id": 1}
        await event_log.append(session, BridgeTicketed(at=house.clock.now(), **about))
    await look
    assert [(line.times, line.ticket_id) for line in await house.lines()] == [(2, 1)]


async def test_a_press_that_came_to_nothing_while_its_result_is_written_down(house: House) -> None:
    await house.call(1, OFFICE)
    await house.order(claim, 1, 1, RULES, house.clock.now())
    await house.order(begin_attempt, 1, 1, "p1:key", house.clock.now())
    async with transaction(house.sessions) as session:
        line = await locked(session, 1)
        undo = await meets(house, house.order(undo_attempt, "p1:key", RULES, house.clock.now()))
        (await session.get_one(CallbackAttempt, 1)).outcome = AttemptOutcome.BUSY
        await session.flush()
        assert line.state is CallbackState.CALLING
    await undo
    async with transaction(house.sessions) as session:
        assert (await session.get_one(CallbackAttempt, 1)).outcome is AttemptOutcome.BUSY


async def _waiting(house: House) -> int:
    async with transaction(house.sessions) as session:
        return await session.scalar(text(WHO_WAITS)) or 0
