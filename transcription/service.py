"""Taps each answered call, stores settled lines, tells guesses, and has recordings heard a second time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import structlog

from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.errors import HotlineError
from core.events import (
    CallAnswered,
    CallEnded,
    EngineChanged,
    TranscriptionFailed,
    UtteranceGuessed,
    UtteranceSettled,
)
from core.ids import CallId, LegId, UtteranceId
from core.tasks import TaskGroup
from core.vocabulary import Speaker
from db.repositories import calls, event_log, utterances
from db.session import SessionMaker, transaction
from transcription.client import WorkerClient
from transcription.final_pass import FinalPass
from transcription.ports import AudioTap

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tapped:
    """One leg that is being listened to."""

    leg: LegId
    call_id: CallId
    speaker: Speaker
    worker: int


class TranscriptionService:
    """The control plane's side of transcription. Nothing here is on a call's path."""

    def __init__(
        self, settings: Settings, sessions: SessionMaker, bus: Bus, clock: Clock, tap: AudioTap
    ) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._tap = tap
        self._tasks = TaskGroup()
        self._legs: dict[str, Tapped] = {}
        self.engine: dict[str, Any] = {
            "available": False,
            "model": "",
            "language": "",
            "stand_in": False,
            "reason": "starting",
        }
        count = settings.transcription.workers if settings.transcription.enabled else 0
        if count == 0:
            self.engine["reason"] = "disabled"
        self._settings = settings
        self._count = count
        self._workers: list[WorkerClient] = []
        self.final_pass = FinalPass(settings, sessions, bus, clock)

    async def start(self) -> None:
        """Connect to the workers and begin to look for recordings to hear."""
        self._workers = [
            WorkerClient(self._settings, index, self._heard, self._tasks) for index in range(self._count)
        ]
        self.final_pass.start(self._tasks, self._workers)

    async def close(self) -> None:
        """End; taps die with their calls."""
        await self._tasks.close()

    async def on_call_answered(self, fact: CallAnswered) -> None:
        """Listen to both sides; a second answer of the same call listens to the new seat leg."""
        self._tasks.start(f"tap-{fact.call_id}", self._listen(fact))

    async def on_call_ended(self, fact: CallEnded) -> None:
        """The taps end with the channels; forget what never came."""
        for tapped in [tapped for tapped in self._legs.values() if tapped.call_id == fact.call_id]:
            self._workers[tapped.worker].order(op="forget", leg=tapped.leg)

    async def _listen(self, fact: CallAnswered) -> None:
        worker = next((number for number, one in enumerate(self._workers) if one.available), None)
        if worker is None:
            reason = str(self.engine["reason"] or "worker_away")
            await self._bus.publish(
                TranscriptionFailed(at=self._clock.now(), call_id=fact.call_id, reason=reason)
            )
            return
        async with transaction(self._sessions) as session:
            call = await calls.get(session, fact.call_id)
        if call is None or call.answered_at is None:
            return
        offset_s = max(0.0, (fact.at - call.answered_at).total_seconds())
        heard = {tapped.speaker for tapped in self._legs.values() if tapped.call_id == fact.call_id}
        if Speaker.CALLER not in heard:
            await self._tap_one(worker, fact.call_id, Speaker.CALLER, call.channel, offset_s)
        await self._tap_one(worker, fact.call_id, Speaker.SEAT, fact.seat_channel, offset_s)

    async def _tap_one(
        self, worker: int, call_id: CallId, speaker: Speaker, channel: str, offset_s: float
    ) -> None:
        wide = speaker is Speaker.SEAT
        leg = LegId(str(uuid.uuid4()))
        self._legs[leg] = Tapped(leg, call_id, speaker, worker)
        client = self._workers[worker]
        client.order(op="expect", leg=leg, call_id=call_id, speaker=speaker, offset_s=offset_s, wide=wide)
        try:
            await self._tap.tap(channel, leg, client.address, "slin16" if wide else "slin")
        except HotlineError as error:
            log.warning("tap_failed", call_id=call_id, speaker=speaker, code=error.code)
            self._legs.pop(leg, None)
            client.order(op="forget", leg=leg)

    async def _heard(self, worker: int, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind in ("hello", "gone"):
            await self._engine_changed(worker, message)
        elif kind in ("job_done", "job_failed"):
            self.final_pass.heard(message)
        else:
            await self._leg_said(message)

    async def _leg_said(self, message: dict[str, Any]) -> None:
        tapped = self._legs.get(message["leg"])
        if tapped is None:
            return
        now = self._clock.now()
        if message["kind"] == "guess":
            guess = UtteranceGuessed(
                at=now, call_id=tapped.call_id, speaker=tapped.speaker, pii_text=message["text"], start_s=0.0
            )
            await self._bus.publish(guess)
        elif message["kind"] == "settled":
            await self._settled(tapped, message["line"])
        elif message["kind"] == "shed":
            await self._bus.publish(
                TranscriptionFailed(at=now, call_id=tapped.call_id, reason=message["reason"])
            )
        elif message["kind"] == "leg_ended":
            self._legs.pop(tapped.leg, None)

    async def _settled(self, tapped: Tapped, line: dict[str, Any]) -> None:
        async with transaction(self._sessions) as session:
            row = await utterances.add(
                session, call_id=tapped.call_id, speaker=tapped.speaker, source="live", **line
            )
            fact = UtteranceSettled(
                at=self._clock.now(),
                call_id=tapped.call_id,
                utterance_id=UtteranceId(row.id),
                speaker=tapped.speaker,
                pii_text=line["text"],
                start_s=line["start_s"],
                end_s=line["end_s"],
                confidence=line["confidence"],
            )
            await event_log.append(session, fact)
        await self._bus.publish(fact)

    async def _engine_changed(self, worker: int, message: dict[str, Any]) -> None:
        if message["kind"] == "gone":
            for leg in [leg for leg, tapped in self._legs.items() if tapped.worker == worker]:
                self._legs.pop(leg)
        best = next((one for one in self._workers if one.available), None)
        hello = best.hello if best else message
        self.engine.update(
            available=best is not None,
            model=hello.get("model", self.engine["model"]),
            language=hello.get("language", self.engine["language"]),
            stand_in=hello.get("stand_in", self.engine["stand_in"]),
            reason=hello.get("reason", "worker_away"),
        )
        await self._bus.publish(
            EngineChanged(
                at=self._clock.now(),
                available=self.engine["available"],
                model=self.engine["model"],
                reason=self.engine["reason"],
            )
        )
