"""A text in the pieces of the sentence encoder's vocabulary, cut in the likeliest way (unigram, Viterbi)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

UNKNOWN, BEGIN, END = 0, 1, 2
SPACE = "▁"
_NEVER = -1e30
_UNSEEN_COST = 10.0
_REMEMBERED = 512


class Pieces:
    """Pieces in the order of their numbers, and how likely each is (log)."""

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]) -> None:
        self.pieces = tuple(pieces)
        self.scores = tuple(scores)
        self._unknown = min(scores) - _UNSEEN_COST
        self._words = lru_cache(maxsize=_REMEMBERED)(self._cut_words)

    @cached_property
    def _prefixes(self) -> Mapping[str, int]:
        """Every beginning of a piece → -1, every whole piece → its number."""
        found: dict[str, int] = {}
        for number, piece in enumerate(self.pieces):
            for length in range(1, len(piece)):
                found.setdefault(piece[:length], -1)
            found[piece] = number
        return found

    def words(self, part: str) -> tuple[str, ...]:
        """The known pieces of one turn; remembered, because a growing call is read again and again."""
        return self._words(part)

    def _cut_words(self, part: str) -> tuple[str, ...]:
        return tuple(self.pieces[number] for number in self.cut(part) if number > END)

    def cut(self, text: str) -> list[int]:
        """The text as piece numbers, between a begin and an end mark."""
        spelt = SPACE + text
        cheapest = [0.0] + [_NEVER] * len(spelt)
        came_from = [(0, UNKNOWN)] * (len(spelt) + 1)
        for start in range(len(spelt)):
            known = self._starting(spelt, start)
            if not any(end == start + 1 for end, _, _ in known):
                known.append((start + 1, UNKNOWN, self._unknown))
            for end, number, score in known:
                if cheapest[start] + score > cheapest[end]:
                    cheapest[end] = cheapest[start] + score
                    came_from[end] = (start, number)
        numbers: list[int] = []
        at = len(spelt)
        while at > 0:
            at, number = came_from[at]
            numbers.append(number)
        return [BEGIN, *reversed(numbers), END]

    def _starting(self, spelt: str, start: int) -> list[tuple[int, int, float]]:
        found: list[tuple[int, int, float]] = []
        for end in range(start + 1, len(spelt) + 1):
            number = self._prefixes.get(spelt[start:end])
            if number is None:
                break
            if number >= 0:
                found.append((end, number, self.scores[number]))
        return found
