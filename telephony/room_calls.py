"""Keeps the call's row true to its room: whose the call is, and when its caller is gone from the room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from core.bridge_events import LegDialled, LegFact, LegMuted, LegRang, LegTalked
from core.bridge_words import CALLER, LegAim, LegState, is_leader
from core.clock import Clock
from core.events import CallEnded, CallFact
from core.ids import CallId, SeatId
from core.room_events import CallRequeued, CallTransferred
from core.vocabulary import CallState
from db.models.bridge import Bridge, BridgeLeg
from db.models.call import Call
from db.repositories import bridges, calls
from db.session import SessionMaker, reading
from telephony.bridge_states import LIVE
from telephony.bridge_translate import Heard, Sign
from telephony.call_service import CallService
from telephony.seat_service import SeatService

_TALKING: Final = frozenset({CallState.TALKING, CallState.HELD, CallState.RECONNECTING})
_WITH_US: Final = frozenset({LegState.JOINED, LegState.HELD})
_NO_MATTER: Final = (LegDialled, LegRang, LegMuted, LegTalked)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the call; nobody of ours where somebody outside has it, or nobody yet."""

    seat_id: int | None = None
    channel: str | None = None


def holder_of(bridge: Bridge, legs: list[BridgeLeg]) -> Holder | None:
    """Whose the room's call is; None where that cannot be told now."""
    caller = next((leg for leg in legs if leg.role == CALLER), None)
    if caller is None or caller.state not in _WITH_US or caller.aim is LegAim.QUEUE:
        return None
    own = [leg for leg in legs if leg.seat_id is not None and leg.seat_id == bridge.seat_id]
    if bridge.seat_id is None:  # a shift leader took the seat's place
        own = [leg for leg in legs if is_leader(leg.role)]
    live = [leg for leg in own if leg.state in LIVE and leg.aim is not LegAim.OUT]
    if not live:
        return Holder()
    return Holder(live[-1].seat_id, live[-1].channel) if live[-1].state is LegState.JOINED else None


class RoomCalls:
    """Between rooms and calls; repeatable."""

    def __init__(
        self, sessions: SessionMaker, clock: Clock, call_service: CallService, seat_service: SeatService
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._calls = call_service
        self._seats = seat_service

    async def on_leg(self, fact: LegFact) -> None:
        """Somebody came or went: perhaps the call is somebody else's now."""
        if fact.call_id is not None and not isinstance(fact, _NO_MATTER):
            await self._follow(fact.bridge_id)

    async def compare(self, twice: Callable[[str], bool]) -> None:
        """What a process that died between a leg's fact and its call's left out."""
        async with reading(self._sessions) as session:
            running = await bridges.open_bridges(session)
        for bridge in running:
            if await self._differs(bridge.id) and twice(f"call of {bridge.id} has another seat"):
                await self._follow(bridge.id)

    async def _differs(self, bridge_id: int) -> tuple[Call, Holder] | None:
        async with reading(self._sessions) as session:
            bridge = await bridges.get(session, bridge_id)
            if bridge is None or bridge.call_id is None:
                return None
            call = await calls.get(session, bridge.call_id)
            holder = holder_of(bridge, await bridges.legs_of(session, bridge_id))
        if call is None or holder is None or call.state not in _TALKING:
            return None
        return (
            (call, holder) if (call.seat_id, call.seat_channel) != (holder.seat_id, holder.channel) else None
        )

    async def _follow(self, bridge_id: int) -> None:
        found = await self._differs(bridge_id)
        if found is None:
            return
        call, holder = found
        fact = CallTransferred(
            at=self._clock.now(),
            call_id=CallId(call.id),
            seat_id=SeatId(holder.seat_id) if holder.seat_id is not None else None,
            seat_channel=holder.channel,
        )
        if await self._calls.apply(fact):
            await self._seats.on_fact(fact)

    async def on_call(self, fact: CallFact, hear: Callable[[Heard], Awaitable[bool]]) -> None:
        """The caller's channel has ended or waits in the queue: he is out of his room."""
        if not isinstance(fact, CallEnded | CallRequeued):
            return
        async with reading(self._sessions) as session:
            call = await calls.get(session, fact.call_id)
            rooms = await bridges.recent(session, call_id=fact.call_id, limit=3) if call is not None else []
        for bridge in rooms:
            if call is not None:
                await hear(Heard(Sign.GONE, bridge.id, None, call.channel))
