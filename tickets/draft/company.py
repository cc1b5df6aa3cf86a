"""What a call's type, category and danger say about each other: a shut valve is seldom praised.

Learnt by counting which labels stand together; each head's chances are moved a little towards what the others
make likely, then sharpened or softened once more so that they can be believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
HEEDS: Mapping[str, tuple[str, ...]] = {
    "type": ("category", "danger"),
    "category": ("type", "danger"),
    "danger": ("category", "type"),
}
_SHARE: Mapping[str, float] = {"type": 0.4, "category": 0.2, "danger": 0.4}
_DOUBT = 5.0
"""How many calls' worth of the general habit is mixed into what few calls show."""
_LEAST = 1e-9


@dataclass(frozen=True)
class Company:
    """For a head and one that it heeds: how likely each of its labels is with each label of the other."""

    tables: Mapping[tuple[str, str], Floats]
    usual: Mapping[str, Floats]
    sharpness: Mapping[str, float]

    def heeded(self, chances: Mapping[str, Floats]) -> dict[str, Floats]:
        """Chances (the last axis is the labels) after each head has heeded the others."""
        return {name: self._sharpened(name, moved) for name, moved in self.moved(chances).items()}

    def moved(self, chances: Mapping[str, Floats]) -> dict[str, Floats]:
        """The same before the last sharpening, as logarithms."""
        moved: dict[str, Floats] = {}
        for name, known in chances.items():
            scores = np.log(known + _LEAST)
            for other in HEEDS.get(name, ()):
                likely = chances[other] @ self.tables[name, other]
                scores = scores + _SHARE[name] * (np.log(likely + _LEAST) - np.log(self.usual[name]))
            moved[name] = scores
        return moved

    def _sharpened(self, name: str, scores: Floats) -> Floats:
        scores = scores * self.sharpness.get(name, 1.0)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def arrays(self) -> dict[str, Any]:
        """All that `from_arrays` needs."""
        arrays: dict[str, Any] = {
            f"with_{name}_{other}": table for (name, other), table in self.tables.items()
        }
        return arrays | {f"usual_{name}": usual for name, usual in self.usual.items()}


def from_arrays(arrays: Mapping[str, Any], sharpness: Mapping[str, float]) -> Company:
    """Read back what `arrays` gave.

    Raises:
        KeyError: when something is missing.
    """
    return Company(
        {(name, other): arrays[f"with_{name}_{other}"] for name, others in HEEDS.items() for other in others},
        {name: arrays[f"usual_{name}"] for name in HEEDS},
        sharpness,
    )


def learn(numbers: Mapping[str, NDArray[np.int64]], sizes: Mapping[str, int]) -> Company:
    """Count which labels (as numbers, one a call) stand together."""
    tables: dict[tuple[str, str], Floats] = {}
    usual: dict[str, Floats] = {}
    for name, others in HEEDS.items():
        counted = np.bincount(numbers[name], minlength=sizes[name]) + 1.0
        usual[name] = counted / counted.sum()
        for other in others:
            table = np.zeros((sizes[other], sizes[name]))
            np.add.at(table, (numbers[other], numbers[name]), 1.0)
            table += _DOUBT * usual[name]
            tables[name, other] = table / table.sum(axis=1, keepdims=True)
    return Company(tables, usual, {})
