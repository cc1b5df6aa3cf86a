"""The corpus becomes a model: linear heads, calibrated on authors they have not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]
from sklearn.naive_bayes import ComplementNB  # pyright: ignore[reportMissingTypeStubs]
from sklearn.svm import LinearSVC  # pyright: ignore[reportMissingTypeStubs]

from tickets.draft.corpus import CORPUS, Example, read_corpus
from tickets.draft.features import FEATURES_VERSION, features
from tickets.draft.heard import hear
from tickets.draft.judging import kept_back
from tickets.draft.model import ALARM_AT, HEADS, Head, Model, save, vectorise
from tickets.draft.noise import Noise, Noisemaker

Features = dict[str, float]
_STRENGTH = {"type": 0.7, "category": 0.7, "danger": 0.7, "secret": 0.7}
_BALANCE = {"secret": "balanced"}
_BAYES_SHARE = {"type": 0.2, "category": 0.2, "danger": 0.25, "secret": 0.05}
"""How much of complement Bayes is added to a head's margins: rare labels gain by it."""
_BAYES_SMOOTHING = 0.3
_MIN_SEEN = 3
_FOLDS = 3
_FALSE_ALARMS = 0.03
"""The alarm level is the lowest that raises no more false alarms than this on authors kept out of the fit."""
_ALARMS = ("E1", "E2")
_ENOUGH_CALM = 200
_SHARPNESS = 2.0
_UNSEEN = -3.0


def target(example: Example, head: str) -> str:
    """What a head should say of an example."""
    if head == "danger":
        named = example.fields["emergency_class"]
        return named if named in ("E1", "E2", "E3") else "none"
    return example.fields[head]


def build_model(corpus_dir: Path, out: Path) -> Model:
    """Train on every author in `corpus_dir` and write the model to `out`; deterministic."""
    model = fit(corpus_parts(corpus_dir)[1])
    save(model, out)
    return model


def fit_corpus() -> Model:
    """Train on the corpus that ships with the code, without its kept-back part."""
    return fit(corpus_parts()[1])


def corpus_parts(corpus_dir: Path = CORPUS) -> tuple[list[Example], list[Example]]:
    """The part kept back for judging, and the part to train on."""
    examples = read_corpus(corpus_dir)
    return [one for one in examples if kept_back(one)], [one for one in examples if not kept_back(one)]


def fit(examples: Sequence[Example]) -> Model:
    """Train all heads on these examples and their noisy copies."""
    noisy = _with_noise(examples)
    rows = [features(hear(example.turns)) for example in noisy]
    vocabulary, idf = _vocabulary(rows)
    matrix = _matrix(rows, vocabulary, idf)
    groups = _groups(noisy)
    made = {name: _head(matrix, [target(one, name) for one in noisy], groups, name) for name in HEADS}
    heads = {name: head for name, (head, _) in made.items()}
    about = {
        "calls": len(examples),
        "features": FEATURES_VERSION,
        "authors": len(set(groups.tolist())),
        "alarm_at": made["danger"][1],
    }
    return Model(vocabulary, idf, heads, known_places(examples), about)


def known_places(examples: Sequence[Example]) -> tuple[str, ...]:
    """Names of estates, roads and the like that were written down; houses and numbers left out."""
    found: Counter[str] = Counter()
    for example in examples:
        name = "".join(char for char in example.fields["place_detail"].split(" ")[0])
        name = name.split("号")[0].rstrip("0123456789")
        if 3 <= len(name) <= 8 and not any(char.isdigit() for char in name):
            found[name] += 1
    return tuple(sorted(found))


def _with_noise(examples: Sequence[Example]) -> list[Example]:
    maker = Noisemaker((turn.text for example in examples for turn in example.turns), seed=7)
    out = list(examples)
    for number, example in enumerate(examples):
        kind = (Noise.HOMOPHONES, Noise.DROPPED)[number % 2]
        out.append(Example(maker.turns(example.turns, kind), example.fields, example.author))
    return out


def _vocabulary(rows: Sequence[Features]) -> tuple[dict[str, int], NDArray[np.float32]]:
    seen: Counter[str] = Counter()
    for row in rows:
        seen.update(row.keys())
    keys = sorted(key for key, times in seen.items() if times > _MIN_SEEN)
    idf = np.array(
        [np.log((1 + len(rows)) / (1 + seen[key])) + 1 if key[0] not in "lwpd" else 1.0 for key in keys],
        np.float32,
    )
    return {key: column for column, key in enumerate(keys)}, idf


def _matrix(rows: Sequence[Features], vocabulary: dict[str, int], idf: NDArray[np.float32]) -> Any:
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


def _groups(examples: Sequence[Example]) -> NDArray[np.int64]:
    authors = sorted({example.author for example in examples})
    return np.array([authors.index(example.author) for example in examples])


def _head(matrix: Any, labels: Sequence[str], groups: NDArray[np.int64], name: str) -> tuple[Head, float]:
    """The head and, on authors it has not seen, the level at which its alarms keep within bounds."""
    wanted = np.array(labels)
    classes = tuple(sorted(set(labels)))
    weights, bias = _fit_linear(matrix, wanted, classes, name)
    scores = _out_of_author(matrix, wanted, classes, groups, name)
    if scores is None:
        return Head(classes, weights, bias, _SHARPNESS), ALARM_AT
    right = np.array([classes.index(label) for label in labels])
    temperature = _temperature(scores, right)
    return Head(classes, weights, bias, temperature), _alarm_level(scores * temperature, wanted, classes)


def _fit_linear(
    matrix: Any, wanted: NDArray[Any], classes: tuple[str, ...], name: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights [features × classes]; a class not in these rows scores far below all others."""
    weights = np.zeros((matrix.shape[1], len(classes)), np.float32)
    bias = np.full(len(classes), _UNSEEN, np.float32)
    machine: Any = LinearSVC(C=_STRENGTH[name], class_weight=_BALANCE.get(name), random_state=0)
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


def _out_of_author(
    matrix: Any, wanted: NDArray[Any], classes: tuple[str, ...], groups: NDArray[np.int64], name: str
) -> NDArray[np.float64] | None:
    """Every call's scores by a machine that saw none of its author's lines."""
    folds = groups % min(_FOLDS, len(set(groups.tolist())))
    if len(set(folds.tolist())) < 2:
        return None
    scores = np.zeros((len(wanted), len(classes)), np.float64)
    for fold in set(folds.tolist()):
        if len(set(wanted[folds != fold].tolist())) < 2:
            return None
        weights, bias = _fit_linear(matrix[folds != fold], wanted[folds != fold], classes, name)
        scores[folds == fold] = matrix[folds == fold] @ weights + bias
    return scores


def _temperature(scores: NDArray[np.float64], right: NDArray[np.int64]) -> float:
    """How sharp the scores may be read."""

    def loss(sharpness: float) -> float:
        chances = _shares(scores * sharpness)[np.arange(len(right)), right]
        return float(-np.log(np.maximum(chances, 1e-9)).mean())

    return min(np.geomspace(0.5, 20.0, 40).tolist(), key=loss)


def _shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _alarm_level(scores: NDArray[np.float64], wanted: NDArray[Any], classes: tuple[str, ...]) -> float:
    """How likely E1 and E2 together must be so that few enough other calls alarm."""
    columns = [classes.index(label) for label in _ALARMS if label in classes]
    calm = _shares(scores)[:, columns].sum(axis=1)[~np.isin(wanted, _ALARMS)]
    if not columns or len(calm) < _ENOUGH_CALM:
        return ALARM_AT
    return float(np.quantile(calm, 1 - _FALSE_ALARMS))
