"""The only place where a task is created: kept, named, restarted, and ended with its owner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)

MAX_BACKOFF_S = 10.0
CANCEL_AGAIN_S = 3.0
"""Longer than a task's own tidying up takes; the supervisor kills a process after 8 s."""


class TaskGroup:
    """The long-running and short-lived tasks of one owner; `close` ends them all."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run once; an error is logged, never lost."""
        if self._closed:
            work.close()
            raise RuntimeError(f"{name} was started after its owner closed")
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def run_forever(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[Any]:
        """Run, and run again after an error with growing pauses up to 10 s. A normal return ends it."""
        return self.start(name, _forever(name, work))

    async def close(self) -> None:
        """Cancel everything and wait until it is gone.

        Again after a while: `asyncio.wait_for` of Python 3.11 swallows a cancellation that comes just when
        what it waits for is there (python/cpython#86296). Its task would go on, and be waited for for ever.
        """
        self._closed = True
        while tasks := [
            task for task in self._tasks if task is not asyncio.current_task() and not task.done()
        ]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_AGAIN_S)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), exc_info=error)


async def _forever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    pause_s = 0.1
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await work()
            return
        except Exception:
            log.exception("task_restarts", task=name, pause_s=pause_s)
        if loop.time() - began > MAX_BACKOFF_S:
            pause_s = 0.1
        await asyncio.sleep(pause_s)
        pause_s = min(MAX_BACKOFF_S, pause_s * 2)
