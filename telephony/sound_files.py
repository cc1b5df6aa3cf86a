"""Captured WAV files: repair a header that a crash left wrong, join two legs to stereo. Blocking; no rows."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

BLOCK: Final = 1 << 16
_HEADER: Final = 44


@dataclass(frozen=True, slots=True)
class Laid:
    """Sound that is laid over another, from a moment on."""

    file: Path
    at_s: float


Samples = np.ndarray[Any, np.dtype[np.int16]]


def repair_header(file: Path) -> None:
    """Make the two lengths in a WAV header say what the file holds (a killed writer leaves them wrong).

    Raises:
        ValueError: the file is no canonical PCM WAV.
    """
    size = file.stat().st_size
    with file.open("r+b") as sound:
        head = sound.read(_HEADER)
        if len(head) < _HEADER or head[:4] != b"RIFF" or head[8:16] != b"WAVEfmt " or head[36:40] != b"data":
            raise ValueError("no canonical WAV header")
        body = (size - _HEADER) & ~1
        if struct.unpack("<I", head[40:44])[0] != body:
            sound.seek(4)
            sound.write(struct.pack("<I", body + _HEADER - 8))
            sound.seek(40)
            sound.write(struct.pack("<I", body))
            sound.truncate(_HEADER + body)


def join(left: Path, right: Path | None, target: Path, laid: Sequence[Laid] = ()) -> tuple[float, str]:
    """Write `target` (caller left, seat right; mono without a seat); returns seconds and sha256.

    `laid` is mixed into the last channel: what the caller heard beside the seat. The target is there whole
    or not at all: it appears by rename. Raises ValueError or OSError for unusable sound.
    """
    repair_header(left)
    for more in ([right] if right is not None else []) + [one.file for one in laid]:
        repair_header(more)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        duration_s = _write(left, right, draft, laid)
        digest = sha256_of(draft)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return duration_s, digest


def holds_all(joined: Path, sides: Sequence[Path]) -> bool:
    """Whether the joined file is as long as each of its sides: none grew after it was made.

    A side is measured in bytes, as no header says what was written after it. Raises ValueError or OSError.
    """
    try:
        with soundfile.SoundFile(joined) as whole:
            return all((side.stat().st_size - _HEADER) // 2 <= whole.frames for side in sides)
    except soundfile.SoundFileError as error:
        raise ValueError(str(error)) from error


def sha256_of(file: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _write(left: Path, right: Path | None, draft: Path, laid: Sequence[Laid]) -> float:
    try:
        with soundfile.SoundFile(left) as first:
            second = soundfile.SoundFile(right) if right is not None else None
            channels = 1 if second is None else 2
            if second is not None and second.samplerate != first.samplerate:
                raise ValueError("the legs have different sample rates")
            over = [(round(one.at_s * first.samplerate), _read(one.file, first.samplerate)) for one in laid]
            with soundfile.SoundFile(
                draft, "w", first.samplerate, channels, subtype="PCM_16", format="WAV"
            ) as out:
                frames = _copy(first, second, out, over)
            if second is not None:
                second.close()
            return frames / first.samplerate
    except soundfile.SoundFileError as error:
        raise ValueError(str(error)) from error


def _read(file: Path, rate_hz: int) -> Samples:
    with soundfile.SoundFile(file) as sound:
        if sound.samplerate != rate_hz:
            raise ValueError("what was laid over has another sample rate")
        return np.asarray(sound.read(dtype="int16"), dtype=np.int16)


def _copy(
    first: soundfile.SoundFile,
    second: soundfile.SoundFile | None,
    out: soundfile.SoundFile,
    over: Sequence[tuple[int, Samples]],
) -> int:
    frames = 0
    while True:
        one = first.read(BLOCK, dtype="int16")
        two = second.read(BLOCK, dtype="int16") if second is not None else None
        length = max(len(one), len(two) if two is not None else 0)
        if length == 0:
            return frames
        both = np.zeros((length, 1 if two is None else 2), dtype=np.int16)
        both[: len(one), 0] = one
        if two is not None:
            both[: len(two), 1] = two
        for begin, sound in over:
            _lay(both[:, -1], sound, begin - frames)
        out.write(both)
        frames += length


def _lay(under: Samples, sound: Samples, at: int) -> None:
    """Mix `sound`, which begins `at` samples after the beginning of `under`, into it."""
    part = sound[max(0, -at) : max(0, len(under) - at)]
    if len(part):
        place = under[max(0, at) : max(0, at) + len(part)]
        place[:] = np.clip(place.astype(np.int32) + part, -32768, 32767)
