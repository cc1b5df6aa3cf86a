"""Captured WAV files: repair a header that a crash left wrong, join two legs to stereo. Blocking; no rows."""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

BLOCK: Final = 1 << 16
_HEADER: Final = 44


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


def join(left: Path, right: Path | None, target: Path) -> tuple[float, str]:
    """Write `target` (caller left, seat right; mono without a seat); returns seconds and sha256.

    Whole or not at all: the target appears by rename. Raises ValueError or OSError for unusable sound.
    """
    repair_header(left)
    if right is not None:
        repair_header(right)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        duration_s = _write(left, right, draft)
        digest = sha256_of(draft)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return duration_s, digest


def sha256_of(file: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _write(left: Path, right: Path | None, draft: Path) -> float:
    try:
        with soundfile.SoundFile(left) as first:
            second = soundfile.SoundFile(right) if right is not None else None
            channels = 1 if second is None else 2
            if second is not None and second.samplerate != first.samplerate:
                raise ValueError("the legs have different sample rates")
            with soundfile.SoundFile(
                draft, "w", first.samplerate, channels, subtype="PCM_16", format="WAV"
            ) as out:
                frames = _copy(first, second, out)
            if second is not None:
                second.close()
            return frames / first.samplerate
    except soundfile.SoundFileError as error:
        raise ValueError(str(error)) from error


def _copy(first: soundfile.SoundFile, second: soundfile.SoundFile | None, out: soundfile.SoundFile) -> int:
    frames = 0
    while True:
        one = first.read(BLOCK, dtype="int16")
        two = second.read(BLOCK, dtype="int16") if second is not None else None
        length = max(len(one), len(two) if two is not None else 0)
        if length == 0:
            return frames
        if two is None:
            out.write(one)
        else:
            both = np.zeros((length, 2), dtype=np.int16)
            both[: len(one), 0], both[: len(two), 1] = one, two
            out.write(both)
        frames += length
