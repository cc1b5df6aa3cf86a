"""Taps each answered call, stores settled lines, tells guesses, and has recordings heard a second time."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any, Final

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
from core.vocabulary import CallState, Speaker
from db.models import Call
from db.repositories import calls, event_log, utterances
from db.session import SessionMaker, transaction
from transcription.client import WorkerClient
from transcription.final_pass import FinalPass
from transcription.ports import AudioTap

log = structlog.get_logger(__name__)

LISTENED: Final = (CallState.TALKING, CallState.HELD)
MAX_TRIES: Final = 5
"""Taps of one channel; a leg that was given up under load uses up all of them."""
TAP_AGAIN_S: Final = 1.0
"""A tap that ends nearly always ends with its call: wait until that is known."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """One leg that is being listened to."""

    leg: LegId
    call_id: CallId
    speaker: Speaker
    channel: str
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
        self._tries: dict[tuple[str, str], int] = {}
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
        for tapped in self._of_call(fact.call_id):
            self._workers[tapped.worker].order(op="forget", leg=tapped.leg)
        self._tries = {key: tries for key, tries in self._tries.items() if key[0] != fact.call_id}

    def _of_call(self, call_id: str) -> list[Tapped]:
        return [tapped for tapped in self._legs.values() if tapped.call_id == call_id]

    async def _listen(self, fact: CallAnswered) -> None:
        if self._freest() is None:
            reason = str(self.engine["reason"] or "worker_away")
            await self._bus.publish(
                TranscriptionFailed(at=self._clock.now(), call_id=fact.call_id, reason=reason)
            )
            return
        async with transaction(self._sessions) as session:
            call = await calls.get(session, fact.call_id)
        if call is not None:
            await self._tap_missing(call)

    async def _tap_open_calls(self, after_s: float = 0.0) -> None:
        """Listen (again) to every talk that nobody listens to: a worker came back, or a tap broke."""
        await asyncio.sleep(after_s)
        async with transaction(self._sessions) as session:
            open_calls = await calls.open_calls(session)
        for call in open_calls:
            await self._tap_missing(call)

    async def _tap_missing(self, call: Call) -> None:
        worker = self._freest()
        if worker is None or call.answered_at is None or call.state not in LISTENED:
            return
        offset_s = max(0.0, (self._clock.now() - call.answered_at).total_seconds())
        wanted = ((Speaker.CALLER, call.channel), (Speaker.SEAT, call.seat_channel))
        have = {tapped.channel for tapped in self._of_call(call.id)}
        new: list[Tapped] = []
        for speaker, channel in wanted:
            tries = self._tries.get((call.id, channel or ""), 0)
            if channel is None or channel in have or tries >= MAX_TRIES:
                continue
            # Noted before the first await, so that nobody else taps the same channel
            self._tries[call.id, channel] = tries + 1
            tapped = Tapped(LegId(str(uuid.uuid4())), CallId(call.id), speaker, channel, worker)
            self._legs[tapped.leg] = tapped
            new.append(tapped)
        for tapped in new:
            await self._tap_one(tapped, offset_s)

    def _freest(self) -> int | None:
        """The worker with the fewest legs."""
        load = [0] * len(self._workers)
        for tapped in self._legs.values():
            load[tapped.worker] += 1
        able = [number for number, one in enumerate(self._workers) if one.available]
        return min(able, key=lambda number: load[number], default=None)

    async def _tap_one(self, tapped: Tapped, offset_s: float) -> None:
        client = self._workers[tapped.worker]
        client.order(
            op="expect",
            leg=tapped.leg,
            call_id=tapped.call_id,
            speaker=tapped.speaker,
            channel=tapped.channel,
            offset_s=offset_s,
        )
        codec = "slin16" if tapped.speaker is Speaker.SEAT else "slin"
        try:
            await self._tap.tap(tapped.channel, tapped.leg, client.address, codec)
        except HotlineError as error:
            log.warning("tap_failed", call_id=tapped.call_id, speaker=tapped.speaker, code=error.code)
            self._legs.pop(tapped.leg, None)
            client.order(op="forget", leg=tapped.leg)

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
            self._tries[tapped.call_id, tapped.channel] = MAX_TRIES
            self._tasks.start(f"untap-{tapped.leg}", self._untap(tapped))
            await self._bus.publish(
                TranscriptionFailed(at=now, call_id=tapped.call_id, reason=message["reason"])
            )
        elif message["kind"] == "leg_ended":
            self._legs.pop(tapped.leg, None)
            self._tasks.start("tap-again", self._tap_open_calls(TAP_AGAIN_S))

    async def _untap(self, tapped: Tapped) -> None:
        """Nobody hears it any more; Asterisk need not copy it. The recording is heard afterwards."""
        try:
            await self._tap.untap(tapped.leg)
        except HotlineError as error:
            log.warning("untap_failed", call_id=tapped.call_id, code=error.code)

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

    def _adopt(self, worker: int, leg: dict[str, str]) -> None:
        """A leg outlived our connection or ourselves: go on with it, unless another took its place."""
        tapped = Tapped(
            LegId(leg["leg"]), CallId(leg["call_id"]), Speaker(leg["speaker"]), leg["channel"], worker
        )
        others = [one for one in self._of_call(tapped.call_id) if one.leg != tapped.leg]
        if any(one.channel == tapped.channel for one in others):
            self._workers[worker].order(op="forget", leg=tapped.leg)
            self._tasks.start(f"untap-{tapped.leg}", self._untap(tapped))
        else:
            self._legs[tapped.leg] = tapped

    async def _engine_changed(self, worker: int, message: dict[str, Any]) -> None:
        if message["kind"] == "gone":
            self.final_pass.gone(worker)
            for leg in [leg for leg, tapped in self._legs.items() if tapped.worker == worker]:
                del self._legs[leg]
        for leg in message.get("legs", ()):
            self._adopt(worker, leg)
        if message.get("available"):
            self._tasks.start("tap-open-calls", self._tap_open_calls())
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
