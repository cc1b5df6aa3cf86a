"""Marks the words of one field: a linear tagger over characters, their sounds, and what the rules propose.

A call has at most one span of a field. Every character is outside, first of it, or within; the
best span is found by comparing all of them, in numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.draft import sounds
from tickets.draft.heard import BREAK, Heard
from tickets.draft.retold import told_at_last

Floats = NDArray[np.float32]
Marks = Sequence[Sequence[str]]
"""What is known of each character beside its words: a row a kind of knowledge, with names of its own (m…)."""
TAGS = 3
"""Outside, first, within."""
_LONGEST = 14
_PLACES = 6
"""Characters that share one feature of where in the call they stand."""
_FAR = 8
_EDGE = 3
_NEVER = -1e6
_WINDOWS = (
    *(("0", 0, 1), ("1", -1, 0), ("2", 1, 2), ("3", -1, 1), ("4", 0, 2), ("5", -2, 0)),
    *(("6", 1, 3), ("7", -1, 2), ("8", -2, 1), ("9", 0, 3), ("a", -3, 0), ("b", 1, 4)),
)
"""Neighbours seen together: name, from, to."""
WORD_FEATURES = len(_WINDOWS) + 4
_REMEMBERED = 512


@dataclass(frozen=True)
class Tagger:
    """A column of weights a feature."""

    columns: dict[str, int]
    weights: Floats

    _read: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", lru_cache(maxsize=_REMEMBERED)(self._of_words))

    def find(self, heard: Heard, marks: Marks) -> tuple[int, int] | None:
        """The best span, or None where none is better than no span; what was taken back at once is none."""
        if not heard.text:
            return None
        scores = self._scores(heard, marks)
        span = best_span(scores, heard.text)
        return span and told_at_last(
            heard.text, span, lambda first, last: best_span(scores, heard.text, (first, last))
        )

    def _scores(self, heard: Heard, marks: Marks) -> Floats:
        parts: list[Floats] = [self._read(part) for part in heard.text.split(BREAK)]
        between = np.zeros((1, TAGS), np.float32)
        words = np.concatenate([rows for part in parts for rows in (part, between)])[:-1]
        known = {name: self._sum([name]) for rows in marks for name in set(rows)}
        return words + sum(np.array([known[name] for name in row]) for row in marks)

    def _of_words(self, part: str) -> Floats:
        """What the words of one turn say; remembered, because a growing call is read again and again."""
        rows = [self._sum(found) for found in word_features(part)]
        return np.array(rows, np.float32).reshape(len(rows), TAGS)

    def _sum(self, found: Sequence[str]) -> Floats:
        known = [self.columns[one] for one in found if one in self.columns]
        return self.weights[known].sum(axis=0)

    def arrays(self, name: str) -> dict[str, Any]:
        """All that `from_arrays` needs."""
        names = "\t".join(map(_portable, self.columns))
        return {
            f"tag_{name}": self.weights.astype(np.float16),
            f"tag_names_{name}": np.frombuffer(names.encode(), np.uint8),
        }


def from_arrays(arrays: Mapping[str, Any], name: str) -> Tagger:
    """Read back what `arrays` gave.

    Raises:
        KeyError: when something is missing.
    """
    names = arrays[f"tag_names_{name}"].tobytes().decode().split("\t")
    weights = arrays[f"tag_{name}"].astype(np.float32)
    if weights.shape != (len(names), TAGS):
        raise ValueError(name)
    return Tagger({_local(one): column for column, one in enumerate(names)}, weights)


def features_of_words(heard: Heard) -> Iterator[Sequence[str]]:
    """Every character's word features; a break between turns has none."""
    for number, part in enumerate(heard.text.split(BREAK)):
        if number:
            yield [""] * WORD_FEATURES
        yield from word_features(part)


def word_features(part: str) -> Iterator[list[str]]:
    """What a character and its neighbours in the turn are, and how they sound."""
    said = "<" * _EDGE + part + ">" * _EDGE
    heard_as = "<" * _EDGE + sounds.fold(part) + ">" * _EDGE
    for place in range(len(part)):
        at = place + _EDGE
        found = [f"{name}{said[at + start : at + end]}" for name, start, end in _WINDOWS]
        found += ["s" + heard_as[at], "s" + heard_as[at - 1 : at + 1], "t" + heard_as[at : at + 2]]
        found.append(f"p{min(place // _PLACES, _FAR)}")
        yield found


def best_span(scores: Floats, text: str, begins: tuple[int, int] | None = None) -> tuple[int, int] | None:
    """The span whose tags gain most over none, within one turn and of bounded length.

    `begins`: only spans that begin between these two places, both counted.
    """
    breaks = np.array([char == BREAK for char in text])
    scores = np.where(breaks[:, None], np.array([0.0, _NEVER, _NEVER], np.float32), scores)
    first, within = scores[:, 1] - scores[:, 0], scores[:, 2] - scores[:, 0]
    gains = np.full((_LONGEST, len(text)), _NEVER, np.float64)
    gains[0] = first
    for more in range(1, min(_LONGEST, len(text))):
        gains[more, :-more] = gains[more - 1, :-more] + within[more:]
    if begins is not None:
        gains[:, : begins[0]] = gains[:, begins[1] + 1 :] = _NEVER
    more, start = np.unravel_index(int(gains.argmax()), gains.shape)
    if gains[more, start] <= 0:
        return None
    return int(start), int(start + more + 1)


def _portable(name: str) -> str:
    """Sound symbols are this process's own; on disk they are spelt."""
    if name[0] not in "st":
        return name
    return name[0] + " ".join(sounds.sound_of(char) or "=" + char for char in name[1:])


def _local(name: str) -> str:
    if name[0] not in "st":
        return name
    spelt = name[1:].split(" ")
    return name[0] + "".join(one[1:] if one.startswith("=") else sounds.symbol_of(one) for one in spelt)
