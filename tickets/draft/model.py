"""The trained model at run time: weights in one compact file, inference in numpy alone.

The file says for which code it was built; another code refuses it and the lexicons carry on.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.draft import company, lexicons, reader, sounds, tagger
from tickets.draft.company import Company
from tickets.draft.encoder import UNREADABLE
from tickets.draft.heard import Heard
from tickets.draft.reader import Reader
from tickets.draft.tagger import Tagger
from tickets.draft.vectors import Vectors

Floats = NDArray[np.float32]
HEADS = ("type", "category", "danger", "secret")
"""danger: E1, E2, E3 or none; E4 is secrecy without danger; urgency follows the danger."""
ALARM_AT = 0.4
"""How likely E1 and E2 together must be for an alarm, where training had too little to choose by."""
SECRET_AT = 0.45
"""How likely secrecy must be to be noted, where training had too little to choose by."""
READER_SHARE: Mapping[str, float] = {"type": 0.18, "category": 0.2, "danger": 0.4, "secret": 0.22}
"""How much the reader's scores count beside the linear margins, before both are sharpened."""
MODEL_NAME = "draft-model.npz"
_SHAPES = (
    "features.py", "vectors.py", "heard.py", "sounds.py", "model.py", "secrecy.py", "danger.py",
    "company.py", "encoder.py", "pieces.py", "reader.py",
    "tagger.py", "tagged.py", "details.py", "whom.py", "retold.py", "numbers.py",
)  # fmt: skip


class ModelRefused(Exception):
    """起草模型不能使用。"""

    def __init__(self, reason: str) -> None:
        super().__init__(f"起草模型不能使用：{reason}；暂由词表起草，请运行 minsheng train 重新生成")
        self.reason = reason


@dataclass(frozen=True)
class Head:
    """One classifier: a column of weights a label, and how to turn scores into probabilities."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    temperature: float

    def chances(self, columns: NDArray[np.int32], values: Floats, read: Floats | float = 0.0) -> Floats:
        """Each label's calibrated probability; `read` is what the reader adds to its score."""
        scores = (values @ self.weights[columns] + self.bias + read) * self.temperature
        powers = np.exp(scores - scores.max())
        return powers / powers.sum()


@dataclass(frozen=True)
class Model:
    """All heads over one vocabulary."""

    vocabulary: dict[str, int]
    idf: Floats
    heads: dict[str, Head]
    known_places: tuple[str, ...]
    """Estates, roads and the like that corpus and corrections named."""
    about: dict[str, Any]
    company: Company | None = None
    """None where the corpus was too small to learn by."""
    reader: Reader | None = None
    """None where the sentence encoder could not be had at training."""
    taggers: Mapping[str, Tagger] = field(default_factory=dict[str, Tagger])
    """For a field, what marks its words; none where no call of the corpus shows them."""
    _vectors: Vectors = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pieces = self.reader.encoder.pieces if self.reader is not None else None
        object.__setattr__(self, "_vectors", Vectors(self.vocabulary, self.idf, pieces))

    @property
    def alarm_at(self) -> float:
        """How likely E1 and E2 together must be for an alarm, as training chose it."""
        return float(self.about.get("alarm_at", ALARM_AT))

    @property
    def secret_at(self) -> float:
        """How likely secrecy must be, as training chose it."""
        return float(self.about.get("secret_at", SECRET_AT))

    def chances(self, heard: Heard) -> dict[str, dict[str, float]]:
        """For every head, each label's probability."""
        columns, values = self._vectors.of(heard)
        read = self.reader.scores(heard) if self.reader is not None and heard.text else {}
        alone = {
            name: head.chances(columns, values, READER_SHARE[name] * read[name] if name in read else 0.0)
            for name, head in self.heads.items()
        }
        heeded = self.company.heeded(alone) if self.company is not None else alone
        return {
            name: dict(zip(head.labels, map(float, heeded[name]), strict=True))
            for name, head in self.heads.items()
        }


@cache
def code_digest() -> str:
    """What the features are made of: another digest, another model."""
    digest = hashlib.sha256()
    for module in _SHAPES:
        digest.update((Path(__file__).parent / module).read_bytes())
    for file in sorted(lexicons.DATA.glob("*.csv")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def save(model: Model, file: Path) -> None:
    """Write the model whole or not at all."""
    keys = sorted(model.vocabulary, key=lambda key: model.vocabulary[key])
    about = {
        **model.about,
        "code": code_digest(),
        "heads": {name: [list(head.labels), head.temperature] for name, head in model.heads.items()},
        "known_places": list(model.known_places),
        "tags": list(model.taggers),
        "company": dict(model.company.sharpness) if model.company is not None else None,
    }
    arrays: dict[str, Any] = {
        "about": np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8),
        "vocabulary": np.frombuffer("\t".join(map(_portable, keys)).encode(), np.uint8),
        "idf": model.idf.astype(np.float16),
    }
    for name, head in model.heads.items():
        arrays[f"weights_{name}"] = head.weights.astype(np.float16)
        arrays[f"bias_{name}"] = head.bias
    if model.company is not None:
        arrays |= model.company.arrays()
    if model.reader is not None:
        arrays |= model.reader.arrays()
    for name, one in model.taggers.items():
        arrays |= one.arrays(name)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")  # two set-ups may train at once
    part.write_bytes(buffer.getvalue())
    part.replace(file)


def load(file: Path) -> Model:
    """Read a model that fits this code.

    Raises:
        ModelRefused: missing, broken, or built for other code.
    """
    if not file.exists():
        raise ModelRefused(f"没有找到 {file.name}")
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        about = json.loads(arrays["about"].tobytes())
        if about["code"] != code_digest():
            raise ModelRefused("模型与当前程序不配套（程序更新过）")
        keys = [_local(key) for key in arrays["vocabulary"].tobytes().decode().split("\t")]
        heads = {
            name: Head(
                tuple(labels),
                arrays[f"weights_{name}"].astype(np.float32),
                arrays[f"bias_{name}"].astype(np.float32),
                float(temperature),
            )
            for name, (labels, temperature) in about["heads"].items()
        }
        return Model(
            {key: column for column, key in enumerate(keys)},
            arrays["idf"].astype(np.float32),
            heads,
            tuple(about["known_places"]),
            about,
            company.from_arrays(arrays, about["company"]) if about["company"] is not None else None,
            reader.from_arrays(arrays, list(heads)) if about["reads"] else None,
            {name: tagger.from_arrays(arrays, name) for name in about["tags"]},
        )
    except UNREADABLE as error:
        raise ModelRefused(f"文件损坏（{type(error).__name__}）") from error


def _portable(key: str) -> str:
    """Sound symbols are this process's own; on disk they are spelt."""
    if key[0] != "s":
        return key
    return "s:" + " ".join(sounds.sound_of(char) or "=" + char for char in key[2:])


def _local(key: str) -> str:
    if key[0] != "s":
        return key
    spelt = key[2:].split(" ")
    return "s:" + "".join(one[1:] if one.startswith("=") else sounds.symbol_of(one) for one in spelt)
