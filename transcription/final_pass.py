"""The second pass: joined recordings are heard again, from rows, so that a crash only delays it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.events import TranscriptFinalised
from core.ids import CallId
from core.tasks import TaskGroup
from core.vocabulary import RecordingState, Speaker
from db.models import Recording, Utterance
from db.repositories import calls, event_log, leg_words, recordings, utterances
from db.session import SessionMaker, transaction
from transcription.client import WorkerClient
from transcription.jobs import FileJobs, WorkerAway
from transcription.leg_pass import LegPass

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 1.0
MAX_ATTEMPTS: Final = 3


class FinalPass:
    """One recording at a time; repeatable."""

    def __init__(self, settings: Settings, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        self._folder = settings.recordings_dir
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self.jobs = FileJobs()
        self._still_heard: Callable[[], Collection[str]] = tuple
        self._legs = LegPass(self._folder, sessions, bus, clock, self.jobs)

    def start(
        self, tasks: TaskGroup, workers: list[WorkerClient], still_heard: Callable[[], Collection[str]]
    ) -> None:
        """Begin to look. `still_heard` tells the calls of which live lines may yet come: theirs wait."""
        self.jobs.workers = workers
        self._still_heard = still_heard
        tasks.run_forever("final-pass", self._run)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            able = [index for index, one in enumerate(self.jobs.workers) if one.available]
            if not able:
                continue
            async with transaction(self._sessions) as session:
                waiting = await recordings.in_state(session, RecordingState.JOINED)
            # A live line that came after the second pass would stand beside what it heard of the same words
            late = set(self._still_heard())
            recording = next((one for one in waiting if one.call_id not in late), None)
            if recording is not None:
                await self._hear(able[-1], recording)
            else:
                await self._legs.hear_next(able[-1])

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
            kept, lines = await self._of_the_seat_alone(session, recording.call_id, lines)
            await utterances.replace_with_final(session, recording.call_id, lines, keep=kept)
            for row in rows:
                if row is not None:
                    row.state, row.problem = RecordingState.TRANSCRIBED, None
            call_id = CallId(recording.call_id)
            fact = TranscriptFinalised(at=self._clock.now(), call_id=call_id, lines=len(lines))
            await event_log.append(session, fact)
        await self._bus.publish(fact)

    async def _of_the_seat_alone(
        self, session: AsyncSession, call_id: str, lines: list[Utterance]
    ) -> tuple[list[int], list[Utterance]]:
        """In a conference the caller's ear got everybody: there the seat's live lines stay instead.

        The others' words come from their own recordings. Returns ids of lines to keep, and lines to store.
        """
        call = await calls.get(session, call_id)
        windows = await leg_words.windows(session, call) if call is not None else []
        mixed = [line for line in lines if line.speaker is Speaker.SEAT and _within(line, windows)]
        return await utterances.seat_said(session, call_id, windows), [
            line for line in lines if line not in mixed
        ]

    async def _lines(self, worker: int, part: Recording, parts: list[Recording]) -> list[Utterance]:
        begin = min(one.started_at for one in parts)
        offset_s = (part.started_at - begin).total_seconds()
        lines: list[Utterance] = []
        for speaker, file in ((Speaker.CALLER, part.caller_file), (Speaker.SEAT, part.seat_file)):
            if file is not None:
                name = f"{part.id}-{speaker}-{part.attempts}"
                heard = await self.jobs.hear(worker, name, self._folder / file, offset_s)
                lines += [Utterance(speaker=speaker, **line) for line in heard]
        for number, (file, at_s) in enumerate(part.lead_files or ()):
            name = f"{part.id}-{Speaker.LEADER}-{number}-{part.attempts}"
            heard = await self.jobs.hear(worker, name, self._folder / file, offset_s + at_s)
            lines += [Utterance(speaker=Speaker.LEADER, **line) for line in heard]
        return lines

    async def _failed(self, recording: Recording, reason: str) -> None:
        log.warning("final_pass_failed", call_id=recording.call_id, reason=reason)
        async with transaction(self._sessions) as session:
            row = await recordings.get(session, recording.id)
            if row is not None:
                row.attempts += 1
                row.problem = reason[:300]
                if row.attempts >= MAX_ATTEMPTS:
                    row.state = RecordingState.FAILED


def _within(line: Utterance, windows: list[tuple[float, float]]) -> bool:
    middle_s = (line.start_s + line.end_s) / 2
    return any(begin_s <= middle_s <= end_s for begin_s, end_s in windows)
