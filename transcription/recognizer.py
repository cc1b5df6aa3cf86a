"""What a recogniser is to the rest of the house: sound in, guesses and settled lines out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

MODEL_RATE_HZ = 16000


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its place in the sound, in seconds."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Guess:
    """What the engine hears so far. Shown, never stored."""

    text: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What the engine will not change any more. Stored once."""

    text: str
    raw_text: str
    words: tuple[Word, ...]

    @property
    def confidence(self) -> float:
        """Mean of the words' confidence, 0 to 1."""
        return sum(word.confidence for word in self.words) / len(self.words) if self.words else 0.0


class Recognizer(Protocol):
    """One speaker's ear; used by one thread at a time. Sound is 16-bit mono at 16 kHz."""

    def feed(self, pcm: bytes, *, guess: bool = True) -> Guess | Settled | None:
        """Hear a piece of sound; without `guess` the work of guessing is saved."""
        ...

    def finish(self) -> Settled | None:
        """Settle what is left; the next sound begins a new line."""
        ...


class RecognizerFactory(Protocol):
    """Makes recognisers; loading the model is its own affair."""

    def __call__(self) -> Recognizer:
        """A fresh recogniser."""
        ...
