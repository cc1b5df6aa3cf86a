"""A call as segments of time: greeting, queue, ring, talk, hold, wrap-up. Pure: facts in, segments out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LABELS: Final[dict[str, str]] = {
    "greeting": "问候语",
    "queue": "排队",
    "ring": "振铃",
    "talk": "通话",
    "hold": "保持",
    "lost": "正在恢复",
    "leader": "班长接管",
    "message": "留言",
    "wrap_up": "话后整理",
}
_BEGINS: Final[dict[str, str]] = {
    "CallArrived": "greeting",
    "CallQueued": "queue",
    "SeatOffered": "ring",
    "SeatMissed": "queue",
    "OwnSeatOffered": "ring",
    "OwnSeatPassed": "queue",
    "CallAnswered": "talk",
    "CallHeld": "hold",
    "CallResumed": "talk",
    "SeatLegLost": "lost",
    "MessageStarted": "message",
    "CallTakenOver": "leader",
    "CallTransferred": "talk",
    "CallRequeued": "queue",
}
_BY_STATE: Final[dict[str, str]] = {
    "greeting": "greeting",
    "queued": "queue",
    "ringing": "ring",
    "talking": "talk",
    "held": "hold",
    "reconnecting": "lost",
    "leaving_message": "message",
}
WRAP_UP_ENDS: Final = frozenset({"SeatUnpaused", "SeatPaused", "SeatRang", "SeatTalked", "SeatLeft"})
READ_FROM_LOG: Final = WRAP_UP_ENDS | set(_BEGINS) | {"CallEnded", "CallReconciled", "SeatFreed"}
"""What a timeline is made of: these outlive the rest of the log."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the log: what, when, and its words that matter here."""

    at: dt.datetime
    kind: str
    seat_id: int | None = None
    state: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """From `at` for `seconds`; `seat_id` where one has a part in it."""

    kind: str
    at: dt.datetime
    seconds: float
    seat_id: int | None = None

    @property
    def until(self) -> dt.datetime:
        """When it ends."""
        return self.at + dt.timedelta(seconds=self.seconds)

    @property
    def label(self) -> str:
        """The Chinese word."""
        return LABELS[self.kind]


def segments(facts: Iterable[Told], now: dt.datetime) -> list[Segment]:
    """What a call's facts, oldest first, tell; the last segment of one that goes on ends now."""
    found: list[Segment] = []
    kind, began, seat_id = "", now, None
    for fact in sorted(facts, key=lambda one: one.at):
        after = _kind_after(fact, kind)
        if after is None or (after == kind and fact.kind != "CallEnded"):
            continue
        if kind:
            found.append(Segment(kind, began, _between(began, fact.at), seat_id))
        kind, began = after, fact.at
        seat_id = fact.seat_id if fact.seat_id is not None else seat_id
    if kind:
        found.append(Segment(kind, began, _between(began, now), seat_id))
    return [one for one in found if one.seconds > 0]


def wrap_up(seat_facts: Iterable[Told], freed: Told, now: dt.datetime) -> Segment | None:
    """The after-call work of the seat that was freed; `seat_facts` are that seat's, oldest first."""
    for fact in seat_facts:
        over = fact.kind in WRAP_UP_ENDS and not (fact.kind == "SeatPaused" and fact.reason == "wrap_up")
        if fact.at >= freed.at and over:
            return _segment_of(freed, fact.at)
    return _segment_of(freed, now)


def _segment_of(freed: Told, until: dt.datetime) -> Segment | None:
    seconds = _between(freed.at, until)
    return Segment("wrap_up", freed.at, seconds, freed.seat_id) if seconds > 0 else None


def _kind_after(fact: Told, kind: str) -> str | None:
    """What begins with this fact; empty where the call ends, None where nothing changes."""
    if fact.kind == "CallEnded" or (fact.kind == "CallReconciled" and fact.state == "ended"):
        return ""
    if fact.kind == "CallReconciled":
        return _BY_STATE.get(fact.state)
    if fact.kind == "SeatMissed" and kind not in ("ring", ""):
        return None
    return _BEGINS.get(fact.kind)


def _between(begin: dt.datetime, end: dt.datetime) -> float:
    return round(max(0.0, (end - begin).total_seconds()), 1)
