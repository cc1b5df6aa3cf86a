"""An owner ends its tasks, whatever moment it comes in."""

from __future__ import annotations

import asyncio

import pytest

from core import tasks
from core.tasks import TaskGroup


@pytest.mark.parametrize("steps", range(5))
async def test_a_task_that_swallows_a_cancellation_is_cancelled_again(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_S", 0.01)
    group, due = TaskGroup(), asyncio.Event()

    async def look() -> None:
        while True:
            await asyncio.wait_for(due.wait(), 60)
            due.clear()

    looking = group.start("looks", look())
    await asyncio.sleep(0.01)
    due.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    _, waits = await asyncio.wait([asyncio.create_task(group.close())], timeout=5)
    assert not waits
    assert looking.cancelled()
