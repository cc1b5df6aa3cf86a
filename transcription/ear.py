"""One speaker from raw sound to lines with call times: front end, gate, recogniser in a row."""

from __future__ import annotations

from dataclasses import dataclass

from transcription.front_end import NarrowBand
from transcription.recognizer import Guess, Recognizer, Settled, Word
from transcription.voice_gate import Gated, TimeMap, VoiceGate


@dataclass(frozen=True, slots=True)
class Line:
    """A settled line in the call's own time."""

    text: str
    raw_text: str
    start_s: float
    end_s: float
    confidence: float
    words: tuple[Word, ...]


class Ear:
    """Used by one thread at a time. `offset_s` is where in the call the sound begins."""

    def __init__(self, recognizer: Recognizer, *, narrow: bool, offset_s: float = 0.0) -> None:
        self._recognizer = recognizer
        self._narrow = NarrowBand() if narrow else None
        self._gate = VoiceGate()
        self._times = TimeMap()
        self._offset_s = offset_s

    def hear(self, pcm: bytes) -> list[Line | Guess]:
        """Sound as it came (8 kHz if narrow, else 16 kHz); what was understood by now."""
        wide = self._narrow.process(pcm) if self._narrow else pcm
        return [found for gated in self._gate.push(wide) for found in self._step(gated)]

    def end(self) -> list[Line | Guess]:
        """No more sound."""
        settled = self._recognizer.finish()
        return [self._line(settled)] if settled else []

    def _step(self, gated: Gated) -> list[Line | Guess]:
        if gated.ends:
            return self.end()
        self._times.fed(gated.pcm, gated.start_s)
        found = self._recognizer.feed(gated.pcm)
        if found is None:
            return []
        return [self._line(found) if isinstance(found, Settled) else found]

    def _line(self, settled: Settled) -> Line:
        words = tuple(
            Word(word.text, self._call_s(word.start_s), self._call_s(word.end_s), word.confidence)
            for word in settled.words
        )
        start_s, end_s = (words[0].start_s, words[-1].end_s) if words else (self._offset_s, self._offset_s)
        return Line(settled.text, settled.raw_text, start_s, end_s, settled.confidence, words)

    def _call_s(self, engine_s: float) -> float:
        return round(self._offset_s + self._times.stream_s(engine_s), 3)
