"""A look at the call-back list while an operator takes one of its lines, on PostgreSQL: both go through."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from core.callback_words import CallbackState
from db.session import make_engine, make_sessions, transaction
from tests.integration.test_callback_lives import RULES, House
from tickets.callbacks import claim, locked

pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
# SQLite lets one writer in at a time: there is no such moment there

WHO_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def test_lines_are_taken_back_while_one_of_them_is_taken_anew(database_url: str) -> None:
    engine = make_engine(database_url)
    house = House(make_sessions(engine))
    try:
        await house.sit("op1", "op2")
        for number in (1, 2):
            await house.call(number, f"1380000000{number}")
            await house.order(claim, number, 1, RULES, house.clock.now())
        house.clock.advance(RULES.lease.total_seconds() + 1)
        async with transaction(house.sessions) as session:  # an operator has the second line, and no more yet
            await locked(session, 2)
            look = asyncio.ensure_future(house.listener.catch_up())
            while not await _waiting(house):
                assert not look.done()
            await claim(session, 2, 2, RULES, house.clock.now())
        await look
        states = {line.id: (line.state, line.owner_id) for line in await house.lines()}
        assert states == {1: (CallbackState.WAITING, None), 2: (CallbackState.CLAIMED, 2)}
    finally:
        await engine.dispose()


async def _waiting(house: House) -> int:
    async with transaction(house.sessions) as session:
        return await session.scalar(text(WHO_WAITS)) or 0
