"""What the telephone band costs a model, and which front end gets most of it back: measured on recordings."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile  # pyright: ignore[reportMissingTypeStubs]
import soxr

from core.errors import HotlineError
from transcription.front_end import NARROW_RATE_HZ, FrontEnd, NarrowBand, Samples
from transcription.recognizer import MODEL_RATE_HZ, RecognizerFactory, Settled

PIECE_BYTES = 6400


class WavNotUsable(HotlineError):
    """这个录音不能用来检查模型。"""

    code = "wav-not-usable"
    status = 400


@dataclass(frozen=True, slots=True)
class Row:
    """One way of hearing one recording."""

    file: str
    way: str
    distance: float | None
    """Edits a character away from the reference; None where there is none to compare with."""
    cpu_ratio: float
    """CPU seconds for each second of sound."""
    text: str


def check(make: RecognizerFactory, wav: Path) -> Iterator[Row]:
    """Each way of hearing one WAV.

    The reference is the text beside it (same name, .txt); without one, what is heard of the wide sound.
    """
    samples, rate_hz = _read(wav)
    beside = wav.with_suffix(".txt")
    reference = beside.read_text(encoding="utf-8") if beside.is_file() else ""
    length_s = len(samples) / rate_hz
    for way, sound in _ways(samples, rate_hz):
        began = time.thread_time()
        text = hear(make, sound())
        ratio = (time.thread_time() - began) / length_s
        far = character_distance(reference, text) if reference else None
        yield Row(wav.name, way, far, ratio, text)
        reference = reference or text


def hear(make: RecognizerFactory, pcm: bytes) -> str:
    """All that a fresh recogniser makes of 16 kHz sound."""
    recognizer = make()
    found = [
        recognizer.feed(pcm[at : at + PIECE_BYTES], guess=False) for at in range(0, len(pcm), PIECE_BYTES)
    ]
    return " ".join(line.text for line in (*found, recognizer.finish()) if isinstance(line, Settled))


def character_distance(reference: str, heard: str) -> float:
    """Insertions, deletions and changes a character of the reference; spaces and marks do not count."""
    one = [char for char in reference if char.isalnum()]
    other = [char for char in heard if char.isalnum()]
    row = list(range(len(other) + 1))
    for at, left in enumerate(one, 1):
        new = [at]
        for place, right in enumerate(other, 1):
            new.append(min(row[place] + 1, new[-1] + 1, row[place - 1] + (left != right)))
        row = new
    return row[-1] / max(1, len(one))


def as_telephone(samples: Samples, rate_hz: int) -> bytes:
    """The sound as a telephone line carries it: 8 kHz, A-law there and back."""
    down: Samples = samples if rate_hz == NARROW_RATE_HZ else soxr.resample(samples, rate_hz, NARROW_RATE_HZ)
    line = io.BytesIO()
    pcm = np.clip(down, -32768, 32767).astype(np.int16)
    soundfile.write(line, pcm, NARROW_RATE_HZ, format="AU", subtype="ALAW")  # pyright: ignore[reportUnknownMemberType]
    line.seek(0)
    back, _ = soundfile.read(line, dtype="int16")  # pyright: ignore[reportUnknownMemberType]
    heard: bytes = back.astype("<i2").tobytes()
    return heard


def _ways(samples: Samples, rate_hz: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    if rate_hz > NARROW_RATE_HZ:
        yield "wide", lambda: _pcm(soxr.resample(samples, rate_hz, MODEL_RATE_HZ))
    telephone = as_telephone(samples, rate_hz)
    for kind in FrontEnd:
        yield f"telephone+{kind}", lambda kind=kind: NarrowBand(kind).process(telephone, last=True)


def _pcm(samples: Samples) -> bytes:
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


def _read(wav: Path) -> tuple[Samples, int]:
    try:
        found: Any = soundfile.read(wav, dtype="int16", always_2d=True)  # pyright: ignore[reportUnknownMemberType]
    except soundfile.LibsndfileError as error:
        raise WavNotUsable(文件=wav.name, 原因=str(error)) from error
    samples, rate_hz = found
    if rate_hz < NARROW_RATE_HZ or not len(samples):
        raise WavNotUsable(文件=wav.name, 原因="太短，或低于 8 kHz")
    return samples[:, 0].astype(np.float32), int(rate_hz)
