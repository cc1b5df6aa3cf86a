"""The rehearsal of a press, on both databases: it asks everything and leaves nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from api.bridge_ports import HouseDirectory
from api.rehearsal import rehearse
from core.clock import SystemClock
from db.base import Base
from db.session import make_engine, make_sessions, reading


@pytest.fixture
async def engine(database_url):
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()


async def test_a_rehearsal_leaves_no_row_and_spares_the_first_press_the_working_out(engine):
    sessions, clock = make_sessions(engine), SystemClock()

    async def counts() -> dict[str, int]:
        async with reading(sessions) as session:
            tables = Base.metadata.sorted_tables
            return {
                one.name: await session.scalar(select(func.count()).select_from(one)) or 0 for one in tables
            }

    before = await counts()
    await rehearse(sessions, clock, HouseDirectory(sessions, clock))
    assert await counts() == before
    known = len(engine.sync_engine._compiled_cache)
    await rehearse(sessions, clock, HouseDirectory(sessions, clock))
    assert len(engine.sync_engine._compiled_cache) == known > 20
