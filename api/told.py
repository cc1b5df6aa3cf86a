"""One fact as screens get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from core.events import UtteranceGuessed, UtteranceSettled
from core.words_events import LegGuessed, LegSettled

PASSING: Final = (UtteranceGuessed, LegGuessed)
"""Told and never stored."""
SPOKEN: Final = tuple(kind.__name__ for kind in (*PASSING, UtteranceSettled, LegSettled))


@dataclass(frozen=True, slots=True)
class Told:
    """`seq` is its place in the log, None for what is not stored."""

    seq: int | None
    kind: str
    call_id: str | None
    payload: dict[str, Any]
