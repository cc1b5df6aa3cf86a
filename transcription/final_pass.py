"""The second pass: joined recordings are heard again, from rows, so that a crash only delays it."""

from __future__ import annotations

import asyncio
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


class FinalPass:
    """One recording at a time; repeatable."""

    def __init__(self, settings: Settings, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        self._folder = settings.recordings_dir
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._workers: list[WorkerClient] = []
        self._jobs: dict[str, asyncio.Future[list[dict[str, Any]]]] = {}

    def start(self, tasks: TaskGroup, workers: list[WorkerClient]) -> None:
        """Begin to look."""
        self._workers = workers
        tasks.run_forever("final-pass", self._run)

    def heard(self, message: dict[str, Any]) -> None:
        """A worker's answer to a file job."""
        job = self._jobs.get(message["job"])
        if job is None or job.done():
            return
        if message["kind"] == "job_done":
            job.set_result(message["lines"])
        else:
            job.set_exception(RuntimeError(message["reason"]))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            worker = next((one for one in self._workers if one.available), None)
            if worker is None:
                continue
            async with transaction(self._sessions) as session:
                waiting = await recordings.in_state(session, RecordingState.JOINED, limit=1)
            for recording in waiting:
                await self._hear(worker, recording)

    async def _hear(self, worker: WorkerClient, recording: Recording) -> None:
        lines: list[Utterance] = []
        try:
            for speaker, file in (
                (Speaker.CALLER, recording.caller_file),
                (Speaker.SEAT, recording.seat_file),
            ):
                if file is not None:
                    heard = await self._job(worker, recording, speaker, str(self._folder / file))
                    lines += [Utterance(speaker=speaker, **line) for line in heard]
        except (RuntimeError, TimeoutError) as error:
            await self._failed(recording, repr(error))
            return
        async with transaction(self._sessions) as session:
            row = await recordings.get(session, recording.id)
            if row is None or row.state is not RecordingState.JOINED:
                return
            await utterances.replace_with_final(session, row.call_id, lines)
            row.state = RecordingState.TRANSCRIBED
            fact = TranscriptFinalised(at=self._clock.now(), call_id=CallId(row.call_id), lines=len(lines))
            await event_log.append(session, fact)
        await self._bus.publish(fact)

    async def _job(
        self, worker: WorkerClient, recording: Recording, speaker: Speaker, path: str
    ) -> list[dict[str, Any]]:
        job = f"{recording.id}-{speaker}-{recording.attempts}"
        self._jobs[job] = asyncio.get_running_loop().create_future()
        try:
            if not worker.order(op="file", job=job, path=path, narrow=speaker is Speaker.CALLER):
                raise RuntimeError("worker away")
            async with asyncio.timeout(JOB_LIMIT_S):
                return await self._jobs[job]
        finally:
            del self._jobs[job]

    async def _failed(self, recording: Recording, reason: str) -> None:
        log.warning("final_pass_failed", call_id=recording.call_id, reason=reason)
        async with transaction(self._sessions) as session:
            row = await recordings.get(session, recording.id)
            if row is not None:
                row.attempts += 1
                row.problem = reason[:300]
                if row.attempts >= MAX_ATTEMPTS:
                    row.state = RecordingState.FAILED
