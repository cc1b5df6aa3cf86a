"""Live legs of one worker: bounded waiting sound, recognition in threads, shedding when it falls behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from core.tasks import TaskGroup
from core.vocabulary import Speaker
from transcription.ear import Ear, Line
from transcription.recognizer import Guess, RecognizerFactory

log = structlog.get_logger(__name__)

Tell = Callable[[dict[str, Any]], None]

GUESSES_UNTIL_S: Final = 2.0
SEAT_UNTIL_S: Final = 5.0
LIVE_UNTIL_S: Final = 12.0
"""Seconds of waiting sound beyond which first guesses, then the seat's leg, then any leg are given up."""
PIECE_BYTES: Final = 6400


@dataclass
class LiveLeg:
    """One leg while it streams."""

    leg: str
    call_id: str
    speaker: Speaker
    offset_s: float
    wide: bool
    waiting: deque[bytes] = field(default_factory=deque[bytes])
    waiting_s: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    shed: bool = False

    def sound(self, pcm: bytes, rate_hz: int) -> None:
        """Take a piece; never waits, never grows beyond the limit."""
        if self.shed:
            return
        self.waiting.append(pcm)
        self.waiting_s += len(pcm) / 2 / rate_hz
        self.wake.set()

    def ended(self) -> None:
        """The tap is gone; what waits is still heard."""
        self.over = True
        self.wake.set()

    @property
    def rate_hz(self) -> int:
        """Samples a second of the waiting sound."""
        return 16000 if self.wide else 8000

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

    @property
    def waiting_s(self) -> float:
        """The longest backlog of all live legs, in seconds."""
        return max((leg.waiting_s for leg in self._live.values()), default=0.0)

    @property
    def count(self) -> int:
        """How many legs are streaming."""
        return len(self._live)

    def expect(self, leg: LiveLeg) -> None:
        """A tap will come with this id."""
        self._expected[leg.leg] = leg

    def forget(self, leg_id: str) -> None:
        """No longer wanted."""
        self._expected.pop(leg_id, None)
        live = self._live.get(leg_id)
        if live is not None:
            live.ended()

    def admit(self, leg_id: str) -> LiveLeg | None:
        """The leg of a tap that connects, or None to refuse it."""
        leg = self._expected.pop(leg_id, None)
        if leg is None:
            return None
        if len(self._live) >= self._limit:
            self._tell({"kind": "shed", "leg": leg_id, "reason": "limit"})
            return None
        self._live[leg_id] = leg
        self._tasks.start(f"leg-{leg_id}", self._run(leg))
        return leg

    async def _run(self, leg: LiveLeg) -> None:
        loop = asyncio.get_running_loop()
        try:
            recognizer = await loop.run_in_executor(self._threads, self._make)
            ear = Ear(recognizer, narrow=not leg.wide, offset_s=leg.offset_s)
            while not (leg.over and not leg.waiting):
                await leg.wake.wait()
                leg.wake.clear()
                while leg.waiting:
                    if self._must_shed(leg):
                        return
                    found = await loop.run_in_executor(self._threads, ear.hear, leg.take())
                    self._report(leg, found)
            self._report(leg, await loop.run_in_executor(self._threads, ear.end))
        finally:
            del self._live[leg.leg]
            self._tell({"kind": "leg_ended", "leg": leg.leg})

    def _must_shed(self, leg: LiveLeg) -> bool:
        limit_s = SEAT_UNTIL_S if leg.speaker is Speaker.SEAT else LIVE_UNTIL_S
        if leg.waiting_s <= limit_s:
            return False
        leg.shed = True
        leg.waiting.clear()
        log.warning("leg_shed", call_id=leg.call_id, speaker=leg.speaker, waiting_s=round(leg.waiting_s, 1))
        self._tell({"kind": "shed", "leg": leg.leg, "reason": "overload"})
        return True

    def _report(self, leg: LiveLeg, found: list[Line | Guess]) -> None:
        for one in found:
            if isinstance(one, Line):
                self._tell({"kind": "settled", "leg": leg.leg, "line": line_json(one)})
            elif leg.waiting_s < GUESSES_UNTIL_S:
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
