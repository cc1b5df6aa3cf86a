"""The closed lists of words of who is answered first. Code is English, labels are Chinese."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Priority(StrEnum):
    """Whose turn it is, first to last; the queue's own numbers are in QUEUE_PRIORITY."""

    EMERGENCY = "emergency"
    SEAT_LOST = "seat_lost"
    """The caller's seat died in the talk."""
    CUT_OFF = "cut_off"
    NORMAL = "normal"


QUEUE_PRIORITY: Final[dict[Priority, int]] = {
    Priority.EMERGENCY: 40,
    Priority.SEAT_LOST: 30,
    Priority.CUT_OFF: 20,
    Priority.NORMAL: 0,
}
"""What the dialplan gives to the queue."""


class Why(StrEnum):
    """Why a caller is treated otherwise than the rest."""

    EMERGENCY_KEY = "emergency_key"
    SEAT_LOST = "seat_lost"
    CUT_OFF = "cut_off"
    OWN_SEAT = "own_seat"
    FLOOD = "flood"


WHY_LABELS: Final[dict[Why, str]] = {
    Why.EMERGENCY_KEY: "紧急键",
    Why.SEAT_LOST: "坐席掉线",
    Why.CUT_OFF: "曾掉线",
    Why.OWN_SEAT: "回头客·原坐席",
    Why.FLOOD: "频繁来电",
}
