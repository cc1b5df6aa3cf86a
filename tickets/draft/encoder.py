"""What each word means beside its neighbours: a small sentence encoder, learnt elsewhere, run in numpy alone.

The layout is that of the multilingual universal sentence encoder: piece vectors, and three stacks of
convolutions over 2, 3 and 5 pieces. Only what the reader needs is kept: one row of numbers a piece.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.draft.pieces import Pieces

Floats = NDArray[np.float32]
WIDTHS: tuple[tuple[int, int], ...] = ((2, 0), (3, 1), (5, 2))
"""How many pieces each stack sees at once, and how many of them stand before the piece itself."""
_LEFT, _RIGHT = 2, 2
_SMALL = 1e-12
DIMENSIONS = 1280
UNREADABLE: tuple[type[Exception], ...] = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, IndexError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError, tokenize.TokenError),
)
"""What reading arrays from a broken file may raise: one wrong byte is enough for most of these."""


@dataclass(frozen=True)
class Encoder:
    """Vocabulary, piece vectors in bytes, and the weights of the convolutions."""

    pieces: Pieces
    table: NDArray[np.uint8]
    """[pieces × dimensions], each row to be read with its own `spread` and `lowest`."""
    spread: Floats
    lowest: Floats
    weights: Mapping[str, Floats]

    def rows(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """One row a piece for all texts, one after the other, and how many pieces each text has."""
        cut = [self.pieces.cut(text) for text in texts]
        lengths = np.array([len(one) for one in cut], np.int64)
        numbers = np.array([number for one in cut for number in one], np.int64)
        vectors = self.table[numbers].astype(np.float32)
        vectors *= self.spread[numbers, None]
        vectors += self.lowest[numbers, None]
        near = _neighbours(lengths)
        stacks = [self._stack(vectors, near, width, left) for width, left in WIDTHS]
        return _levelled(np.hstack([vectors, *stacks]), self.weights["gain"], self.weights["shift"]), lengths

    def _stack(self, vectors: Floats, near: NDArray[np.int64], width: int, left: int) -> Floats:
        """Two layers of convolution, each added to what it was made from."""
        known = {name: self.weights[f"{name}_{width}"] for name in ("in", "in_b", "gain", "shift")}
        now = _levelled(vectors @ known["in"] + known["in_b"], known["gain"], known["shift"])
        columns = near[:, _LEFT - left : _LEFT - left + width]
        for layer in ("1", "2"):
            padded = np.vstack([now, np.zeros((1, now.shape[1]), np.float32)])
            seen = padded[columns].reshape(len(now), -1)
            made = seen @ self.weights[f"layer{layer}_{width}"] + self.weights[f"layer{layer}_b_{width}"]
            now = np.maximum(made, 0.0) + now
        return now

    def arrays(self) -> dict[str, Any]:
        """All that `from_arrays` needs, small."""
        return {
            "pieces": np.frombuffer("\t".join(self.pieces.pieces).encode(), np.uint8),
            "scores": np.array(self.pieces.scores, np.float32),
            "table": self.table,
            "spread": self.spread,
            "lowest": self.lowest,
            **{f"encoder_{name}": array.astype(np.float16) for name, array in self.weights.items()},
        }


def from_arrays(arrays: Mapping[str, Any]) -> Encoder:
    """Read back what `arrays` gave.

    Raises:
        KeyError: when something is missing.
    """
    scores: list[float] = arrays["scores"].tolist()
    return Encoder(
        Pieces(arrays["pieces"].tobytes().decode().split("\t"), scores),
        arrays["table"],
        arrays["spread"].astype(np.float32),
        arrays["lowest"].astype(np.float32),
        {
            name.removeprefix("encoder_"): arrays[name].astype(np.float32)
            for name in arrays
            if name.startswith("encoder_")
        },
    )


def _levelled(rows: Floats, gain: Floats, shift: Floats) -> Floats:
    rows = rows - rows.mean(axis=1, keepdims=True)
    rows /= np.sqrt((rows * rows).mean(axis=1, keepdims=True) + _SMALL)
    rows *= gain
    rows += shift
    return rows.astype(np.float32)


def _neighbours(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each piece the places around it; beyond its own text a place that holds nothing."""
    total = int(lengths.sum())
    ends = np.cumsum(lengths)
    around = np.arange(total)[:, None] + np.arange(-_LEFT, _RIGHT + 1)
    inside = around >= np.repeat(ends - lengths, lengths)[:, None]
    inside &= around < np.repeat(ends, lengths)[:, None]
    return np.where(inside, around, total)
