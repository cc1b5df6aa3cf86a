"""The corpus becomes a model: linear heads and a reader, calibrated on authors they have not seen."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tickets.draft import calibration, linear, reader_training, secrecy, sounds, tagged, tagger_training
from tickets.draft.company import HEEDS, Company, learn
from tickets.draft.corpus import CORPUS, Example, read_corpus
from tickets.draft.encoder import Encoder
from tickets.draft.features import FEATURES_VERSION, features
from tickets.draft.gazetteer import SUFFIX
from tickets.draft.heard import Heard, hear
from tickets.draft.judging import kept_back
from tickets.draft.model import ALARM_AT, HEADS, READER_SHARE, SECRET_AT, Head, Model
from tickets.draft.noise import Noise, Noisemaker
from tickets.draft.reader import Reader
from tickets.draft.tagger import Marks, Tagger

_FOLDS = 3
_READER_FOLDS = 2
_KNOWN_ALREADY = {"type": 2.3, "danger": 1.75}
"""How sharp the linear machine's scores are where the reader learns only what is missing in them."""
_SHARPNESS = 2.0
_A_NAME = 0.5
"""How much of the time a word must be said as the call's place to be remembered as a place's name."""
Scores = dict[str, NDArray[np.float32]]
Chances = dict[str, NDArray[np.floating[Any]]]
Names = dict[str, tuple[str, ...]]
_Linear = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64] | None]
"""Weights, bias, and every call's scores by a machine that saw none of its author's lines."""


def target(example: Example, head: str) -> str:
    """What a head should say of an example."""
    if head == "danger":
        named = example.fields["emergency_class"]
        return named if named in ("E1", "E2", "E3") else "none"
    return example.fields[head]


def fit_corpus(encoder: Encoder | None = None) -> Model:
    """Train on the corpus that ships with the code, without its kept-back part."""
    return fit(corpus_parts()[1], encoder)


def corpus_parts(corpus_dir: Path = CORPUS) -> tuple[list[Example], list[Example]]:
    """The part kept back for judging, and the part to train on."""
    examples = read_corpus(corpus_dir)
    return [one for one in examples if kept_back(one)], [one for one in examples if not kept_back(one)]


def fit(examples: Sequence[Example], encoder: Encoder | None = None) -> Model:
    """Train all heads on these examples and their noisy copies; with an encoder, a reader beside them.

    Linear heads and taggers are the same each time; the reader drifts a little (docs/model-card.md).
    """
    with threadpool_limits(1):
        return _fit(examples, encoder)


def _fit(examples: Sequence[Example], encoder: Encoder | None) -> Model:
    noisy = _with_noise(examples)
    calls = [hear(example.turns) for example in noisy]
    rows = [features(heard, encoder and encoder.pieces) for heard in calls]
    vocabulary, idf = linear.known_features(rows)
    matrix = linear.as_matrix(rows, vocabulary, idf)
    del rows
    wanted = {name: np.array([target(one, name) for one in noisy]) for name in HEADS}
    names: Names = {name: tuple(sorted(set(wanted[name].tolist()))) for name in HEADS}
    groups = _groups(noisy)
    folds = groups % min(_READER_FOLDS if encoder else _FOLDS, len(set(groups.tolist())))
    with ThreadPoolExecutor(1) as aside:  # the SVM's own code lets Python run on meanwhile
        fitted = aside.submit(
            lambda: {name: _linear(matrix, wanted[name], names[name], folds, name) for name in HEADS}
        )
        encoded = _encoded(encoder, calls) if encoder else None
        taggers = _taggers(examples, calls[: len(examples)])
        parts = fitted.result()
    reader, read = _reader(encoded, parts, wanted, names, folds) if encoded else (None, {})
    heads: dict[str, Head] = {}
    unseen: Chances = {}
    for name in HEADS:
        heads[name], scores = _head(parts[name], wanted[name], names[name], name, read.get(name))
        if scores is not None:
            unseen[name] = calibration.shares(scores)
    about = _about(examples, groups, encoder)
    company = None
    if len(unseen) == len(HEADS):
        numbers = {name: _numbers(wanted[name], names[name]) for name in HEADS}
        company = _company(unseen, numbers)
        danger = company.moved(unseen)["danger"] * company.sharpness["danger"]
        about["secret_at"] = _secret_level(calls, wanted["secret"], unseen["secret"], names["secret"])
        about["alarm_at"] = calibration.alarm_level(danger, wanted["danger"], names["danger"])
    return Model(vocabulary, idf, heads, known_places(examples), about, company, reader, taggers)


def _secret_level(
    calls: Sequence[Heard], wanted: NDArray[Any], unseen: NDArray[np.floating[Any]], names: tuple[str, ...]
) -> float:
    by_model = unseen[:, names.index("1")]
    likely = [
        secrecy.together(float(model), secrecy.likely(heard))
        for model, heard in zip(by_model, calls, strict=True)
    ]
    return calibration.secret_level(np.array(likely), wanted == "1")


def _taggers(examples: Sequence[Example], calls: Sequence[Heard]) -> dict[str, Tagger]:
    """What marks a field's words, taught by the calls as written."""

    def places(number: int) -> Marks:
        return tagged.marks_of_place(calls[number], _named_places(examples[number], calls[number]))

    def party(number: int) -> Marks:
        return tagged.marks_of_respondent(calls[number], examples[number].fields["type"])

    words = tagger_training.read(calls)
    taught = {
        name: tagger_training.teach(words, [one.fields[name].replace(" ", "") for one in examples], marks)
        for name, marks in zip(tagged.TAGGED, (places, party), strict=True)
    }
    return {name: tagger for name, tagger in taught.items() if tagger is not None}


def _named_places(example: Example, heard: Heard) -> list[tuple[int, int]]:
    """Where the call's own town and village are said, whole or without their suffix."""
    found: list[tuple[int, int]] = []
    for name in (example.fields["town"], example.fields["village"]):
        for said in (name, SUFFIX.sub("", name)):
            at = heard.sounds.find(sounds.fold(said)) if len(said) > 1 else -1
            if at >= 0:
                found.append((at, at + len(said)))
                break
    return found


def _company(unseen: Chances, numbers: Mapping[str, NDArray[np.int64]]) -> Company:
    """What the heads say of each other, and how far they may be believed after that."""
    learnt = learn(numbers, {name: chances.shape[1] for name, chances in unseen.items()})
    moved = learnt.moved(unseen)
    sharp = {name: calibration.sharpness(moved[name], numbers[name]) for name in HEEDS}
    return dataclasses.replace(learnt, sharpness=sharp)


def _linear(
    matrix: Any, wanted: NDArray[Any], classes: tuple[str, ...], folds: NDArray[np.int64], name: str
) -> _Linear:
    weights, bias = linear.fit_linear(matrix, wanted, classes, name)
    return weights, bias, _out_of_author(matrix, wanted, classes, folds, name)


def _head(
    part: _Linear,
    wanted: NDArray[Any],
    classes: tuple[str, ...],
    name: str,
    read: NDArray[np.float32] | None,
) -> tuple[Head, NDArray[np.float64] | None]:
    """The head and, for every call, the sharpened scores of one that has not seen its author."""
    weights, bias, scores = part
    if scores is None:
        return Head(classes, weights, bias, _SHARPNESS), None
    if read is not None:
        scores = scores + READER_SHARE[name] * read
    sharp = calibration.sharpness(scores, _numbers(wanted, classes))
    return Head(classes, weights, bias, sharp), scores * sharp


def _about(examples: Sequence[Example], groups: NDArray[np.int64], encoder: Encoder | None) -> dict[str, Any]:
    return {
        "calls": len(examples),
        "features": FEATURES_VERSION,
        "authors": len(set(groups.tolist())),
        "alarm_at": ALARM_AT,
        "secret_at": SECRET_AT,
        "reads": encoder is not None,
    }


def known_places(examples: Sequence[Example]) -> tuple[str, ...]:
    """Names of estates, roads and the like that were written down; houses and numbers left out.

    A word that mostly stands in calls without being their place (停车场, 幼儿园) is no name.
    """
    named: Counter[str] = Counter(
        name for example in examples if (name := _place_name(example.fields["place_detail"]))
    )
    spoken = "\n".join(turn.text.replace(" ", "") for example in examples for turn in example.turns)
    return tuple(sorted(name for name, times in named.items() if times >= _A_NAME * spoken.count(name)))


def _place_name(detail: str) -> str:
    name = detail.split(" ")[0].split("号")[0].rstrip("0123456789")
    return name if 3 <= len(name) <= 8 and not any(char.isdigit() for char in name) else ""


def _with_noise(examples: Sequence[Example]) -> list[Example]:
    maker = Noisemaker((turn.text for example in examples for turn in example.turns), seed=7)
    out = list(examples)
    for number, example in enumerate(examples):
        kind = (Noise.HOMOPHONES, Noise.DROPPED)[number % 2]
        out.append(Example(maker.turns(example.turns, kind), example.fields, example.author))
    return out


def _groups(examples: Sequence[Example]) -> NDArray[np.int64]:
    authors = sorted({example.author for example in examples})
    return np.array([authors.index(example.author) for example in examples])


def _numbers(wanted: NDArray[Any], names: tuple[str, ...]) -> NDArray[np.int64]:
    return np.searchsorted(np.array(names), wanted).astype(np.int64)


def _out_of_author(
    matrix: Any, wanted: NDArray[Any], classes: tuple[str, ...], folds: NDArray[np.int64], name: str
) -> NDArray[np.float64] | None:
    """Every call's scores by a machine that saw none of its author's lines."""
    if len(set(folds.tolist())) < 2:
        return None
    scores = np.zeros((len(wanted), len(classes)), np.float64)
    for fold in set(folds.tolist()):
        if len(set(wanted[folds != fold].tolist())) < 2:
            return None
        weights, bias = linear.fit_linear(matrix[folds != fold], wanted[folds != fold], classes, name)
        scores[folds == fold] = matrix[folds == fold] @ weights + bias
    return scores


@dataclasses.dataclass(frozen=True)
class _Encoded:
    """All calls' rows. Of the noisy copies every second one (homophones) is read; for the other half
    of them the call as written stands."""

    encoder: Encoder
    rows: reader_training.Rows
    calls: NDArray[np.int64]
    """Which call each of the rows is."""
    places: NDArray[np.int64]
    """Which of the rows stands for each call."""


def _encoded(encoder: Encoder, calls: Sequence[Heard]) -> _Encoded:
    half = len(calls) // 2
    number = np.arange(len(calls))
    stands_for = np.where((number >= half) & (number % 2 == half % 2), number, number % half)
    kept, places = np.unique(stands_for, return_inverse=True)
    rows = reader_training.encode(encoder, [calls[int(at)].text for at in kept])
    return _Encoded(encoder, rows, kept, places)


def _reader(
    encoded: _Encoded,
    parts: Mapping[str, _Linear],
    wanted: Mapping[str, NDArray[Any]],
    names: Names,
    folds: NDArray[np.int64],
) -> tuple[Reader, Scores]:
    """The reader, and every call's scores by one that saw none of its author's lines."""
    half = len(folds) // 2
    places = encoded.places
    sizes = {name: len(labels) for name, labels in names.items()}
    numbers = {name: _numbers(wanted[name], names[name])[encoded.calls] for name in names}
    rows = dataclasses.replace(encoded.rows, said=_already_said(parts, sizes, encoded.calls))
    copies = np.stack([places[:half], places[half:]], axis=1)
    read: Scores = {name: np.zeros((len(folds), size), np.float32) for name, size in sizes.items()}
    for fold in sorted(set(folds.tolist())):
        weights = reader_training.train(rows, copies[folds[:half] != fold], numbers, sizes)
        unseen = np.flatnonzero(folds == fold)
        for name, scores in reader_training.scores(rows, places[unseen], weights, sizes).items():
            read[name][unseen] = scores
    weights = reader_training.train(rows, copies, numbers, sizes)
    return reader_training.made(encoded.encoder, rows, weights, sizes), read


def _already_said(
    parts: Mapping[str, _Linear], sizes: Mapping[str, int], calls: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What the linear machine says, so that the reader learns what that one misses (type and danger only).

    By category and secrecy the reader does better when it learns the whole.
    """
    said: list[NDArray[np.floating[Any]]] = []
    for name, size in sizes.items():
        scores = parts[name][2]
        if name in _KNOWN_ALREADY and scores is not None:
            said.append(_KNOWN_ALREADY[name] * (scores - scores.mean(axis=1, keepdims=True))[calls])
        else:
            said.append(np.zeros((len(calls), size)))
    return np.hstack(said).astype(np.float32)
