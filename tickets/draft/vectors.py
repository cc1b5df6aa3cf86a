"""A call's features as columns and weights of the vocabulary, each block of them scaled to its share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.draft import features
from tickets.draft.heard import Heard
from tickets.draft.pieces import Pieces

Floats = NDArray[np.float32]
Columns = NDArray[np.int32]
Counted = tuple[Columns, NDArray[np.int64]]
"""Known features of a turn, and how often each is there."""
_REMEMBERED = 512


class Vectors:
    """Calls as vectors. A turn once counted stays counted: a growing call is read again and again."""

    def __init__(self, vocabulary: Mapping[str, int], idf: Floats, pieces: Pieces | None) -> None:
        self._vocabulary, self._idf, self._pieces = vocabulary, idf, pieces
        self._counted = lru_cache(maxsize=_REMEMBERED)(self._count)

    def of(self, heard: Heard) -> tuple[Columns, Floats]:
        """The same as `vectorise(features(heard))` but for the order."""
        turns = [self._counted(part, sound) for part, sound in features.turns_of(heard)]
        found = [vectorise(features.call_features(heard), self._vocabulary, self._idf)]
        for block in features.TURN_BLOCKS:
            columns, counts = _together([turn[block] for turn in turns])
            values = (1.0 + np.log(counts)).astype(np.float32) * self._idf[columns]
            found.append((columns, _scaled(block, values)))
        return np.concatenate([columns for columns, _ in found]), np.concatenate([some for _, some in found])

    def _count(self, part: str, sound: str) -> dict[str, Counted]:
        counted: dict[str, Counted] = {}
        for block, counts in features.turn_counts(part, sound, self._pieces).items():
            known = [
                (column, count)
                for name, count in counts.items()
                if (column := self._vocabulary.get(f"{block}:{name}")) is not None
            ]
            counted[block] = (
                np.array([column for column, _ in known], np.int32),
                np.array([count for _, count in known], np.int64),
            )
        return counted


def _together(turns: Sequence[Counted]) -> tuple[Columns, NDArray[Any]]:
    """The turns' features added up, each once."""
    columns, of_which = np.unique(np.concatenate([columns for columns, _ in turns]), return_inverse=True)
    return columns, np.bincount(of_which, np.concatenate([counts for _, counts in turns]), len(columns))


def vectorise(
    found: Mapping[str, float], vocabulary: Mapping[str, int], idf: Floats
) -> tuple[Columns, Floats]:
    """The known features' columns and weights, each block scaled to its share."""
    known = [
        (column, value, key[0]) for key, value in found.items() if (column := vocabulary.get(key)) is not None
    ]
    if not known:
        return np.zeros(0, np.int32), np.zeros(0, np.float32)
    columns = np.array([column for column, _, _ in known], np.int32)
    values = np.array([value for _, value, _ in known], np.float32) * idf[columns]
    blocks = np.array([block for _, _, block in known])
    for block in set(blocks.tolist()):
        mask = blocks == block
        values[mask] = _scaled(block, values[mask])
    return columns, values


def _scaled(block: str, values: Floats) -> Floats:
    length = 1.0 if features.is_counted(block) else float(np.sqrt((values**2).sum()))
    return values * np.float32(features.block_weight(block) / length) if length else values
