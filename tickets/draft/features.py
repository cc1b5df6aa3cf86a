"""What the model sees of a call: n-grams, also by sound, words, its last words once more, lexicon hits.

A lexicon hit near a guard (没有, 上次, 演习 …) is another feature than the hit alone, so that the
model learns what a denial is worth.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from tickets.draft import danger, secrecy, sounds
from tickets.draft.heard import BREAK, Heard
from tickets.draft.lexicons import rows
from tickets.draft.pieces import Pieces

FEATURES_VERSION = 7
Hit = tuple[int, int, str, bool]
_CHARS = (1, 2, 3, 4)
_SOUNDS = (2, 3)
_LAST = 12
_LAST_CHARS = (1, 2, 3)
TURN_BLOCKS = ("c", "s", "u")
"""Blocks that are counted turn by turn: characters, sounds, words."""
_BLOCK_WEIGHT = {"c": 1.0, "s": 0.8, "u": 0.6, "e": 0.4, "l": 0.4, "w": 0.15, "p": 0.5, "d": 0.2}
GUARD_REACH = 6
LONGEST_GUARD = max(len(row["word"]) for row in rows("guards"))
_LISTS = (
    ("categories", "category"),
    ("emergencies", "class"),
    ("kinds", "type"),
    ("guards", "guard"),
)


def features(heard: Heard, pieces: Pieces | None = None) -> dict[str, float]:
    """Feature → weight, each block of length one before its share; words only where an encoder cuts them."""
    turns = [turn_counts(part, sound, pieces) for part, sound in turns_of(heard)]
    counts: dict[str, float] = {}
    for block in TURN_BLOCKS:
        together: Counter[str] = Counter()
        for turn in turns:
            together.update(turn[block])
        counts.update(_scaled(block, together))
    return counts | call_features(heard)


def turns_of(heard: Heard) -> Iterator[tuple[str, str]]:
    """The words of each turn, and how they sound."""
    return zip(heard.text.split(BREAK), heard.sounds.split(BREAK), strict=True)


def turn_counts(part: str, sound: str, pieces: Pieces | None) -> dict[str, Counter[str]]:
    """How often one turn has each n-gram, n-gram of sounds and word; a call has the sum of its turns."""
    return {
        "c": _ngrams(part, _CHARS),
        "s": _ngrams(sound, _SOUNDS),
        "u": _words(part, pieces) if pieces is not None else Counter(),
    }


def call_features(heard: Heard) -> dict[str, float]:
    """What only the whole call shows."""
    counts = dict(_scaled("e", _last_words(heard.text)))
    hits = cue_hits(heard)
    counts.update(_scaled("l", _lexicon_hits(hits)))
    counts.update(_category_words(heard, hits))
    counts.update({f"p:{cue}": 1.0 for cue in secrecy.cues(heard) if cue not in secrecy.NOT_TAUGHT})
    counts.update({f"d:{cue}": 1.0 for cue in danger.cues(heard)})
    return counts


def _scaled(block: str, counts: Counter[str]) -> Iterator[tuple[str, float]]:
    for feature, count in counts.items():
        yield f"{block}:{feature}", 1.0 + math.log(count)


def _category_words(heard: Heard, hits: Sequence[Hit]) -> dict[str, float]:
    """How strongly the words speak for each category: long words and words of one category most."""
    found: dict[str, float] = {}
    seen: set[tuple[str, str]] = set()
    for start, end, label, exact in hits:
        word = heard.text[start:end]
        if not label.startswith("categories:") or (word, label) in seen or not (exact or end - start > 2):
            continue
        seen.add((word, label))
        weight = math.sqrt(end - start) * (1.0 if exact else 0.4) / (word_spread()[word] or 2)
        found[f"w:{label}"] = found.get(f"w:{label}", 0.0) + weight
    return found


def block_weight(block: str) -> float:
    """How much a block of features counts."""
    return _BLOCK_WEIGHT[block]


def is_counted(block: str) -> bool:
    """Whether a block's weights are already a measure and stay unscaled."""
    return block in ("w", "p", "d")


def _ngrams(part: str, sizes: tuple[int, ...]) -> Counter[str]:
    found: Counter[str] = Counter()
    part = f"^{part}$"
    for size in sizes:
        found.update(part[at : at + size] for at in range(len(part) - size + 1))
    return found


def _words(part: str, pieces: Pieces) -> Counter[str]:
    """Words as the sentence encoder cuts them, and pairs: n-grams that end where a word does."""
    words = pieces.words(part)
    found = Counter(words)
    found.update(f"{one} {next_one}" for one, next_one in pairwise(words))
    return found


def _last_words(text: str) -> Counter[str]:
    """What the call ends with, once more: there the wish is named and the danger taken back."""
    end = text.split(BREAK)[-1][-_LAST:] + "$"
    return Counter(end[at : at + size] for size in _LAST_CHARS for at in range(len(end) - size + 1))


def _lexicon_hits(all_hits: Sequence[Hit]) -> Counter[str]:
    hits: Counter[str] = Counter()
    guards: list[tuple[int, int, str]] = []
    found: list[tuple[int, int, str]] = []
    for start, end, label, exact in all_hits:
        if label.startswith("guards:"):
            if exact:
                guards.append((start, end, label))
                hits[label] += 1
        elif exact or end - start > 2:
            found.append((start, end, label))
    guards.sort()
    for start, end, label in found:
        hits[label] += 1
        if label.startswith("emergencies:"):
            near = {
                name
                for at, until, name in guards[
                    bisect_left(guards, (start - GUARD_REACH - LONGEST_GUARD,)) : bisect_left(
                        guards, (end + GUARD_REACH,)
                    )
                ]
                if until > start - GUARD_REACH
                and at < end + GUARD_REACH
                and not (at >= start and until <= end)
            }
            hits.update(f"{label}&{name}" for name in near)
            if not near:
                hits[f"{label}&plain"] += 1
    return hits


def cue_hits(heard: Heard) -> list[Hit]:
    """Lexicon words in the text: start, end, `list:label`, whether as written."""
    automaton = _automaton()
    found: list[Hit] = []
    last: int
    entries: tuple[tuple[str, str], ...]
    for last, entries in automaton.iter(heard.sounds):
        for word, label in entries:
            start = last - len(word) + 1
            found.append((start, last + 1, label, heard.text[start : last + 1] == word))
    return found


@cache
def _automaton() -> Any:
    by_sound: dict[str, list[tuple[str, str]]] = {}
    for name, column in _LISTS:
        for row in rows(name):
            label = f"{name}:{row[column]}"
            by_sound.setdefault(sounds.fold(row["word"]), []).append((row["word"], label))
    for row in rows("secrecy"):
        by_sound.setdefault(sounds.fold(row["word"]), []).append((row["word"], "secrecy:1"))
    return sounds.automaton({sound: tuple(entries) for sound, entries in by_sound.items()})


@cache
def word_spread() -> Counter[str]:
    """In how many categories a word stands; a word of one category says most."""
    return Counter(row["word"] for row in rows("categories"))
