"""Tells seats what rooms mean for them: rung, inside, out again. Compared with the rows after a gap."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from core.bridge_events import (
    LegDialled,
    LegFact,
    LegFailed,
    LegJoined,
    LegLeft,
    LegRang,
    LegRemoved,
    LegUnanswered,
    LegWasBusy,
)
from core.bridge_words import SEAT, LegState, is_colleague
from core.clock import Clock
from core.ids import CallId, SeatId
from core.room_events import SeatJoinedRoom, SeatLeftRoom, SeatRungForRoom
from core.vocabulary import SeatState
from db.models.bridge import BridgeLeg
from db.models.seat import Seat
from db.repositories import bridges, seats
from db.session import SessionMaker, reading
from telephony.bridge_states import LIVE
from telephony.seat_service import SeatService
from telephony.seat_states import IN_CALL

log = structlog.get_logger(__name__)

_RUNG: Final = (LegDialled, LegRang)
_NOBODY: Final = frozenset({SeatState.EMPTY, SeatState.CHECKING})
_OUT: Final = (LegLeft, LegRemoved, LegWasBusy, LegUnanswered, LegFailed)


async def _keep(_bridge_id: int, _leg_id: int) -> None:
    """Until the service is there."""


class RoomSeats:
    """Between rooms and seats; repeatable."""

    def __init__(self, sessions: SessionMaker, clock: Clock, seat_service: SeatService) -> None:
        self._sessions = sessions
        self._clock = clock
        self._seats = seat_service
        self.refuse: Callable[[int, int], Awaitable[None]] = _keep
        """Takes a leg out of its room: nobody sits where it rings."""

    async def on_leg(self, fact: LegFact) -> None:
        """A party that is a seat: what its leg did, the seat did."""
        if fact.role != SEAT and not is_colleague(fact.role):
            return
        async with reading(self._sessions) as session:
            leg = await session.get(BridgeLeg, fact.leg_id)
            row = await seats.get(session, leg.seat_id) if leg and leg.seat_id is not None else None
        if row is None or leg is None:
            return
        if row.state in _NOBODY and leg.state in LIVE:
            await self.refuse(fact.bridge_id, fact.leg_id)  # signed off between the order and the ring
            return
        frame: dict[str, Any] = {
            "at": fact.at,
            "seat_id": SeatId(row.id),
            "bridge_id": fact.bridge_id,
            "call_id": fact.call_id,
        }
        if isinstance(fact, LegJoined):
            await self._seats.on_fact(SeatJoinedRoom(**frame))
        elif isinstance(fact, _RUNG) and row.state not in IN_CALL:
            await self._seats.on_fact(SeatRungForRoom(**frame))
        elif isinstance(fact, _OUT) and row.bridge_id == fact.bridge_id:
            await self._seats.on_fact(SeatLeftRoom(**frame, back_to=row.rung_from or SeatState.READY))

    async def compare(self, twice: Callable[[str], bool]) -> None:
        """What a process that died between a leg's fact and its seat's left out."""
        async with reading(self._sessions) as session:
            rows = await seats.every(session)
            inside = {
                leg.seat_id: (bridge, leg)
                for bridge in await bridges.unsettled(session)
                for leg in await bridges.legs_of(session, bridge.id)
                if leg.seat_id is not None and leg.state in LIVE
            }
        for row in rows:
            bridge, leg = inside.get(row.id, (None, None))
            if bridge is not None and leg is not None and leg.state is LegState.JOINED:
                here = row.bridge_id == bridge.id and row.state is SeatState.TALKING
                if not here and twice(f"seat {row.id} is in room {bridge.id}"):
                    await self._repair(row, bridge.id, bridge.call_id, inside=True)
                continue
            room = row.bridge_id
            if room is None or (bridge is not None and bridge.id == room):
                continue
            if twice(f"seat {row.id} in no room {room}"):
                await self._repair(row, room, row.call_id, inside=False)

    async def _repair(self, row: Seat, bridge_id: int, call_id: str | None, *, inside: bool) -> None:
        log.warning("repaired", seat_id=row.id, bridge_id=bridge_id, reason="in" if inside else "out")
        call = CallId(call_id) if call_id else None
        frame: dict[str, Any] = {
            "at": self._clock.now(),
            "seat_id": SeatId(row.id),
            "bridge_id": bridge_id,
            "call_id": call,
        }
        if inside:
            await self._seats.on_fact(SeatJoinedRoom(**frame))
        else:
            await self._seats.on_fact(SeatLeftRoom(**frame, back_to=row.rung_from or SeatState.READY))
