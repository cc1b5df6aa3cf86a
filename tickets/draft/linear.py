"""The linear core: features as a sparse matrix, margins of an SVM with a share of complement Bayes added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]
from sklearn.naive_bayes import ComplementNB  # pyright: ignore[reportMissingTypeStubs]
from sklearn.svm import LinearSVC  # pyright: ignore[reportMissingTypeStubs]

from tickets.draft.vectors import vectorise

Features = dict[str, float]
_STRENGTH = 0.7
_TOLERANCE = 1e-2
"""A hundred times coarser than the library's own: the same figures in half the time."""
_BALANCE = {"secret": "balanced"}
_BAYES_SHARE = {"type": 0.15, "category": 0.3, "danger": 0.25, "secret": 0.05}
"""How much of complement Bayes is added to a head's margins: rare labels gain by it."""
_BAYES_SMOOTHING = 0.1
_MIN_SEEN = 3
_UNSEEN = -3.0


def known_features(rows: Sequence[Features]) -> tuple[dict[str, int], NDArray[np.float32]]:
    """The features seen often enough, each with its column, and how telling each is."""
    seen: Counter[str] = Counter()
    for row in rows:
        seen.update(row.keys())
    keys = sorted(key for key, times in seen.items() if times > _MIN_SEEN)
    idf = np.array(
        [np.log((1 + len(rows)) / (1 + seen[key])) + 1 if key[0] not in "lwpd" else 1.0 for key in keys],
        np.float32,
    )
    return {key: column for column, key in enumerate(keys)}, idf


def as_matrix(rows: Sequence[Features], vocabulary: dict[str, int], idf: NDArray[np.float32]) -> Any:
    """One sparse row a call."""
    columns: list[NDArray[np.int32]] = []
    values: list[NDArray[np.float32]] = []
    starts = [0]
    for row in rows:
        column, value = vectorise(row, vocabulary, idf)
        columns.append(column)
        values.append(value)
        starts.append(starts[-1] + len(column))
    parts = (np.concatenate(values), np.concatenate(columns), np.array(starts))
    return csr_matrix(parts, shape=(len(rows), len(vocabulary)))


def fit_linear(
    matrix: Any, wanted: NDArray[Any], classes: tuple[str, ...], name: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights [features × classes]; a class not in these rows scores far below all others."""
    weights = np.zeros((matrix.shape[1], len(classes)), np.float32)
    bias = np.full(len(classes), _UNSEEN, np.float32)
    machine: Any = LinearSVC(C=_STRENGTH, class_weight=_BALANCE.get(name), tol=_TOLERANCE, random_state=0)
    machine.fit(matrix, wanted)
    present = [classes.index(label) for label in machine.classes_]
    if len(present) == 2:
        weights[:, present[1]], bias[present[1]] = machine.coef_[0], machine.intercept_[0]
        weights[:, present[0]], bias[present[0]] = -machine.coef_[0], -machine.intercept_[0]
    else:
        weights[:, present], bias[present] = machine.coef_.T, machine.intercept_
    bayes: Any = ComplementNB(alpha=_BAYES_SMOOTHING)
    bayes.fit(matrix, wanted)
    telling = bayes.feature_log_prob_.T
    weights[:, present] += _BAYES_SHARE[name] * (telling - telling.mean(axis=1, keepdims=True))
    return weights, bias
