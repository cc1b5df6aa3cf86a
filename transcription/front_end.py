"""The narrow-band front end: what is done to telephone sound before a 16 kHz model hears it.

The telephone carries nothing above 4 kHz, and a wide-band model never saw such emptiness. A little
noise in the empty band helped on both sets of the lab's measurements, folding on one only, bare
upsampling on neither.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import soxr

from transcription.recognizer import MODEL_RATE_HZ

Samples = np.ndarray[Any, np.dtype[np.float32]]

NARROW_RATE_HZ = 8000
NOISE_STEPS = 30.0
EMPTY_RATIO = 1e-5
"""Upper band beside telephone band, in power: speech has about 1e-3, a resampled telephone under 1e-6."""
SHORTEST_MEASURED = 320


class FrontEnd(StrEnum):
    """The choices, compared by `minsheng model check`."""

    BARE = "bare"
    NOISE = "noise"
    FOLD = "fold"


class NarrowBand:
    """One stream of 8 kHz sound to 16 kHz; keeps its filter's state between pieces."""

    def __init__(self, kind: FrontEnd = FrontEnd.NOISE, seed: int = 1) -> None:
        self._kind = kind
        self._resampler = soxr.ResampleStream(NARROW_RATE_HZ, MODEL_RATE_HZ, 1, dtype="float32")
        self._random = np.random.default_rng(seed)
        self._flip = 0

    def process(self, pcm: bytes, *, last: bool = False) -> bytes:
        """16-bit mono 8 kHz in, 16-bit mono 16 kHz out (a few milliseconds later)."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        wide: Samples = self._resampler.resample_chunk(samples, last=last)
        if self._kind is FrontEnd.NOISE:
            wide = wide + self._random.normal(0.0, NOISE_STEPS, len(wide)).astype(np.float32)
        elif self._kind is FrontEnd.FOLD:
            # Multiplying by +1, -1, … mirrors the lower band into the upper one
            signs = np.where((np.arange(len(wide)) + self._flip) % 2 == 0, 1.0, -1.0).astype(np.float32)
            self._flip = (self._flip + len(wide)) % 2
            wide = wide + 0.1 * wide * signs
        return np.clip(wide, -32768, 32767).astype("<i2").tobytes()


class UpperBand:
    """Wide-band sound: while its upper half is as empty as a telephone's, a little noise fills it."""

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._low = self._high = 0.0

    def process(self, pcm: bytes) -> bytes:
        """16-bit mono 16 kHz in and out, sample by sample the same length."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        if len(samples) < SHORTEST_MEASURED:
            return pcm
        low, high = band_power(samples, MODEL_RATE_HZ)
        self._low, self._high = 0.9 * self._low + low, 0.9 * self._high + high
        if not is_empty(self._low, self._high):
            return pcm
        filled = samples + self._random.normal(0.0, NOISE_STEPS, len(samples)).astype(np.float32)
        return np.clip(filled, -32768, 32767).astype("<i2").tobytes()


def band_power(samples: Samples, rate_hz: int) -> tuple[float, float]:
    """Power in the telephone's band and above it."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    tone_hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    return float(power[(tone_hz > 300) & (tone_hz < 3400)].sum()), float(power[tone_hz > 4400].sum())


def is_empty(low: float, high: float) -> bool:
    """Whether what lies above the telephone's band is nothing beside what lies in it."""
    return high < EMPTY_RATIO * low
