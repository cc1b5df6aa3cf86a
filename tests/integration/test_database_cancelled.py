"""Whoever is cancelled in the middle of a statement leaves nothing behind that waits for ever."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from db.session import SessionMaker, make_engine, make_sessions, transaction

SLOW = text(
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT count(*) FROM c"
)


async def counts(sessions: SessionMaker, begun: asyncio.Event) -> None:
    async with transaction(sessions) as session:
        await session.execute(text("SELECT 1"))
        begun.set()
        await session.execute(SLOW)


@pytest.mark.parametrize("cancels", [1, 2, 3])
@pytest.mark.parametrize("steps", [1, 3])
async def test_a_stop_never_waits_for_a_connection_that_was_ended_twice(
    tmp_path: Path, cancels: int, steps: int
):
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/house.db")
    before, threads, begun = asyncio.all_tasks(), set(threading.enumerate()), asyncio.Event()
    counting = asyncio.create_task(counts(make_sessions(engine), begun))
    await begun.wait()
    for _ in range(cancels):
        counting.cancel()
        for _ in range(steps):
            await asyncio.sleep(0)
    # As the loop does at its end, with whatever the driver has still under way
    left = asyncio.all_tasks() - before
    for task in left:
        task.cancel()
    _, pending = await asyncio.wait(left, timeout=20) if left else (left, left)
    assert not pending
    await engine.dispose()
    for thread in set(threading.enumerate()) - threads:
        if "_connection_worker" in thread.name:
            await asyncio.to_thread(thread.join, 20)
            assert not thread.is_alive()
