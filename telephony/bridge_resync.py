"""Compares conferences with Asterisk after a gap and goes on from there.

What was missed is taken in, what was never done is done once. A difference counts only when seen twice;
a leg is dialled again only where neither a channel lives nor Asterisk's records know one with its id.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from core.bridge_words import CALLER, BridgeState, LegAim, LegState, is_leader
from core.clock import Clock
from db.models.bridge import Bridge, BridgeLeg
from db.repositories import bridges, supervisions
from db.session import SessionMaker, reading
from telephony.ami_protocol import AmiMessage
from telephony.bridge_legs import dial_order
from telephony.bridge_limits import read_limits
from telephony.bridge_names import LegName, leg_of_channel_id
from telephony.bridge_records import Story, stories
from telephony.bridge_service import BridgeService
from telephony.bridge_states import DUE, OVER
from telephony.bridge_step import Move, Order, Requeue, Send, Step, closing, name_of
from telephony.bridge_switch import BridgeSwitch
from telephony.bridge_translate import Heard, Sign

log = structlog.get_logger(__name__)

JUST_ENDED: Final = dt.timedelta(seconds=60)
"""How long the room of an ended conference is looked into, for somebody whose orders were lost."""
_UP, _RINGING = "6", "5"
_MUSIC: Final = ("bridge-hold", "bridge-aside")
_SHOWS: Final = {LegAim.ROOM: LegState.JOINED, LegAim.MUSIC: LegState.HELD}


@dataclass(frozen=True, slots=True)
class Look:
    """What Asterisk shows of one conference."""

    by_id: dict[str, AmiMessage]
    by_name: dict[str, AmiMessage]
    room: frozenset[str]
    """Names of the channels in the room."""
    written: dict[str, Story]

    def place_of(self, channel: str, bridge_id: int) -> LegAim:
        """Where a channel of a party is seen: the room, its music, or neither."""
        if channel in self.room:
            return LegAim.ROOM
        row = self.by_name.get(channel)
        return LegAim.MUSIC if row is not None and _held_for(row) == bridge_id else LegAim.OUT


class BridgeResync:
    """`sweep` may be called at any time; never by two tasks at once."""

    def __init__(
        self,
        sessions: SessionMaker,
        clock: Clock,
        switch: BridgeSwitch,
        service: BridgeService,
        cel: Path,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._switch = switch
        self._service = service
        self._cel = cel
        self.waits: Callable[[int], bool] = lambda _leg_id: False
        """Which legs wait for a page that was lost, and are not to be dialled here."""
        self.beside: Sequence[Callable[[Callable[[str], bool]], Awaitable[None]]] = ()
        """What else is compared, with the same memory of what was seen before."""
        self._seen_before: set[str] = set()
        self._seen_now: set[str] = set()

    async def sweep(self) -> None:
        """Compare and repair. Raises what the switch raises."""
        self._seen_before, self._seen_now = self._seen_now, set()
        async with reading(self._sessions) as session:
            unsettled = await bridges.unsettled(session, self._clock.now() - JUST_ENDED)
            legs = {bridge.id: await bridges.legs_of(session, bridge.id) for bridge in unsettled}
        # Always: what no running room knows of any more is found among them
        channels = await self._switch.channels()
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
        for compare in self.beside:
            await compare(self._twice)

    def _twice(self, difference: str) -> bool:
        self._seen_now.add(difference)
        return difference in self._seen_before

    async def _compare(self, bridge: Bridge, leg: BridgeLeg, look: Look) -> None:
        async with reading(self._sessions) as session:
            dialled = await bridges.attempt(session, leg.id, leg.attempt) is not None
        if not dialled:
            await self._compare_moved(bridge, leg, look)
            return
        name = name_of(leg)
        row = look.by_id.get(name.channel_id)
        if row is None:
            await self._compare_gone(bridge, leg, look.written.get(name.channel_id))
            return
        here = leg.state in (LegState.JOINED, LegState.HELD)
        over = leg.state in OVER or (here and BridgeState.ENDED is bridge.state) or leg.aim is LegAim.OUT
        if over:
            if self._twice(f"{name.channel_id} stays"):
                await self._repair(leg, "it should be gone", [*closing(leg)])
            return
        seen = look.place_of(row["Channel"], bridge.id)
        if here and seen is not LegAim.OUT:
            await self._compare_place(bridge, leg, seen, name)
            return
        sign = _shown(row, look.room)
        if _further(leg.state, sign) and self._twice(f"{name.channel_id} {sign}"):
            await self._hear(Heard(sign, leg.bridge_id, name, row["Channel"]), "shown by Asterisk")

    async def _compare_gone(self, bridge: Bridge, leg: BridgeLeg, story: Story | None) -> None:
        """No channel: it has ended, or it never began."""
        name = name_of(leg)
        if leg.state in OVER or self.waits(leg.id) or not self._twice(f"{name.channel_id} gone {story}"):
            return
        if story is None and leg.state in DUE and bridge.state is not BridgeState.ENDED:
            async with reading(self._sessions) as session:
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
            signs = [Sign.ENTERED, Sign.HUNG_UP]
        for sign in signs:
            await self._hear(Heard(sign, leg.bridge_id, name, leg.channel or "", told.cause), "it is gone")

    async def _compare_moved(self, bridge: Bridge, leg: BridgeLeg, look: Look) -> None:
        """Caller and seat, who came with channels of their own."""
        channel = leg.channel or ""
        seen = look.place_of(channel, bridge.id)
        if seen in (LegAim.ROOM, LegAim.MUSIC):
            await self._compare_place(bridge, leg, seen)
            return
        gone = channel not in look.by_name
        lost = leg.state in (LegState.JOINED, LegState.HELD) or (leg.state is LegState.ORDERED and gone)
        if lost and self._twice(f"{channel} out"):
            gone_for_good = leg.role == CALLER or is_leader(leg.role)
            sign = Sign.GONE if gone_for_good else Sign.WENT_OUT
            await self._hear(Heard(sign, bridge.id, None, channel), "not in the room any more")

    async def _compare_place(
        self, bridge: Bridge, leg: BridgeLeg, seen: LegAim, name: LegName | None = None
    ) -> None:
        """Somebody whose channel is in the room or on its music."""
        channel = leg.channel or ""
        out = leg.state in OVER or leg.aim in (LegAim.OUT, LegAim.QUEUE)
        if out or bridge.state is BridgeState.ENDED:
            if self._twice(f"{channel} stays"):
                # A caller on music waits for somebody; only one in the room of a talk that is over is thanked
                kept = leg.role == CALLER and (bridge.state is not BridgeState.ENDED or seen is LegAim.MUSIC)
                await self._repair(leg, "it should be gone", [Requeue(channel)] if kept else closing(leg))
        elif seen is not leg.aim:
            if self._twice(f"{channel} not at {leg.aim}"):
                await self._repair(leg, f"not at {leg.aim}", [Send(bridge.id, ((channel, leg.aim),))])
        elif leg.state is not _SHOWS[seen] and self._twice(f"{channel} at {seen}"):
            sign = Sign.ENTERED if seen is LegAim.ROOM else Sign.HELD
            await self._hear(Heard(sign, bridge.id, name, channel), f"at {seen}")

    async def _bring(self, bridge: Bridge, legs: list[BridgeLeg], look: Look) -> None:
        """The move that was lost: one action for those who are still where they were."""
        waiting = {leg.role: leg for leg in legs if await self._waits_to_come(bridge, leg, look)}
        if not waiting or bridge.state is BridgeState.ENDED or not self._twice(f"{bridge.id} move"):
            return
        caller = waiting.pop(CALLER, None)
        seat = next(iter(waiting.values()), None)
        held = caller is not None and caller.aim is LegAim.MUSIC
        order = Move(bridge.id, caller.channel if caller else None, seat.channel if seat else None, held)
        await self._repair(legs[0], "never moved", [order])

    async def _waits_to_come(self, bridge: Bridge, leg: BridgeLeg, look: Look) -> bool:
        """A party that is to be moved with its own channel, and is still where it was."""
        outside = look.place_of(leg.channel or "", bridge.id) is LegAim.OUT
        if leg.state is not LegState.ORDERED or leg.channel not in look.by_name or not outside:
            return False
        if not is_leader(leg.role):
            return True
        # Who barges in is brought by his own comparison; who has the call comes with its caller
        async with reading(self._sessions) as session:
            return await supervisions.in_place(session, leg.channel or "")

    async def _end_strays(self, channels: list[AmiMessage], looked_at: set[int]) -> None:
        """A leg of a conference that is over must not ring on, nor its caller wait for it."""
        for row in channels:
            name, waits_for = leg_of_channel_id(row["Uniqueid"]), _held_for(row)
            if name is not None and name.bridge_id not in looked_at:
                if self._twice(f"{name.channel_id} stray"):
                    log.warning("repaired", bridge_id=name.bridge_id, reason="a leg of no conference")
                    await self._switch.hang_up(row["Channel"])
                continue
            lonely = waits_for is not None and waits_for not in looked_at
            if lonely and self._twice(f"{row['Channel']} waits for nobody"):
                log.warning("repaired", bridge_id=waits_for, reason="a caller of no conference")
                await self._switch.requeue(row["Channel"])

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


def _held_for(row: AmiMessage) -> int | None:
    """The room whose music a channel hears, or None."""
    exten = row.get("Exten", "")
    return int(exten) if row.get("Context") in _MUSIC and exten.isdecimal() else None
