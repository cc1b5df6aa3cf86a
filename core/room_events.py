"""What rooms mean for seats and for the call that is in one."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import CallFact, SeatFact
from core.ids import CallId, SeatId
from core.vocabulary import SeatState


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRoomFact(SeatFact):
    """Something happened between a seat and a room."""

    bridge_id: int
    call_id: CallId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRungForRoom(SeatRoomFact):
    """The seat's phone rings to bring it into a room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatJoinedRoom(SeatRoomFact):
    """The seat is in a room: it talks there, whoever else leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLeftRoom(SeatRoomFact):
    """The seat is out of the room, or its ringing came to nothing."""

    back_to: SeatState
    """What the seat was before it rang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(CallFact):
    """The call is another seat's now, or nobody's of ours where somebody outside has taken it."""

    seat_id: SeatId | None
    seat_channel: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequeued(CallFact):
    """The caller went from a talk back to the head of the queue."""
