"""Files that a worker is asked to hear: one order, one answer, or the reason why there is none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from transcription.client import WorkerClient

JOB_LIMIT_S: Final = 900.0
"""How long a file may stand still. Not how long it may take: that grows with the call and with the hour."""


class WorkerAway(RuntimeError):
    """The worker takes no orders."""


class WorkerGone(RuntimeError):
    """The worker went away in the middle; it counts as an attempt, for the file may have killed it."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    worker: int
    answer: asyncio.Future[list[dict[str, Any]]]
    limit: asyncio.Timeout


class FileJobs:
    """What is being heard, by name."""

    def __init__(self) -> None:
        self.workers: list[WorkerClient] = []
        self.waiting: dict[str, _Waiting] = {}

    def heard(self, message: dict[str, Any]) -> None:
        """A worker's answer, or that it goes on."""
        waiting = self.waiting.get(message["job"])
        if waiting is None or waiting.answer.done():
            return
        if message["kind"] == "job_going":
            waiting.limit.reschedule(asyncio.get_running_loop().time() + JOB_LIMIT_S)
        elif message["kind"] == "job_done":
            waiting.answer.set_result(message["lines"])
        else:
            waiting.answer.set_exception(RuntimeError(message["reason"]))

    def gone(self, worker: int) -> None:
        """A worker died or stands still: what it was hearing is asked again."""
        for waiting in self.waiting.values():
            if waiting.worker == worker and not waiting.answer.done():
                waiting.answer.set_exception(WorkerGone())

    async def hear(self, worker: int, name: str, path: Path, offset_s: float) -> list[dict[str, Any]]:
        """The lines of a file, whose first second is `offset_s`.

        Raises:
            WorkerAway: nothing was tried.
            RuntimeError, TimeoutError: it was tried in vain.
        """
        async with asyncio.timeout(JOB_LIMIT_S) as limit:
            waiting = _Waiting(worker, asyncio.get_running_loop().create_future(), limit)
            self.waiting[name] = waiting
            try:
                order: dict[str, Any] = {"job": name, "path": str(path), "offset_s": offset_s}
                if not self.workers[worker].order(op="file", **order):
                    raise WorkerAway
                return await waiting.answer
            finally:
                del self.waiting[name]
