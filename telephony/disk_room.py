"""How much room the disk still has for sound. Blocking, quick; no rows."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from core.config import Settings

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """The disk that an instance lies on."""

    free_bytes: int
    low_bytes: int

    @property
    def low(self) -> bool:
        """Whether somebody must do something: calls are still taken, soon they are not recorded any more."""
        return self.free_bytes < self.low_bytes


def look(settings: Settings) -> DiskRoom:
    """The room that there is now."""
    place = settings.state_dir
    while not place.exists():
        place = place.parent
    return DiskRoom(shutil.disk_usage(place).free, settings.retention.disk_low_gb * 10**9)


def day_bytes(capture: Path, now_s: float) -> int:
    """What the last day left for good: a joined file is as long as its sides, which go."""
    if not capture.exists():
        return 0
    found = (file.stat() for file in capture.iterdir())
    return sum(about.st_size for about in found if about.st_mtime > now_s - _DAY_S)
