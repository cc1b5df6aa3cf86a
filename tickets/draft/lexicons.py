"""The word lists of drafting: rows in `data/*.csv`, read once."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """All rows of one list."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def words(name: str, column: str = "word") -> frozenset[str]:
    """One column of one list."""
    return frozenset(row[column] for row in rows(name))
