"""Teaches the taggers where labelled words stand in a call: an averaged perceptron over whole spans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickets.draft.heard import Heard
from tickets.draft.numbers import spans
from tickets.draft.tagger import TAGS, WORD_FEATURES, Marks, Tagger, best_span, features_of_words

_ROUNDS = 4
_MIN_SEEN = 2
_NOTHING = 0
"""The column of a feature that is not kept; its weights stay 0."""
Span = tuple[int, int]
Columns = NDArray[np.int32]


@dataclass(frozen=True)
class Words:
    """Calls with every character's word features as columns, read once for all taggers."""

    calls: Sequence[Heard]
    columns: Sequence[Columns]
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Lesson:
    """One call: a row of columns a character, and the span wanted."""

    columns: Columns
    text: str
    wanted: Span | None


def read(calls: Sequence[Heard]) -> Words:
    """What stands once in all calls teaches nothing about the next and is left out.

    Names become numbers at once: as words the features of a whole corpus would fill the memory.
    """
    numbers: dict[str, int] = {"": _NOTHING}
    rows = [
        np.array(
            [[numbers.setdefault(name, len(numbers)) for name in row] for row in features_of_words(heard)],
            np.int32,
        ).reshape(len(heard.text), WORD_FEATURES)
        for heard in calls
    ]
    seen = np.zeros(len(numbers), np.int64)
    for row in rows:
        np.add.at(seen, row, 1)
    seen[_NOTHING] = 0
    kept = np.flatnonzero(seen >= _MIN_SEEN)
    column = np.full(len(numbers), _NOTHING, np.int32)
    column[kept] = np.arange(1, len(kept) + 1)
    names = list(numbers)
    return Words(calls, [column[row] for row in rows], ("", *(names[at] for at in kept)))


def aligned(text: str, value: str) -> Span | None:
    """Where a label's words stand, as said or with numbers in figures; None where they do not."""
    at = text.find(value)
    if at >= 0:
        return at, at + len(value)
    shown: list[str] = []
    came_from: list[Span] = []
    done = 0
    for number in spans(text):
        shown += text[done : number.start]
        came_from += [(place, place + 1) for place in range(done, number.start)]
        shown += number.value
        came_from += [(number.start, number.end)] * len(number.value)
        done = number.end
    shown += text[done:]
    came_from += [(place, place + 1) for place in range(done, len(text))]
    at = "".join(shown).find(value)
    return (came_from[at][0], came_from[at + len(value) - 1][1]) if at >= 0 else None


def teach(words: Words, values: Sequence[str], marks: Callable[[int], Marks]) -> Tagger | None:
    """A tagger for one field; None where no call shows it. Values that nobody said so are left out."""
    columns = {name: at for at, name in enumerate(words.names)}
    lessons: list[_Lesson] = []
    for number, (heard, value) in enumerate(zip(words.calls, values, strict=True)):
        span = aligned(heard.text, value) if value else None
        if heard.text and (span is not None or not value):
            marked = [[columns.setdefault(name, len(columns)) for name in row] for row in marks(number)]
            rows = np.concatenate([words.columns[number], np.array(marked, np.int32).T], axis=1)
            lessons.append(_Lesson(rows, heard.text, span))
    if not any(lesson.wanted for lesson in lessons):
        return None
    return _smaller(columns, _learnt(lessons, len(columns)))


def _learnt(lessons: Sequence[_Lesson], size: int) -> NDArray[np.float32]:
    """Averaged over all steps, so that the last calls seen count no more than the first."""
    weights = np.zeros((size, TAGS), np.float32)
    drift = np.zeros((size, TAGS), np.float64)
    dice = np.random.default_rng(1)
    step = 1
    for _ in range(_ROUNDS):
        for number in dice.permutation(len(lessons)):
            lesson = lessons[int(number)]
            found = best_span(weights[lesson.columns].sum(axis=1), lesson.text)
            if found != lesson.wanted:
                _moved(lesson, found, weights, drift, step)
            step += 1
    return (weights - drift / step).astype(np.float32)


def _moved(
    lesson: _Lesson, found: Span | None, weights: NDArray[np.float32], drift: NDArray[np.float64], step: int
) -> None:
    wanted, said = _tags(lesson.wanted, lesson.text), _tags(found, lesson.text)
    for at in np.flatnonzero(wanted != said):
        columns = lesson.columns[at]
        for tag, change in ((wanted[at], 1), (said[at], -1)):
            weights[columns, tag] += change
            drift[columns, tag] += change * step
    weights[_NOTHING] = drift[_NOTHING] = 0


def _tags(span: Span | None, text: str) -> NDArray[np.int64]:
    tags = np.zeros(len(text), np.int64)
    if span:
        tags[span[0] : span[1]] = 2
        tags[span[0]] = 1
    return tags


def _smaller(columns: Mapping[str, int], weights: NDArray[np.float32]) -> Tagger:
    """Without features that ended at nothing."""
    told = [(name, at) for name, at in columns.items() if np.abs(weights[at]).max() > 0]
    kept = np.array([at for _, at in told], np.int64)
    return Tagger({name: at for at, (name, _) in enumerate(told)}, weights[kept])
