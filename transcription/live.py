"""Live legs of one worker: bounded waiting sound, recognition in threads, shedding when it falls behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog

from core.tasks import TaskGroup
from core.vocabulary import Speaker
from transcription.ear import Ear, Line
from transcription.front_end import NARROW_RATE_HZ
from transcription.recognizer import MODEL_RATE_HZ, Guess, RecognizerFactory

log = structlog.get_logger(__name__)

Tell = Callable[[dict[str, Any]], None]

HEARD_RATES_HZ: Final = (NARROW_RATE_HZ, MODEL_RATE_HZ)
GUESSES_PART: Final = 1 / 6
SHED_PART: Final = {Speaker.SEAT: 5 / 12, Speaker.OUTSIDE: 2 / 3, Speaker.CALLER: 1.0}
"""Of the limit of waiting sound: beyond the first guesses stop, beyond its own a leg is given up; so the seat
goes first, then parties outside, the caller last."""
SHED_PAUSE_S: Final = 3.0
"""After giving up one leg the others get this long to catch up, up to twice their limit."""
PIECE_S: Final = 0.2
"""The engine works markedly faster on 200 ms at once than on 20 ms."""
EXPECTED_LIMIT: Final = 1000


@dataclass(eq=False)
class LiveLeg:
    """One leg while it streams."""

    leg: str
    call_id: str
    speaker: Speaker
    offset_s: float
    channel: str = ""
    party: int = 0
    """Which leg of a conference it is, for whoever gave the order; 0 for none."""
    limit_s: float = 12.0
    """Waiting sound beyond which it is given up."""
    rate_hz: int = 0
    """Samples a second, told by the first piece; 0 before it."""
    waiting: deque[bytes] = field(default_factory=deque[bytes])
    waiting_s: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    shed: bool = False
    shed_reason: str = ""

    def sound(self, pcm: bytes, rate_hz: int) -> None:
        """Take a piece; never waits, never grows beyond twice the limit."""
        if self.shed:
            return
        if not self.rate_hz and rate_hz in HEARD_RATES_HZ:
            self.rate_hz = rate_hz
        if rate_hz != self.rate_hz or self.waiting_s > 2 * self.limit_s:
            log.warning("leg_unusable", call_id=self.call_id, rate_hz=rate_hz, waiting_s=self.waiting_s)
            self.give_up()
            return
        self.waiting.append(pcm)
        self.waiting_s += len(pcm) / 2 / rate_hz
        self.wake.set()

    def ended(self) -> None:
        """The tap is gone; what waits is still heard."""
        self.over = True
        self.wake.set()

    def give_up(self, reason: str = "overload") -> None:
        """Take nothing more and forget what waits."""
        if not self.shed:
            self.shed, self.shed_reason = True, reason
        self.waiting.clear()
        self.waiting_s = 0.0
        self.wake.set()

    @property
    def guessing(self) -> bool:
        """Whether there is time for guesses."""
        return self.waiting_s < self.limit_s * GUESSES_PART

    async def some(self) -> bool:
        """Wait until a piece is worth the engine's while; False when there is no more to come."""
        while not self.over and not self.shed and self.waiting_s < PIECE_S:
            self.wake.clear()
            await self.wake.wait()
        return bool(self.waiting)

    def take(self) -> bytes:
        """All that waits, up to a second."""
        taken = bytearray()
        while self.waiting and len(taken) < self.rate_hz * 2:
            taken += self.waiting.popleft()
        self.waiting_s = max(0.0, self.waiting_s - len(taken) / 2 / self.rate_hz)
        return bytes(taken)


class LiveLegs:
    """Which legs are expected and which are streaming."""

    def __init__(
        self, make: RecognizerFactory, threads: Executor, tasks: TaskGroup, limit: int, tell: Tell
    ) -> None:
        self._make = make
        self._threads = threads
        self._tasks = tasks
        self._limit = limit
        self._tell = tell
        self._expected: dict[str, LiveLeg] = {}
        self._live: dict[str, LiveLeg] = {}
        self._shed_at = -SHED_PAUSE_S

    @property
    def waiting_s(self) -> float:
        """The longest backlog of all live legs, in seconds."""
        return max((leg.waiting_s for leg in self._live.values()), default=0.0)

    @property
    def count(self) -> int:
        """How many legs are streaming."""
        return len(self._live)

    def streaming(self) -> list[dict[str, Any]]:
        """Whose legs are streaming, for somebody who has just connected."""
        return [
            {
                "leg": leg.leg,
                "call_id": leg.call_id,
                "speaker": leg.speaker,
                "channel": leg.channel,
                "party": leg.party,
            }
            for leg in self._live.values()
        ]

    def expect(self, leg: LiveLeg) -> None:
        """A tap will come with this id."""
        self._expected[leg.leg] = leg
        while len(self._expected) > EXPECTED_LIMIT:  # taps that never came and nobody forgot
            del self._expected[next(iter(self._expected))]

    def forget(self, leg_id: str) -> None:
        """No longer wanted."""
        if self._expected.pop(leg_id, None) is not None:
            self._tell({"kind": "leg_ended", "leg": leg_id})
        live = self._live.get(leg_id)
        if live is not None:
            live.ended()

    def admit(self, leg_id: str) -> LiveLeg | None:
        """The leg of a tap that connects, or None to refuse it."""
        leg = self._expected.pop(leg_id, None)
        if leg is None:
            return None
        if sum(not one.shed for one in self._live.values()) >= self._limit and not self._make_room(leg):
            self._tell({"kind": "shed", "leg": leg_id, "reason": "limit"})
            self._tell({"kind": "leg_ended", "leg": leg_id})
            return None
        self._live[leg_id] = leg
        self._tasks.start(f"leg-{leg_id}", self._run(leg))
        return leg

    def _make_room(self, leg: LiveLeg) -> bool:
        """Give up somebody who matters less, the latest first; False where nobody does."""
        keep = SHED_PART[leg.speaker]
        lesser = [one for one in self._live.values() if not one.shed and SHED_PART[one.speaker] < keep]
        if not lesser:
            return False
        chosen = min(reversed(lesser), key=lambda one: SHED_PART[one.speaker])
        chosen.give_up("limit")
        return True

    async def _run(self, leg: LiveLeg) -> None:
        reason = "failed"
        try:
            reason = await self._hear(leg)
        finally:
            leg.give_up()
            del self._live[leg.leg]
            if reason:
                log.warning("leg_shed", call_id=leg.call_id, speaker=leg.speaker, reason=reason)
                self._tell({"kind": "shed", "leg": leg.leg, "reason": reason})
            self._tell({"kind": "leg_ended", "leg": leg.leg})

    async def _hear(self, leg: LiveLeg) -> str:
        """Until its end; why it was given up, or nothing."""
        loop = asyncio.get_running_loop()
        recognizer = await loop.run_in_executor(self._threads, self._make)
        ear: Ear | None = None
        while await leg.some():
            if self._must_shed(leg):
                return "overload"
            ear = ear or Ear(recognizer, narrow=leg.rate_hz == NARROW_RATE_HZ, offset_s=leg.offset_s)
            piece = leg.take()
            work = partial(ear.hear, piece, guess=leg.guessing)
            self._report(leg, await loop.run_in_executor(self._threads, work))
        if leg.shed:
            return leg.shed_reason
        if ear is not None:
            self._report(leg, await loop.run_in_executor(self._threads, ear.end))
        return ""

    def _must_shed(self, leg: LiveLeg) -> bool:
        limit_s = leg.limit_s * SHED_PART[leg.speaker]
        now = asyncio.get_running_loop().time()
        recovering = now - self._shed_at < SHED_PAUSE_S and leg.waiting_s <= 2 * limit_s
        if leg.waiting_s <= limit_s or recovering:
            return False
        self._shed_at = now
        return True

    def _report(self, leg: LiveLeg, found: list[Line | Guess]) -> None:
        for one in found:
            if isinstance(one, Line):
                self._tell({"kind": "settled", "leg": leg.leg, "line": line_json(one)})
            elif leg.guessing:
                self._tell({"kind": "guess", "leg": leg.leg, "text": one.text})


def line_json(line: Line) -> dict[str, Any]:
    """A line for the wire."""
    return {
        "text": line.text,
        "raw_text": line.raw_text,
        "start_s": line.start_s,
        "end_s": line.end_s,
        "confidence": line.confidence,
        "words": [[word.text, word.start_s, word.end_s, word.confidence] for word in line.words],
    }
