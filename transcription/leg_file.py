"""One recorded leg, read piece by piece: a call of hours costs no more memory than a short one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile  # pyright: ignore[reportMissingTypeStubs]
import soxr

from transcription.front_end import NARROW_RATE_HZ, Samples, band_power, is_empty
from transcription.recognizer import MODEL_RATE_HZ

PIECE_S: Final = 0.25


def is_narrow(file: Path) -> bool:
    """Whether a leg is telephone sound, measured over all of it and not guessed from the speaker.

    A desk phone's seat is narrow in a 16 kHz file too.

    Raises:
        soundfile.LibsndfileError: when the file is missing or no sound.
    """
    low = high = 0.0
    with soundfile.SoundFile(file) as sound:
        rate_hz = int(sound.samplerate)
        if rate_hz <= NARROW_RATE_HZ:
            return True
        step = int(rate_hz * PIECE_S)
        for samples in _blocks(sound, step):
            if len(samples) == step:
                part_low, part_high = band_power(samples, rate_hz)
                low, high = low + part_low, high + part_high
    return is_empty(low, high)


def pieces(file: Path, *, narrow: bool) -> Iterator[bytes]:
    """Its first channel as 16-bit mono sound, about a quarter of a second at a time: at 8 kHz if narrow, else
    at 16 kHz.

    Raises:
        soundfile.LibsndfileError: when the file is missing or no sound.
    """
    wanted_hz = NARROW_RATE_HZ if narrow else MODEL_RATE_HZ
    with soundfile.SoundFile(file) as sound:
        rate_hz = int(sound.samplerate)
        if rate_hz == wanted_hz:
            yield from map(_pcm, _blocks(sound, int(rate_hz * PIECE_S)))
            return
        resampler = soxr.ResampleStream(rate_hz, wanted_hz, 1, dtype="float32")
        for samples in _blocks(sound, int(rate_hz * PIECE_S)):
            if len(resampled := resampler.resample_chunk(samples)):
                yield _pcm(resampled)
        if len(rest := resampler.resample_chunk(np.zeros(0, np.float32), last=True)):
            yield _pcm(rest)


def _blocks(sound: Any, step: int) -> Iterator[Samples]:
    for block in sound.blocks(blocksize=step, dtype="int16", always_2d=True):
        samples: Samples = block[:, 0].astype(np.float32)
        yield samples


def _pcm(samples: Samples) -> bytes:
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()
