"""A file that a worker is asked to hear may take as long as it goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from transcription.jobs import JOB_LIMIT_S, FileJobs, WorkerAway


class Worker:
    """Takes orders, or does not."""

    def __init__(self, *, there: bool = True) -> None:
        self.there = there
        self.orders: list[dict[str, Any]] = []

    def order(self, **order: Any) -> bool:
        self.orders.append(order)
        return self.there


async def begun(worker: Worker) -> tuple[FileJobs, asyncio.Task[list[dict[str, Any]]]]:
    jobs = FileJobs()
    jobs.workers = [worker]  # type: ignore[list-item]
    hearing = asyncio.ensure_future(jobs.hear(0, "one", Path("call.wav"), 0.0))
    await asyncio.sleep(0)
    return jobs, hearing


async def test_a_long_file_that_goes_on_is_waited_for() -> None:
    jobs, hearing = await begun(Worker())
    limit = jobs.waiting["one"].limit
    limit.reschedule(asyncio.get_running_loop().time() + 1.0)
    jobs.heard({"kind": "job_going", "job": "one"})
    when = limit.when()
    assert when is not None
    assert when > asyncio.get_running_loop().time() + JOB_LIMIT_S / 2
    jobs.heard({"kind": "job_done", "job": "one", "lines": [{"text": "好"}]})
    assert await hearing == [{"text": "好"}]
    assert jobs.waiting == {}


async def test_a_file_that_stands_still_is_given_up_and_forgotten() -> None:
    jobs, hearing = await begun(Worker())
    jobs.waiting["one"].limit.reschedule(asyncio.get_running_loop().time())
    with pytest.raises(TimeoutError):
        await hearing
    jobs.heard({"kind": "job_going", "job": "one"})
    assert jobs.waiting == {}


async def test_without_a_worker_nothing_was_tried() -> None:
    _, hearing = await begun(Worker(there=False))
    with pytest.raises(WorkerAway):
        await hearing
