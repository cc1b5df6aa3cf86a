"""One speaker from raw sound to lines with call times: front end, gate, recogniser in a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from transcription.front_end import NarrowBand, UpperBand
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

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        narrow: bool,
        offset_s: float = 0.0,
        gate: VoiceGate | None = None,
    ) -> None:
        self._recognizer = recognizer
        self._front: NarrowBand | UpperBand = NarrowBand() if narrow else UpperBand()
        self._gate = gate or VoiceGate()
        self._times = TimeMap()
        self._offset_s = offset_s

    def hear(self, pcm: bytes, *, guess: bool = True) -> list[Line | Guess]:
        """Sound as it came (8 kHz if narrow, else 16 kHz); what was understood by now."""
        wide = self._front.process(pcm)
        found = [one for gated in _runs(self._gate.push(wide)) for one in self._step(gated, guess=guess)]
        lines = [at for at, one in enumerate(found) if isinstance(one, Line)]
        newest = found[lines[-1] + 1 :][-1:] if lines else found[-1:]
        return [*(found[at] for at in lines), *newest]

    def end(self) -> list[Line | Guess]:
        """No more sound."""
        settled = self._recognizer.finish()
        return [self._line(settled)] if settled else []

    def _step(self, gated: Gated, *, guess: bool) -> list[Line | Guess]:
        if gated.ends:
            return self.end()
        self._times.fed(gated.pcm, gated.start_s)
        found = self._recognizer.feed(gated.pcm, guess=guess)
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


def _runs(pieces: list[Gated]) -> Iterator[Gated]:
    """Neighbours joined: the engine works faster on 200 ms at once than on ten times 20 ms."""
    held: list[Gated] = []
    for one in pieces:
        if one.ends and held:
            yield _joined(held)
            held = []
        if one.ends:
            yield one
        else:
            held.append(one)
    if held:
        yield _joined(held)


def _joined(held: list[Gated]) -> Gated:
    return Gated(b"".join(one.pcm for one in held), held[0].start_s)
