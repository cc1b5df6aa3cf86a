"""What the doctor says of the disk: too little room, and room that is soon used up."""

from __future__ import annotations

from pathlib import Path

from core.config import load_settings
from ops.doctor import Finding, examine


def disk(folder: Path, low_gb: int) -> Finding:
    found = examine(load_settings(folder, retention={"disk_low_gb": low_gb}))
    return next(one for one in found if one.what.startswith("磁盘剩余"))


def test_little_room_is_told_with_what_it_means(tmp_path: Path) -> None:
    assert disk(tmp_path, 0).ok
    found = disk(tmp_path, 1_000_000)
    assert not found.ok
    assert "来电照常接听" in found.remedy


def test_room_that_a_month_of_calls_would_use_up_is_told_in_days(tmp_path: Path) -> None:
    capture = tmp_path / "recordings" / "capture"
    capture.mkdir(parents=True)
    with (capture / "ms-1.1-caller.wav16").open("wb") as sound:
        sound.truncate(10**12)  # a hole, no room
    found = disk(tmp_path, 0)
    assert not found.ok
    assert " 天" in found.what
