"""How the reader learns: rows of the encoder stay as they are, detectors and heads are fitted to the corpus.

Plain gradient descent (Adam) in numpy; the same rows and seed give the same reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickets.draft.encoder import Encoder
from tickets.draft.heard import BREAK
from tickets.draft.reader import Reader

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_NARROW = 320
_DETECTORS = 256
_ROUNDS = 10
_STEP = 5e-3
_DECAY = 0.02
_FORGET = 0.4
"""Share of detectors hidden at random from a step, so that none is relied on alone."""
_SKIP = 0.2
"""Share of pieces left out at random: what is said with a word missing is still the same call."""
_SMOOTH = 0.05
_BATCH = 48
_AT_ONCE = 48
_SAMPLE = 20_000
_WARM_UP = 60
_HEAD_WEIGHT = {"secret": 0.5}


@dataclass(frozen=True)
class Rows:
    """The encoder's rows for many calls, narrowed to the directions in which speech differs most."""

    rows: NDArray[np.float16]
    starts: Ints
    lengths: Ints
    narrow: Floats
    middle: Floats
    said: Floats | None = None
    """What another machine, that saw none of a call's author, says of it: a score a label, head after head.
    The reader then learns what is missing there."""


@dataclass
class _Net:
    """detectors, their levels, head weights, head biases."""

    weights: list[Floats]
    first: list[Floats]
    second: list[Floats]
    steps: int = 0

    def step(self, slopes: Sequence[Floats], size: float) -> None:
        """One step of Adam, large weights shrinking a little."""
        self.steps += 1
        for weight, mean, square, slope in zip(self.weights, self.first, self.second, slopes, strict=True):
            mean += 0.1 * (slope - mean)
            square += 0.001 * (slope * slope - square)
            move = (mean / (1 - 0.9**self.steps)) / (
                np.sqrt(square / (1 - 0.999**self.steps)) + np.float32(1e-8)
            )
            if weight.ndim == 2:
                move += _DECAY * weight
            weight -= np.float32(size) * move


def encode(encoder: Encoder, texts: Sequence[str]) -> Rows:
    """All calls' rows; a call's parts are read apart and stand together."""
    parts = [text.split(BREAK) for text in texts]
    flat = [part for call in parts for part in call]
    narrow, middle = _directions(encoder, flat)
    rows: list[NDArray[np.float16]] = []
    lengths: list[int] = []
    for start in range(0, len(flat), _AT_ONCE):
        found, counts = encoder.rows(flat[start : start + _AT_ONCE])
        rows.append(((found - middle) @ narrow).astype(np.float16))
        lengths += counts.tolist()
    owner = np.repeat(np.arange(len(parts)), [len(call) for call in parts])
    per_call = np.bincount(owner, weights=lengths, minlength=len(parts)).astype(np.int64)
    return Rows(np.concatenate(rows), np.cumsum(per_call) - per_call, per_call, narrow, middle)


def _directions(encoder: Encoder, parts: Sequence[str]) -> tuple[Floats, Floats]:
    """The main directions of the rows, each scaled by half its spread (in powers)."""
    every = max(1, len(parts) * 12 // _SAMPLE)
    sample, _ = encoder.rows(parts[::every])
    middle = sample.mean(axis=0)
    spread, directions = np.linalg.eigh(np.cov((sample - middle).T))
    width = min(_NARROW, len(spread))
    scale = np.maximum(spread[-width:], 1e-6) ** 0.25
    return (directions[:, -width:] / scale).astype(np.float32), middle.astype(np.float32)


def train(rows: Rows, chosen: Ints, wanted: Mapping[str, Ints], sizes: Mapping[str, int]) -> list[Floats]:
    """Detectors, levels, head weights and biases. `chosen[i]` has the call in all its copies, one a row."""
    rng = np.random.default_rng(7)
    outputs = sum(sizes.values())
    weights = [
        (rng.standard_normal((rows.rows.shape[1], _DETECTORS)) * np.sqrt(2 / rows.rows.shape[1])),
        np.full(_DETECTORS, -0.1),
        rng.standard_normal((2 * _DETECTORS, outputs)) * 0.05,
        np.zeros(outputs),
    ]
    start = [weight.astype(np.float32) for weight in weights]
    net = _Net(start, [np.zeros_like(one) for one in start], [np.zeros_like(one) for one in start])
    total = _ROUNDS * -(-len(chosen) // _BATCH)
    for _ in range(_ROUNDS):
        copies = rng.integers(chosen.shape[1], size=len(chosen))
        for batch in _batches(chosen[np.arange(len(chosen)), copies], rows.lengths, rng):
            size = _STEP * min(1.0, (net.steps + 1) / _WARM_UP) * (1 - net.steps / (total + 1))
            net.step(_slopes(net.weights, rows, batch, wanted, sizes, rng), size)
    return net.weights


def _batches(calls: Ints, lengths: Ints, rng: np.random.Generator) -> Iterator[Ints]:
    """Calls in random batches, those of like length together."""
    calls = rng.permutation(calls)
    batches: list[Ints] = []
    for start in range(0, len(calls), _BATCH * 20):
        stretch = calls[start : start + _BATCH * 20]
        stretch = stretch[np.argsort(lengths[stretch], kind="stable")]
        batches += [stretch[at : at + _BATCH] for at in range(0, len(stretch), _BATCH)]
    for number in rng.permutation(len(batches)):
        yield batches[number]


def _slopes(
    weights: Sequence[Floats],
    rows: Rows,
    batch: Ints,
    wanted: Mapping[str, Ints],
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> list[Floats]:
    """How the loss over one batch changes with each weight."""
    seen, here = _padded(rows, batch)
    here &= rng.random(here.shape) > _SKIP
    here[:, 0] = True
    found = np.maximum(seen @ weights[0] + weights[1], 0.0) * here[:, :, None]
    soften = (2 * np.sqrt(here.sum(axis=1, dtype=np.float32)))[:, None]
    best = found.argmax(axis=1)
    strongest = np.take_along_axis(found, best[:, None, :], axis=1)[:, 0]
    kept = (rng.random((len(batch), 2 * _DETECTORS), np.float32) > _FORGET) / np.float32(1 - _FORGET)
    row = np.hstack([strongest, found.sum(axis=1) / soften]) * kept
    said = row @ weights[2] + weights[3] + (rows.said[batch] if rows.said is not None else 0.0)
    wrong = _errors(said.astype(np.float32), batch, wanted, sizes)
    back = (wrong @ weights[2].T) * kept
    slope = np.broadcast_to((back[:, _DETECTORS:] / soften)[:, None, :], found.shape).copy()
    calls = np.arange(len(batch))[:, None]
    slope[calls, best, np.arange(_DETECTORS)] += back[:, :_DETECTORS]
    slope *= found > 0
    flat = slope.reshape(-1, _DETECTORS)
    slopes = (seen.reshape(len(flat), -1).T @ flat, flat.sum(axis=0), row.T @ wrong, wrong.sum(axis=0))
    return [one.astype(np.float32, copy=False) for one in slopes]


def _padded(rows: Rows, batch: Ints) -> tuple[Floats, NDArray[np.bool_]]:
    width = int(rows.lengths[batch].max())
    at = rows.starts[batch][:, None] + np.arange(width)
    here = np.arange(width) < rows.lengths[batch][:, None]
    return rows.rows[np.minimum(at, len(rows.rows) - 1)].astype(np.float32), here


def _errors(scores: Floats, batch: Ints, wanted: Mapping[str, Ints], sizes: Mapping[str, int]) -> Floats:
    """Said minus wanted, a head at a time; what is wanted leaves a little doubt."""
    start = 0
    for name, size in sizes.items():
        part = scores[:, start : start + size]
        part[:] = np.exp(part - part.max(axis=1, keepdims=True))
        part /= part.sum(axis=1, keepdims=True)
        part -= _SMOOTH / size
        part[np.arange(len(batch)), wanted[name][batch]] -= 1 - _SMOOTH
        part *= _HEAD_WEIGHT.get(name, 1.0) / len(batch)
        start += size
    return scores


def scores(rows: Rows, calls: Ints, weights: Sequence[Floats], sizes: Mapping[str, int]) -> dict[str, Floats]:
    """What these weights say of calls, a head at a time."""
    out = np.zeros((len(calls), sum(sizes.values())), np.float32)
    for at in range(0, len(calls), _AT_ONCE):
        batch = calls[at : at + _AT_ONCE]
        seen, here = _padded(rows, batch)
        found = np.maximum(seen @ weights[0] + weights[1], 0.0) * here[:, :, None]
        soften = (2 * np.sqrt(rows.lengths[batch].astype(np.float32)))[:, None]
        row = np.hstack([found.max(axis=1), found.sum(axis=1) / soften])
        out[at : at + len(batch)] = row @ weights[2] + weights[3]
    ends = np.cumsum(list(sizes.values()))
    return {name: out[:, end - size : end] for (name, size), end in zip(sizes.items(), ends, strict=True)}


def made(encoder: Encoder, rows: Rows, weights: Sequence[Floats], sizes: Mapping[str, int]) -> Reader:
    """The reader that works on the encoder's own rows."""
    detectors = rows.narrow @ weights[0]
    ends = np.cumsum(list(sizes.values()))
    heads = {
        name: (weights[2][:, end - size : end], weights[3][end - size : end])
        for (name, size), end in zip(sizes.items(), ends, strict=True)
    }
    levels = (weights[1] - rows.middle @ detectors).astype(np.float32)
    return Reader(encoder, detectors, levels, heads)
