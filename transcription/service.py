"""Taps calls and the parties of conferences, hands on what was heard, has recordings heard again."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any, Final

import structlog

from core.bridge_events import BridgeEnded, LegFact
from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.errors import HotlineError
from core.events import CallEnded, CallFact, EngineChanged
from core.ids import LegId
from core.tasks import TaskGroup
from core.vocabulary import Speaker
from db.repositories import calls, leg_words
from db.session import SessionMaker, reading
from transcription import wanted
from transcription.client import WorkerClient
from transcription.final_pass import FinalPass
from transcription.ports import AudioTap
from transcription.telling import Teller
from transcription.wanted import Tapped, Wanted

log = structlog.get_logger(__name__)

MAX_TRIES: Final = 5
"""Taps of one channel; a leg that was given up under load uses up all of them."""
TAP_AGAIN_S: Final = 1.0
"""A tap that ends nearly always ends with its call: wait until that is known."""


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
        self._teller = Teller(sessions, bus, clock)
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
        self.final_pass.start(
            self._tasks, self._workers, lambda: {one.subject for one in self._legs.values()}
        )

    async def close(self) -> None:
        """End; taps die with their calls."""
        await self._tasks.close()

    async def on_call_answered(self, fact: CallFact) -> None:
        """Listen to both sides; a second answer, or a shift leader who takes over, is the new seat leg."""
        self._tasks.start(f"tap-{fact.call_id}", self._listen(fact))

    async def on_call_ended(self, fact: CallEnded) -> None:
        """The taps end with the channels; forget what never came."""
        self._forget(fact.call_id)

    async def on_leg_joined(self, fact: LegFact) -> None:
        """A party is in the room of a conference: listen to it."""
        self._tasks.start(f"tap-leg-{fact.leg_id}", self._listen_to_parties())

    async def on_leg_left(self, fact: LegFact) -> None:
        """A party went out, or was taken out: its words are over, whatever becomes of its channel."""
        for tapped in [one for one in self._legs.values() if one.party == fact.leg_id]:
            self._workers[tapped.worker].order(op="forget", leg=tapped.leg)
            self._tasks.start(f"untap-{tapped.leg}", self._untap(tapped))

    async def on_bridge_ended(self, fact: BridgeEnded) -> None:
        """The conference is over."""
        self._forget(wanted.subject_of(fact.bridge_id))

    def _forget(self, subject: str) -> None:
        for tapped in [one for one in self._legs.values() if one.subject == subject]:
            self._workers[tapped.worker].order(op="forget", leg=tapped.leg)
        self._tries = {key: tries for key, tries in self._tries.items() if key[0] != subject}

    async def _listen(self, fact: CallFact) -> None:
        if self._freest() is None:
            await self._teller.failed(fact.call_id, str(self.engine["reason"] or "worker_away"))
            return
        async with reading(self._sessions) as session:
            call = await calls.get(session, fact.call_id)
            voices = [] if call is None else await wanted.of_talk(session, call)
        await self._tap_missing(voices)

    async def _listen_to_parties(self) -> None:
        async with reading(self._sessions) as session:
            parties = await wanted.of_parties(session)
        await self._tap_missing(parties)

    async def _tap_everybody(self, after_s: float = 0.0) -> None:
        """Listen (again) to every talk that nobody listens to: a worker came back, or a tap broke."""
        await asyncio.sleep(after_s)
        async with reading(self._sessions) as session:
            voices = await wanted.everybody(session)
        await self._tap_missing(voices)

    async def _tap_missing(self, voices: Sequence[Wanted]) -> None:
        new: list[tuple[Tapped, float]] = []
        for one in voices:
            worker = self._freest()
            tries = self._tries.get((one.subject, one.channel), 0)
            have = any(tapped.channel == one.channel for tapped in self._legs.values())
            if worker is None or have or tries >= MAX_TRIES:
                continue
            # Noted before the first await, so that nobody else taps the same channel
            self._tries[one.subject, one.channel] = tries + 1
            tapped = Tapped(
                LegId(str(uuid.uuid4())), one.subject, one.speaker, one.channel, worker, one.voice
            )
            self._legs[tapped.leg] = tapped
            new.append((tapped, max(0.0, (self._clock.now() - one.since).total_seconds())))
        for tapped, offset_s in new:
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
            call_id=tapped.subject,
            speaker=tapped.speaker,
            channel=tapped.channel,
            offset_s=offset_s,
            party=tapped.party,
        )
        codec = "slin16" if tapped.speaker is Speaker.SEAT else "slin"
        try:
            await self._tap.tap(tapped.channel, tapped.leg, client.address, codec)
        except HotlineError as error:
            log.warning("tap_failed", call_id=tapped.subject, speaker=tapped.speaker, code=error.code)
            self._legs.pop(tapped.leg, None)
            client.order(op="forget", leg=tapped.leg)
            if tapped.voice is None and self._tries.get((tapped.subject, tapped.channel)) == 1:
                # A later try fails most often because the call has just ended
                await self._teller.failed(tapped.subject, "tap_failed")

    async def _heard(self, worker: int, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind in ("hello", "gone"):
            await self._engine_changed(worker, message)
        elif kind in ("job_done", "job_failed", "job_going"):
            self.final_pass.jobs.heard(message)
        else:
            await self._leg_said(message)

    async def _leg_said(self, message: dict[str, Any]) -> None:
        tapped = self._legs.get(message["leg"])
        if tapped is None:
            return
        if message["kind"] == "guess":
            await self._teller.guessed(tapped, message["text"])
        elif message["kind"] == "settled":
            await self._teller.settled(tapped, message["line"])
        elif message["kind"] == "shed":
            self._tries[tapped.subject, tapped.channel] = MAX_TRIES
            self._tasks.start(f"untap-{tapped.leg}", self._untap(tapped))
            if tapped.voice is None:
                await self._teller.failed(tapped.subject, message["reason"])
        elif message["kind"] == "leg_ended":
            self._legs.pop(tapped.leg, None)
            self._tasks.start("tap-again", self._tap_everybody(TAP_AGAIN_S))

    async def _untap(self, tapped: Tapped) -> None:
        """Nobody hears it any more; Asterisk need not copy it. The recording is heard afterwards."""
        try:
            await self._tap.untap(tapped.leg)
        except HotlineError as error:
            log.warning("untap_failed", call_id=tapped.subject, code=error.code)

    async def _adopt(self, worker: int, leg: dict[str, Any]) -> None:
        """A leg outlived our connection or ourselves: go on with it, unless another took its place."""
        voice = None
        if leg["party"]:
            async with reading(self._sessions) as session:
                voice = next(iter(await leg_words.of_legs(session, [leg["party"]])), None)
        tapped = Tapped(
            LegId(leg["leg"]), leg["call_id"], Speaker(leg["speaker"]), leg["channel"], worker, voice
        )
        others = [one for one in self._legs.values() if one.leg != tapped.leg]
        if any(one.channel == tapped.channel for one in others) or (leg["party"] and voice is None):
            self._workers[worker].order(op="forget", leg=tapped.leg)
            self._tasks.start(f"untap-{tapped.leg}", self._untap(tapped))
        else:
            self._legs[tapped.leg] = tapped

    async def _engine_changed(self, worker: int, message: dict[str, Any]) -> None:
        if message["kind"] == "gone":
            self.final_pass.jobs.gone(worker)
            lost = [tapped for tapped in self._legs.values() if tapped.worker == worker]
            for tapped in lost:
                del self._legs[tapped.leg]
            for call_id in sorted({tapped.subject for tapped in lost if tapped.voice is None}):
                await self._teller.failed(call_id, "worker_away")
        for leg in message.get("legs", ()):
            await self._adopt(worker, leg)
        if message.get("available"):
            self._tasks.start("tap-everybody", self._tap_everybody())
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
