"""Facts of who is answered first: what the rows say of a caller, and what the dialplan did with it."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import CallFact, SeatOffered
from core.ids import SeatId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRouted(CallFact):
    """The dialplan was told what the rows say of this caller; only what differs from the rest is told."""

    own_seat: SeatId | None
    """Where the operator who has the caller's open ticket sits, ready."""
    after_cut_off: bool
    """The caller's call before this one was cut off, or given up after a long wait."""
    flood: bool
    """This number calls too often; a key is asked for before the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyKeyPressed(CallFact):
    """The caller pressed 1: before everybody else, past every question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTurnedAway(CallFact):
    """A flooding caller was let go with a sentence: `challenge` (no key came) or `lines` (none to spare)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSeatOffered(SeatOffered):
    """The seat of the caller's own operator rings, before the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSeatPassed(CallFact):
    """The caller's own operator did not answer in time: the queue is next, and nobody missed a ring."""

    seat_id: SeatId
    ring_s: float
