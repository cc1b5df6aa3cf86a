"""Compares conferences with Asterisk after a gap and goes on from there.

What was missed is taken in, what was never done is done once. A difference counts only when seen twice;
a leg is dialled again only where neither a channel lives nor Asterisk's records know one with its id.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.bridge_words import CALLER, BridgeState, LegState
from core.clock import Clock
from db.models.bridge import Bridge, BridgeLeg
from db.repositories import bridges
from db.session import SessionMaker, transaction
from telephony.ami_protocol import AmiMessage
from telephony.bridge_legs import Move, Order, Step, closing, dial_order, name_of
from telephony.bridge_limits import read_limits
from telephony.bridge_names import leg_of_channel_id
from telephony.bridge_records import Story, stories
from telephony.bridge_service import BridgeService
from telephony.bridge_states import DUE, OVER
from telephony.bridge_switch import BridgeSwitch
from telephony.bridge_translate import Heard, Sign
from telephony.room_seats import RoomSeats

log = structlog.get_logger(__name__)

_UP, _RINGING = "6", "5"


@dataclass(frozen=True, slots=True)
class Look:
    """What Asterisk shows of one conference."""

    by_id: dict[str, AmiMessage]
    by_name: dict[str, AmiMessage]
    room: frozenset[str]
    """Names of the channels in the room."""
    written: dict[str, Story]


class BridgeResync:
    """`sweep` may be called at any time; never by two tasks at once."""

    def __init__(
        self,
        sessions: SessionMaker,
        clock: Clock,
        switch: BridgeSwitch,
        service: BridgeService,
        cel: Path,
        rooms: RoomSeats | None = None,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._switch = switch
        self._service = service
        self._cel = cel
        self._rooms = rooms
        self._seen_before: set[str] = set()
        self._seen_now: set[str] = set()

    async def sweep(self) -> None:
        """Compare and repair. Raises what the switch raises."""
        self._seen_before, self._seen_now = self._seen_now, set()
        async with transaction(self._sessions) as session:
            unsettled = await bridges.unsettled(session)
            legs = {bridge.id: await bridges.legs_of(session, bridge.id) for bridge in unsettled}
        channels = await self._switch.channels() if unsettled else []
        by_id = {row["Uniqueid"]: row for row in channels}
        by_name = {row["Channel"]: row for row in channels}
        ids = {name_of(leg).channel_id for found in legs.values() for leg in found}
        written = await asyncio.to_thread(stories, self._cel, ids - by_id.keys())
        for bridge in unsettled:
            room = frozenset(row["Channel"] for row in await self._switch.in_room(bridge.id))
            look = Look(by_id, by_name, room, written)
            for leg in legs[bridge.id]:
                await self._compare(bridge, leg, look)
            await self._bring(bridge, legs[bridge.id], look)
        await self._end_strays(channels, {bridge.id for bridge in unsettled})
        if self._rooms is not None:
            await self._rooms.compare(self._twice)

    def _twice(self, difference: str) -> bool:
        self._seen_now.add(difference)
        return difference in self._seen_before

    async def _compare(self, bridge: Bridge, leg: BridgeLeg, look: Look) -> None:
        async with transaction(self._sessions) as session:
            dialled = await bridges.attempt(session, leg.id, leg.attempt) is not None
        if not dialled:
            await self._compare_moved(bridge, leg, look)
            return
        name = name_of(leg)
        row = look.by_id.get(name.channel_id)
        if row is None:
            await self._compare_gone(bridge, leg, look.written.get(name.channel_id))
            return
        over = leg.state in OVER or (bridge.state is BridgeState.ENDED and leg.state is LegState.JOINED)
        if over:
            if self._twice(f"{name.channel_id} stays"):
                await self._repair(leg, "it should be gone", [*closing(leg)])
            return
        sign = _shown(row, look.room)
        if _further(leg.state, sign) and self._twice(f"{name.channel_id} {sign}"):
            await self._hear(Heard(sign, leg.bridge_id, name, row["Channel"]), "shown by Asterisk")

    async def _compare_gone(self, bridge: Bridge, leg: BridgeLeg, story: Story | None) -> None:
        """No channel: it has ended, or it never began."""
        name = name_of(leg)
        if leg.state in OVER or not self._twice(f"{name.channel_id} gone {story}"):
            return
        if story is None and leg.state in DUE and bridge.state is not BridgeState.ENDED:
            async with transaction(self._sessions) as session:
                step = Step(session, bridge, await read_limits(session), self._clock.now())
                numbers = await bridges.numbers_of(session, [leg.id])
                order = await dial_order(step, leg, numbers)
            await self._repair(leg, "it was never dialled", [order])
            return
        told = story or Story()
        signs = [Sign.HUNG_UP]
        if told.asked_back:
            signs = [Sign.ASKED_BACK]
        elif told.joined and leg.state is not LegState.JOINED:
            signs = [Sign.ENTERED, Sign.WENT_OUT]
        for sign in signs:
            await self._hear(Heard(sign, leg.bridge_id, name, leg.channel or "", told.cause), "it is gone")

    async def _compare_moved(self, bridge: Bridge, leg: BridgeLeg, look: Look) -> None:
        """Caller and seat, who came with channels of their own."""
        channel = leg.channel or ""
        if channel in look.room:
            if leg.state is LegState.ORDERED and self._twice(f"{channel} in"):
                await self._hear(Heard(Sign.ENTERED, bridge.id, None, channel), "in the room")
            elif bridge.state is BridgeState.ENDED and self._twice(f"{channel} stays"):
                await self._repair(leg, "the conference is over", closing(leg))
            return
        gone = channel not in look.by_name
        lost = leg.state is LegState.JOINED or (leg.state is LegState.ORDERED and gone)
        if lost and self._twice(f"{channel} out"):
            await self._hear(Heard(Sign.WENT_OUT, bridge.id, None, channel), "not in the room any more")

    async def _bring(self, bridge: Bridge, legs: list[BridgeLeg], look: Look) -> None:
        """The move that was lost: one action for those who are still where they were."""
        waiting = {
            leg.role: leg.channel
            for leg in legs
            if leg.state is LegState.ORDERED and leg.channel in look.by_name and leg.channel not in look.room
        }
        if not waiting or bridge.state is BridgeState.ENDED or not self._twice(f"{bridge.id} move"):
            return
        caller = waiting.pop(CALLER, None)
        seat = next(iter(waiting.values()), None)
        await self._repair(legs[0], "never moved", [Move(bridge.id, caller, seat)])

    async def _end_strays(self, channels: list[AmiMessage], looked_at: set[int]) -> None:
        """A leg of a conference that is over must not ring on."""
        for row in channels:
            name = leg_of_channel_id(row["Uniqueid"])
            if name is None or name.bridge_id in looked_at:
                continue
            if self._twice(f"{name.channel_id} stray"):
                log.warning("repaired", bridge_id=name.bridge_id, reason="a leg of no conference")
                await self._switch.hang_up(row["Channel"])

    async def _hear(self, heard: Heard, reason: str) -> None:
        log.warning("repaired", bridge_id=heard.bridge_id, sign=heard.sign, reason=reason)
        await self._service.hear(heard)

    async def _repair(self, leg: BridgeLeg, reason: str, orders: list[Order]) -> None:
        log.warning("repaired", bridge_id=leg.bridge_id, role=leg.role, reason=reason)
        await self._service.carry_out(orders)


def _shown(row: AmiMessage, room: frozenset[str]) -> Sign:
    if row["Channel"] in room:
        return Sign.ENTERED
    if row["ChannelState"] == _UP:
        return Sign.PICKED_UP
    return Sign.RANG if row["ChannelState"] == _RINGING else Sign.BEGAN


def _further(state: LegState, sign: Sign) -> bool:
    """Whether Asterisk is further than the row, or the party is out of the room again."""
    reached = {
        Sign.BEGAN: DUE,
        Sign.RANG: DUE | {LegState.DIALLING},
        Sign.PICKED_UP: DUE | {LegState.DIALLING, LegState.RINGING},
        Sign.ENTERED: frozenset(LegState) - OVER - {LegState.JOINED},
    }
    return state in reached[sign]
