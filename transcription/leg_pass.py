"""The second pass over the recording of each party of a conference, from rows like the call's own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import structlog

from core.bus import Bus
from core.clock import Clock
from core.ids import CallId
from core.vocabulary import RecordingState
from core.words_events import LegFinalised
from db.models.bridge import BridgeAttempt
from db.repositories import event_log, leg_words
from db.repositories.leg_words import Voice
from db.session import SessionMaker, reading, transaction
from transcription.jobs import FileJobs, WorkerAway

log = structlog.get_logger(__name__)

MAX_ATTEMPTS: Final = 3


class LegPass:
    """One recording at a time; repeatable."""

    def __init__(self, folder: Path, sessions: SessionMaker, bus: Bus, clock: Clock, jobs: FileJobs) -> None:
        self._folder = folder
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._jobs = jobs

    async def hear_next(self, worker: int) -> None:
        """Have the oldest recording heard that waits, if one does."""
        async with reading(self._sessions) as session:
            voice = await leg_words.unheard(session)
        if voice is None:
            return
        if voice.file is None or voice.joined_at is None:
            await self._failed(voice, "no sound")
            return
        offset_s = max(0.0, (voice.joined_at - voice.since).total_seconds())
        name = f"leg-{voice.attempt_id}-{self._clock.now().timestamp()}"
        try:
            lines = await self._jobs.hear(worker, name, self._folder / voice.file, offset_s)
        except WorkerAway:
            return
        except (RuntimeError, TimeoutError) as error:
            await self._failed(voice, repr(error))
            return
        fact = LegFinalised(
            at=self._clock.now(),
            bridge_id=voice.bridge_id,
            call_id=CallId(voice.call_id) if voice.call_id else None,
            ticket_id=voice.ticket_id,
            leg_id=voice.leg_id,
            role=voice.role,
            attempt=voice.attempt,
            lines=len(lines),
        )
        async with transaction(self._sessions) as session:
            row = await session.get(BridgeAttempt, voice.attempt_id)
            if row is None or row.sound_state is not RecordingState.JOINED:
                return
            row.sound_state = RecordingState.TRANSCRIBED
            await leg_words.replace_with_final(session, voice, lines)
            await event_log.append(session, fact)
        await self._bus.publish(fact)

    async def _failed(self, voice: Voice, reason: str) -> None:
        log.warning("leg_pass_failed", leg_id=voice.leg_id, reason=reason)
        async with transaction(self._sessions) as session:
            row = await session.get(BridgeAttempt, voice.attempt_id)
            if row is None:
                return
            row.hearings += 1
            if row.hearings >= MAX_ATTEMPTS or voice.file is None:
                row.sound_state = RecordingState.FAILED
