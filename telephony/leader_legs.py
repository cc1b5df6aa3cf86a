"""A shift leader as a party of a conference: brought in to barge, put in the seat's place, counted or not."""

from __future__ import annotations

from core.bridge_events import LegRedialled, LegRemoved
from core.bridge_words import LEADER, LegAim, LegState, is_leader
from core.errors import IllegalTransition, NotFound
from db.models.bridge import Bridge, BridgeLeg
from db.models.supervision import Supervision
from db.repositories import bridges
from db.session import SessionMaker, reading
from telephony.bridge_legs import apply
from telephony.bridge_rules import caller_of, fetch
from telephony.bridge_service import BridgeService
from telephony.bridge_states import LIVE, OVER
from telephony.bridge_step import Bring, Step, closing
from telephony.bridge_translate import Heard, Sign


class LeaderLegs:
    """Orders of leaders in conferences, on top of the one writer of conferences."""

    def __init__(self, sessions: SessionMaker) -> None:
        self._sessions = sessions
        self.service: BridgeService | None = None
        """Set once there are conferences."""

    async def room_of(self, row: Supervision) -> Bridge | None:
        """The running conference of the call that the leader hears, or None."""
        async with reading(self._sessions) as session:
            return await bridges.open_of_call(session, row.call_id)

    async def leg_of(self, row: Supervision) -> BridgeLeg | None:
        """The leader as a party of the conference that runs, or None."""
        async with reading(self._sessions) as session:
            room = await bridges.open_of_call(session, row.call_id)
            legs = await bridges.legs_of(session, room.id) if room is not None else []
        here = [leg for leg in legs if is_leader(leg.role) and leg.state in LIVE]
        return next((leg for leg in here if leg.channel == row.channel), None)

    async def was_never_in(self, row: Supervision) -> bool:
        """Whether no conference ever had this leader's channel."""
        async with reading(self._sessions) as session:
            return not await bridges.had_channel(session, row.channel or "")

    async def bring(self, row: Supervision, bridge_id: int) -> None:
        """The leader's channel into the room; one party, however often it is ordered.

        Raises:
            NotFound, IllegalTransition: the conference is over.
        """

        async def work(step: Step, legs: list[BridgeLeg]) -> None:
            leg = next((leg for leg in legs if leg.channel == row.channel and leg.state in LIVE), None)
            if leg is None:
                legs.append(await _party(step, legs, row))
            step.change.orders.append(Bring(bridge_id, row.id))

        await self._must().change(bridge_id, work)

    async def stay_out(self, row: Supervision) -> None:
        """The leader wished himself out before he was in."""
        leg = await self.leg_of(row)
        if leg is not None and leg.state is LegState.ORDERED:
            await self._must().hear(Heard(Sign.WENT_OUT, leg.bridge_id, None, row.channel or ""))

    async def gone(self, channel: str) -> None:
        """A leader's channel has ended. Before his row is: whether he put down himself is read there."""
        async with reading(self._sessions) as session:
            leg = await bridges.newest_with(session, channel)
        if leg is not None and leg.state in LIVE:
            await self._must().hear(Heard(Sign.GONE, leg.bridge_id, None, channel))

    async def take_place(self, row: Supervision, bridge_id: int) -> None:
        """The conference is the leader's, and the seat out of it. Done already, it changes nothing.

        Raises:
            NotFound, IllegalTransition: the conference is over, or the leader not in it.
        """

        async def work(step: Step, legs: list[BridgeLeg]) -> None:
            if not any(leg.channel == row.channel and leg.state is LegState.JOINED for leg in legs):
                raise IllegalTransition(reason="班长不在会议中")
            # Where the seat he came by is gone, a colleague may have the conference by now
            theirs = {row.seat_id, step.bridge.seat_id}
            step.bridge.seat_id, step.bridge.account_id = None, row.account_id
            for leg in legs:
                if leg.seat_id is not None and leg.seat_id in theirs and leg.state in LIVE:
                    orders = closing(leg)
                    await apply(step, leg, LegRemoved(**step.about(leg)))
                    step.change.orders.extend(orders)
            caller = caller_of(legs)
            if caller is not None and caller.state in LIVE and caller.aim is LegAim.MUSIC:
                fetch(step, caller)

        await self._must().change(bridge_id, work)

    async def give_back(self, bridge_id: int) -> None:
        """The caller to the head of the queue; the conference is over."""
        await self._must().back_to_queue(bridge_id)

    def _must(self) -> BridgeService:
        if self.service is None:
            raise NotFound(what="三方通话")
        return self.service


async def _party(step: Step, legs: list[BridgeLeg], row: Supervision) -> BridgeLeg:
    """The leader's row: an earlier one that is over, else a new one."""
    leaders = [leg for leg in legs if is_leader(leg.role)]
    free = next((leg for leg in leaders if leg.state in OVER), None)
    if free is not None:
        free.attempt, free.channel, free.aim = free.attempt + 1, row.channel, LegAim.ROOM
        await apply(step, free, LegRedialled(**step.about(free)))
        return free
    role = LEADER if not leaders else f"{LEADER}-{len(leaders) + 1}"
    made = BridgeLeg(bridge_id=step.bridge.id, role=role, attempt=1, place=0, since=step.now, asks=False)
    made.channel, made.state, made.aim = row.channel, LegState.ORDERED, LegAim.ROOM
    step.session.add(made)
    await step.session.flush()
    return made
