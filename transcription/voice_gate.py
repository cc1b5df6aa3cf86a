"""Silence does not reach the decoder: a voice-activity gate that knows where in the call sound belongs."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import webrtcvad  # pyright: ignore[reportMissingTypeStubs]

from transcription.recognizer import MODEL_RATE_HZ

FRAME_S = 0.02
FRAME_BYTES = int(MODEL_RATE_HZ * FRAME_S) * 2


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gate lets through: sound, or the end of an utterance."""

    pcm: bytes
    start_s: float
    """Where in the stream `pcm` begins, in seconds."""
    ends: bool = False


def voice_activity(strictness: int = 2) -> Callable[[bytes], bool]:
    """WebRTC's detector: whether 20 ms hold speech."""
    vad: Any = webrtcvad.Vad(strictness)
    return lambda frame: bool(vad.is_speech(frame, MODEL_RATE_HZ))


class VoiceGate:
    """16 kHz sound in any pieces; out come utterances with a pre-roll, and their ends."""

    def __init__(
        self,
        *,
        hang_s: float = 0.5,
        pre_roll_s: float = 0.3,
        voiced: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._voiced = voiced or voice_activity()
        self._hang = round(hang_s / FRAME_S)
        self._pre: deque[bytes] = deque(maxlen=round(pre_roll_s / FRAME_S))
        self._rest = b""
        self._frames = 0
        self._quiet = 0
        self._open = False

    def push(self, pcm: bytes) -> list[Gated]:
        """Let through what belongs to speech."""
        self._rest += pcm
        out: list[Gated] = []
        while len(self._rest) >= FRAME_BYTES:
            frame, self._rest = self._rest[:FRAME_BYTES], self._rest[FRAME_BYTES:]
            out += self._frame(frame)
        return out

    def _frame(self, frame: bytes) -> list[Gated]:
        voiced = self._voiced(frame)
        start_s = self._frames * FRAME_S
        self._frames += 1
        if self._open:
            self._quiet = 0 if voiced else self._quiet + 1
            if self._quiet <= self._hang:
                return [Gated(frame, start_s)]
            self._open = False
            self._pre.append(frame)
            return [Gated(b"", start_s, ends=True)]
        if not voiced:
            self._pre.append(frame)
            return []
        self._open, self._quiet = True, 0
        before = b"".join(self._pre)
        begin_s = start_s - len(self._pre) * FRAME_S
        self._pre.clear()
        return [Gated(before + frame, begin_s)]


class TimeMap:
    """From the recogniser's own clock, which stands still in silence, back to the stream's."""

    def __init__(self) -> None:
        self._fed_s = 0.0
        self._spans: list[tuple[float, float]] = [(0.0, 0.0)]

    def fed(self, pcm: bytes, start_s: float) -> None:
        """This much was fed, and it began at `start_s` of the stream."""
        shift = start_s - self._fed_s
        if abs(shift - self._spans[-1][1]) > FRAME_S / 2:
            self._spans.append((self._fed_s, shift))
        self._fed_s += len(pcm) / 2 / MODEL_RATE_HZ

    def stream_s(self, engine_s: float) -> float:
        """Where in the stream that moment of the recogniser lies."""
        at = bisect_right(self._spans, engine_s + 1e-6, key=lambda span: span[0])
        return engine_s + self._spans[at - 1][1]
