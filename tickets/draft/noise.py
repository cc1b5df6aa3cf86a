"""A recogniser's mistakes, made on purpose: for training that lasts and for honest figures."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum

from tickets.draft import sounds
from tickets.draft.turns import CALLER, Turn

_FILLERS = ("嗯", "那个", "就是说", "呃", "啊")


class Noise(StrEnum):
    """What goes wrong between mouth and text."""

    CLEAN = "clean"
    HOMOPHONES = "homophones"
    DROPPED = "dropped"
    SPACES = "spaces"


class Noisemaker:
    """Deterministic for one seed; homophones come from the corpus's own characters."""

    def __init__(self, texts: Iterable[str], seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not a secret
        seen = Counter(char for text in texts for char in text if "\u3400" <= char <= "\u9fff")
        self._same: dict[str, list[str]] = defaultdict(list)
        for char in sorted(seen):
            self._same[sounds.syllable(char)].append(char)

    def turns(self, turns: Sequence[Turn], kind: Noise, share: float = 0.08) -> tuple[Turn, ...]:
        """The same call, worse heard; the operator's words stay."""
        return tuple(
            Turn(turn.speaker, self._text(turn.text, kind, share)) if turn.speaker is CALLER else turn
            for turn in turns
        )

    def _text(self, text: str, kind: Noise, share: float) -> str:
        if kind is Noise.CLEAN:
            return text
        return "".join(self._char(char, kind, share) for char in text)

    def _char(self, char: str, kind: Noise, share: float) -> str:
        if not "\u3400" <= char <= "\u9fff" or self._random.random() >= share:
            return char
        if kind is Noise.HOMOPHONES:
            return self._random.choice(self._same.get(sounds.syllable(char)) or [char])
        if kind is Noise.DROPPED:
            return (
                self._random.choice(["", "", char + char]) if char not in "零幺一二三四五六七八九" else char
            )
        return char + self._random.choice([" ", " ", " " + self._random.choice(_FILLERS) + " "])
