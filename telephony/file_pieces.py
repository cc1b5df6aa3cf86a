"""Files that only grow, cut into numbered pieces: `cel.csv.000001` is older than `cel.csv.000002`.

Numbers, not times: a clock that is put back must not change the order.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_NUMBER: Final = re.compile(r"[0-9]{6}\Z")


def pieces(file: Path) -> list[Path]:
    """What was cut off this file, oldest first."""
    found = file.parent.glob(f"{file.name}.*")
    return sorted(one for one in found if _NUMBER.match(one.suffix[1:]))


def next_piece(file: Path) -> Path:
    """The name of the next one to be cut off."""
    last = pieces(file)[-1:]
    return file.with_name(f"{file.name}.{int(last[0].suffix[1:]) + 1 if last else 1:06d}")


def drop_old(file: Path, before: float, kept: int) -> int:
    """Remove pieces last written before that moment, and the oldest beyond `kept`; returns how many.

    The newest stays whatever its age: who reads from a place in it may not have come back yet, and its
    number says what the next one is called.
    """
    found = pieces(file)
    beyond = len(found) - kept
    gone = [one for n, one in enumerate(found[:-1]) if n < beyond or one.stat().st_mtime < before]
    for one in gone:
        one.unlink(missing_ok=True)
    return len(gone)
