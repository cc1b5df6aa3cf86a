"""What counts as speech in a message: any voice, and neither a hiss nor a knock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from telephony.message_sound import LEAST_S, LOUD_DB, seconds_above

RATE_HZ = 16000


def noise(level_db: float, seconds: float) -> np.ndarray:
    """A hiss of that level below full scale."""
    return np.random.default_rng(1).normal(0, 10 ** (level_db / 20), int(seconds * RATE_HZ))


def spoken(file: Path, sound: np.ndarray) -> bool:
    soundfile.write(file, np.clip(sound, -1, 1), RATE_HZ, subtype="PCM_16", format="WAV")
    return seconds_above(file, LOUD_DB) >= LEAST_S


@pytest.mark.parametrize(
    ("level_db", "seconds", "is_speech"),
    [(-30, 0.6, True), (-45, 1.0, True), (-30, 0.2, False), (-60, 180.0, False)],
)
def test_a_soft_voice_is_speech_a_line_without_anybody_is_none(
    tmp_path: Path, level_db: float, seconds: float, is_speech: bool
) -> None:
    line = noise(-62, 8.0)
    said = noise(level_db, seconds)
    assert spoken(tmp_path / "m.wav16", np.concatenate([line, said, line])) is is_speech


def test_silence_nothing_and_a_constant_are_no_speech(tmp_path: Path) -> None:
    for sound in (np.zeros(8 * RATE_HZ), np.zeros(0), np.full(8 * RATE_HZ, 0.3)):
        assert not spoken(tmp_path / "m.wav16", sound)


@pytest.mark.parametrize("size", [0, 1, 43, 44, 45])
def test_a_file_cut_off_in_its_header_holds_no_voice(tmp_path: Path, size: int) -> None:
    file = tmp_path / "m.wav16"
    file.write_bytes(bytes(size))
    assert seconds_above(file, LOUD_DB) == 0.0


def test_a_header_of_a_killed_writer_hides_no_voice(tmp_path: Path) -> None:
    file = tmp_path / "m.wav16"
    assert spoken(file, noise(-20, 5.0))
    written = bytearray(file.read_bytes())
    written[40:44] = bytes(4)
    file.write_bytes(written)
    assert seconds_above(file, LOUD_DB) > 4
