"""Captured legs become one file: caller left, seat right, and what was said beside them laid over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from telephony.sound_files import BLOCK, Laid, join

RATE_HZ = 16000


def a_wav(file: Path, value: int, count: int, rate_hz: int = RATE_HZ) -> Path:
    soundfile.write(file, np.full(count, value, dtype=np.int16), rate_hz, subtype="PCM_16")
    return file


def test_two_legs_are_two_sides_and_the_shorter_one_ends_in_silence(tmp_path: Path) -> None:
    left, right = a_wav(tmp_path / "c.wav", 100, 300), a_wav(tmp_path / "s.wav", 200, 200)
    duration_s, digest = join(left, right, tmp_path / "both.wav")
    samples, _ = soundfile.read(tmp_path / "both.wav", dtype="int16")
    assert (duration_s, len(digest)) == (300 / RATE_HZ, 64)
    assert [list(samples[at]) for at in (0, 199, 200)] == [[100, 200], [100, 200], [100, 0]]


@pytest.mark.parametrize("begin", [0, 5, BLOCK - 3, BLOCK, BLOCK + 7])
def test_what_is_laid_over_begins_at_its_moment_whatever_block_that_is_in(tmp_path: Path, begin: int) -> None:
    count = 2 * BLOCK + 50
    left, right = a_wav(tmp_path / "c.wav", 100, count), a_wav(tmp_path / "s.wav", 200, count)
    lead = a_wav(tmp_path / "l.wav", 1000, 10)
    join(left, right, tmp_path / "both.wav", [Laid(lead, begin / RATE_HZ)])
    samples, _ = soundfile.read(tmp_path / "both.wav", dtype="int16")
    assert set(samples[:, 0]) == {100}, "the caller's own side stays as it was"
    assert np.flatnonzero(samples[:, 1] == 1200).tolist() == list(range(begin, begin + 10))
    assert np.count_nonzero(samples[:, 1] != 200) == 10


def test_loud_voices_together_are_cut_off_and_do_not_turn_over(tmp_path: Path) -> None:
    left, right = a_wav(tmp_path / "c.wav", 0, 50), a_wav(tmp_path / "s.wav", 30000, 50)
    lead = a_wav(tmp_path / "l.wav", 30000, 500)
    duration_s, _ = join(left, right, tmp_path / "both.wav", [Laid(lead, 0.0)])
    samples, _ = soundfile.read(tmp_path / "both.wav", dtype="int16")
    assert set(samples[:, 1]) == {32767}
    assert duration_s == 50 / RATE_HZ, "what is laid over makes nothing longer"


def test_another_sample_rate_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    left, right = a_wav(tmp_path / "c.wav", 0, 50), a_wav(tmp_path / "s.wav", 0, 50)
    lead = a_wav(tmp_path / "l.wav", 1, 50, 8000)
    with pytest.raises(ValueError, match="sample rate"):
        join(left, right, tmp_path / "both.wav", [Laid(lead, 0.0)])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.wav", "l.wav", "s.wav"]
