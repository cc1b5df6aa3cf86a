"""The second pass: joined recordings are heard again, from rows, so that a crash only delays it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.events import TranscriptFinalised
from core.ids import CallId
from core.tasks import TaskGroup
from core.vocabulary import RecordingState, Speaker
from db.models import Recording, Utterance
from db.repositories import event_log, recordings, utterances
from db.session import SessionMaker, transaction
from transcription.client import WorkerClient

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 1.0
JOB_LIMIT_S: Final = 900.0
MAX_ATTEMPTS: Final = 3


class WorkerAway(RuntimeError):
    """The worker takes no orders."""


class WorkerGone(RuntimeError):
    """The worker went away in the middle; it counts as an attempt, for the file may have killed it."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    worker: int
    answer: asyncio.Future[list[dict[str, Any]]]


class FinalPass:
    """One recording at a time; repeatable."""

    def __init__(self, settings: Settings, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        self._folder = settings.recordings_dir
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._workers: list[WorkerClient] = []
        self._jobs: dict[str, _Waiting] = {}

    def start(self, tasks: TaskGroup, workers: list[WorkerClient]) -> None:
        """Begin to look."""
        self._workers = workers
        tasks.run_forever("final-pass", self._run)

    def heard(self, message: dict[str, Any]) -> None:
        """A worker's answer to a file job."""
        waiting = self._jobs.get(message["job"])
        if waiting is None or waiting.answer.done():
            return
        if message["kind"] == "job_done":
            waiting.answer.set_result(message["lines"])
        else:
            waiting.answer.set_exception(RuntimeError(message["reason"]))

    def gone(self, worker: int) -> None:
        """A worker died or stands still: what it was hearing is asked again."""
        for waiting in self._jobs.values():
            if waiting.worker == worker and not waiting.answer.done():
                waiting.answer.set_exception(WorkerGone())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            able = [index for index, one in enumerate(self._workers) if one.available]
            if not able:
                continue
            async with transaction(self._sessions) as session:
                waiting = await recordings.in_state(session, RecordingState.JOINED, limit=1)
            for recording in waiting:
                await self._hear(able[-1], recording)

    async def _hear(self, worker: int, recording: Recording) -> None:
        """All recordings of the call together, since their lines take the place of all earlier ones."""
        async with transaction(self._sessions) as session:
            parts = [
                part
                for part in await recordings.of_call(session, recording.call_id)
                if part.state in (RecordingState.JOINED, RecordingState.TRANSCRIBED)
            ]
        try:
            lines = [line for part in parts for line in await self._lines(worker, part, parts)]
        except WorkerAway:
            return  # nothing was tried
        except (RuntimeError, TimeoutError) as error:
            await self._failed(recording, repr(error))
            return
        async with transaction(self._sessions) as session:
            rows = [await recordings.get(session, part.id) for part in parts]
            if not any(row is not None and row.state is RecordingState.JOINED for row in rows):
                return
            await utterances.replace_with_final(session, recording.call_id, lines)
            for row in rows:
                if row is not None:
                    row.state, row.problem = RecordingState.TRANSCRIBED, None
            call_id = CallId(recording.call_id)
            fact = TranscriptFinalised(at=self._clock.now(), call_id=call_id, lines=len(lines))
            await event_log.append(session, fact)
        await self._bus.publish(fact)

    async def _lines(self, worker: int, part: Recording, parts: list[Recording]) -> list[Utterance]:
        begin = min(one.started_at for one in parts)
        offset_s = (part.started_at - begin).total_seconds()
        lines: list[Utterance] = []
        for speaker, file in ((Speaker.CALLER, part.caller_file), (Speaker.SEAT, part.seat_file)):
            if file is not None:
                name = f"{part.id}-{speaker}-{part.attempts}"
                heard = await self._job(worker, name, self._folder / file, offset_s)
                lines += [Utterance(speaker=speaker, **line) for line in heard]
        return lines

    async def _job(self, worker: int, name: str, path: Path, offset_s: float) -> list[dict[str, Any]]:
        waiting = _Waiting(worker, asyncio.get_running_loop().create_future())
        self._jobs[name] = waiting
        try:
            if not self._workers[worker].order(op="file", job=name, path=str(path), offset_s=offset_s):
                raise WorkerAway
            async with asyncio.timeout(JOB_LIMIT_S):
                return await waiting.answer
        finally:
            del self._jobs[name]

    async def _failed(self, recording: Recording, reason: str) -> None:
        log.warning("final_pass_failed", call_id=recording.call_id, reason=reason)
        async with transaction(self._sessions) as session:
            row = await recordings.get(session, recording.id)
            if row is not None:
                row.attempts += 1
                row.problem = reason[:300]
                if row.attempts >= MAX_ATTEMPTS:
                    row.state = RecordingState.FAILED
