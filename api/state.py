"""What every request may reach: built once in the lifespan, never at import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Request

from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.ids import OperatorId, SeatId
from core.vocabulary import LinkState, PauseReason
from db.models import Seat
from db.session import SessionMaker


class Seats(Protocol):
    """What people may order at a seat (telephony.seat_service)."""

    async def take(self, seat_id: SeatId, operator_id: OperatorId, phone: str = "seat") -> Seat:
        """Sit down."""
        ...

    async def start_duty(self, seat_id: SeatId) -> Seat:
        """Begin to take calls."""
        ...

    async def pause(self, seat_id: SeatId, reason: PauseReason) -> Seat:
        """Take no calls for a while."""
        ...

    async def resume(self, seat_id: SeatId) -> Seat:
        """Take calls again."""
        ...

    async def finish_wrap_up(self, seat_id: SeatId) -> Seat:
        """Ready before the time is over."""
        ...

    async def extend_wrap_up(self, seat_id: SeatId, seconds: int) -> Seat:
        """More time after the call."""
        ...

    async def sign_off(self, seat_id: SeatId, reason: str = "signed_off") -> Seat:
        """Leave the seat."""
        ...


class Control(Protocol):
    """The telephony control plane as the API sees it."""

    link_state: LinkState

    @property
    def seats(self) -> Seats:
        """Orders at seats."""
        ...


@dataclass(frozen=True, slots=True)
class House:
    """The running house."""

    settings: Settings
    sessions: SessionMaker
    bus: Bus
    clock: Clock
    control: Control
    engine: dict[str, Any]
    """What `/api/board` says of the transcription engine."""


def house_of(request: Request) -> House:
    """The house of this request."""
    house: House = request.app.state.house
    return house
