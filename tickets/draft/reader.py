"""Reads a call piece by piece: what stands out anywhere in it, and what runs through it, as evidence a head.

A piece's row already knows its neighbours (`encoder`); the strongest answer of each detector anywhere in the
call counts, so one telling clause is not drowned by the others. Each part is read once and remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.draft import encoder
from tickets.draft.encoder import Encoder
from tickets.draft.heard import BREAK, Heard

Floats = NDArray[np.float32]
_REMEMBERED = 512
_LONGEST = 200
"""Characters read at once; a longer part is read in stretches."""


@dataclass(frozen=True)
class Seen:
    """What the detectors found in one stretch."""

    strongest: Floats
    sum: Floats
    pieces: int


@dataclass(frozen=True)
class Reader:
    """Detectors over the encoder's rows and, for every head, how each detector speaks for each label."""

    encoder: Encoder
    detectors: Floats
    levels: Floats
    heads: Mapping[str, tuple[Floats, Floats]]
    _seen: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_seen", lru_cache(maxsize=_REMEMBERED)(self._look))

    def scores(self, heard: Heard) -> dict[str, Floats]:
        """For every head a score a label."""
        seen: list[Seen] = [self._seen(stretch) for stretch in _stretches(heard.text)]
        row = pooled(seen)
        return {name: row @ weights + bias for name, (weights, bias) in self.heads.items()}

    def _look(self, text: str) -> Seen:
        rows, _ = self.encoder.rows([text])
        found = np.maximum(rows @ self.detectors + self.levels, 0.0)
        return Seen(found.max(axis=0), found.sum(axis=0), len(found))

    def arrays(self) -> dict[str, Any]:
        """All that `from_arrays` needs."""
        arrays = self.encoder.arrays()
        arrays |= {"detectors": self.detectors.astype(np.float16), "levels": self.levels}
        for name, (weights, bias) in self.heads.items():
            arrays |= {f"read_{name}": weights.astype(np.float16), f"read_bias_{name}": bias}
        return arrays


def pooled(seen: Sequence[Seen]) -> Floats:
    """The strongest answers, and the sum of all, softened by how long the call is."""
    strongest = np.max([one.strongest for one in seen], axis=0)
    together = np.sum([one.sum for one in seen], axis=0)
    return np.concatenate([strongest, together / (2 * np.sqrt(sum(one.pieces for one in seen)))])


def from_arrays(arrays: Mapping[str, Any], names: Sequence[str]) -> Reader:
    """Read back what `arrays` gave.

    Raises:
        KeyError: when something is missing.
    """
    return Reader(
        encoder.from_arrays(arrays),
        arrays["detectors"].astype(np.float32),
        arrays["levels"].astype(np.float32),
        {
            name: (
                arrays[f"read_{name}"].astype(np.float32),
                arrays[f"read_bias_{name}"].astype(np.float32),
            )
            for name in names
        },
    )


def _stretches(text: str) -> list[str]:
    return [
        part[at : at + _LONGEST] for part in text.split(BREAK) for at in range(0, max(len(part), 1), _LONGEST)
    ]
