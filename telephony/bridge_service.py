"""Keeps conferences: one press, one conference, one leg a role. Rows, then orders, then Asterisk's word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_events import LegFact, LegRedialled, LegRemoved, LegTalked
from core.bridge_words import CALLER, BridgeEnd, BridgeState, LegState, Presser
from core.bus import Bus
from core.clock import Clock
from core.errors import ActionRefused, HotlineError, IllegalTransition, InvalidField, NotFound
from core.tasks import TaskGroup
from db.models.bridge import Bridge, BridgeLeg
from db.repositories import bridges, calls, event_log
from db.session import SessionMaker, reading, transaction
from telephony.bridge_key import Press
from telephony.bridge_legs import apply, dial_again
from telephony.bridge_limits import NobodyToCall, Wanted, check_caps, may_dial, read_limits, without_seat
from telephony.bridge_numbers import add_numbers, check_new, numbers_of_role, numbers_since
from telephony.bridge_orders import give
from telephony.bridge_press import begin_leg, choose, look_up, new_bridge, room_of, wanted_by, write_rows
from telephony.bridge_rules import back_to_queue, check_not_leader, end, settle
from telephony.bridge_signs import take
from telephony.bridge_states import OVER
from telephony.bridge_step import Change, Order, Requeue, Step, closing
from telephony.bridge_switch import BridgeSwitch, Dial
from telephony.bridge_translate import Heard, Sign
from telephony.bridge_widen import widen, widens
from telephony.ports import Directory, Number

log = structlog.get_logger(__name__)

_EXTRA: Final = re.compile(r"extra-([0-9]+)\Z")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a conference works with."""

    sessions: SessionMaker
    bus: Bus
    clock: Clock
    switch: BridgeSwitch
    directory: Directory


class BridgeService:
    """The only writer of conferences."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks = TaskGroup()
        self.on_leg: Callable[[LegFact], Awaitable[None]] | None = None
        """Told of each leg's fact, after the commit: a seat in a room is not free."""

    async def close(self) -> None:
        """End what is being ordered; conferences go on without us."""
        await self._tasks.close()

    # --- the press ------------------------------------------------------------------------------------

    async def press(self, press: Press) -> int:
        """Begin a conference; returns its id. The same key, and a call that has one, give the same one.

        Raises:
            InvalidField, KeyUsedOtherwise, NotFound, IllegalTransition, NobodyToCall, TooManyBridges.
        """
        press.check()
        found = await look_up(press, self._parts.directory)
        try:
            async with transaction(self._parts.sessions, urgent=True) as session:
                running = await room_of(session, press)
                if running is not None and not widens(running, press):
                    return running.id
                now, limits = self._parts.clock.now(), await read_limits(session)
                numbers = choose(press, found, limits)
                await check_caps(session, limits, now, wanted_by(press))
                if press.presser is Presser.LEADER_CALL:
                    # Before the conference refers to it: a fact of the call asks for its locks in this order
                    await calls.get_for_update(session, press.call_id or "")
                bridge = running or new_bridge(press, now)
                session.add(bridge)
                await session.flush()
                step = Step(session, bridge, limits, now)
                await (write_rows if running is None else widen)(step, press, numbers)
                await self._log(step)
        except IntegrityError:  # two presses at the same moment, on a database that lets both begin
            return await self._of_press(press)
        await self._after(step.change)
        return bridge.id

    async def _of_press(self, press: Press) -> int:
        async with reading(self._parts.sessions, urgent=True) as session:
            found = await room_of(session, press)
        if found is None:
            raise NotFound(what="三方通话")
        return await self.press(press) if widens(found, press) else found.id

    # --- what Asterisk shows --------------------------------------------------------------------------

    async def hear(self, heard: Heard) -> bool:
        """Take a sign in; False, and no change, for one that is late, doubled or of no conference."""
        # Who talks changes from second to second, and nothing of it is kept: no writer's lock for that
        passing = heard.sign in (Sign.TALKS, Sign.SILENT)
        edge, look = (reading, bridges.get) if passing else (transaction, bridges.get_for_update)
        try:
            async with edge(self._parts.sessions, urgent=True) as session:
                bridge = await look(session, heard.bridge_id)
                if bridge is None:
                    return False
                step = Step(session, bridge, await read_limits(session), self._parts.clock.now())
                await take(step, heard)
                await self._log(step)
        except IllegalTransition as refusal:
            log.debug("bridge_sign_refused", bridge_id=heard.bridge_id, sign=heard.sign, reason=str(refusal))
            return False
        if step.change.orders:
            self._tasks.start("bridge-orders", self.carry_out(step.change.orders))
        await self._tell(step.change)
        return bool(step.change.facts)

    # --- what people order ----------------------------------------------------------------------------

    async def mute(self, bridge_id: int, leg_id: int, *, muted: bool) -> None:
        """Let nobody hear a party, or all again; confirmed by Asterisk's event."""
        _, leg = await self._row(bridge_id, leg_id)
        if leg.state is not LegState.JOINED or leg.channel is None:
            raise IllegalTransition(state=leg.state)
        await self._parts.switch.mute(bridge_id, leg.channel, muted=muted)

    async def remove(self, bridge_id: int, leg_id: int) -> None:
        """Take a party out, or stop calling it. Never the caller: that is to end it."""

        async def work(step: Step, leg: BridgeLeg) -> None:
            if leg.role == CALLER:
                raise IllegalTransition(reason="不能移出来电群众")
            orders = closing(leg)
            await apply(step, leg, LegRemoved(**step.about(leg)))
            step.change.orders.extend(orders)

        await self._order(bridge_id, leg_id, work)

    async def redial(self, bridge_id: int, leg_id: int) -> None:
        """Call a role again from its first number; one that had none, by what its ticket says by now."""
        since = await numbers_since(self._parts.sessions, self._parts.directory, bridge_id, leg_id)

        async def work(step: Step, leg: BridgeLeg) -> None:
            numbers = await bridges.numbers_of(step.session, [leg.id]) or await add_numbers(step, leg, since)
            if leg.role == CALLER or not (numbers or leg.seat_id is not None):
                raise NobodyToCall
            if leg.state not in OVER:
                raise IllegalTransition(state=leg.state)
            await self._check_more(step, leg.role if leg.seat_id is None else None)
            await dial_again(step, leg, 0, LegRedialled)

        await self._order(bridge_id, leg_id, work)

    async def add(
        self, bridge_id: int, role: str | None, numbers: Sequence[Number] = (), *, asks: bool = True
    ) -> int:
        """One more party: a role of the directory, or a person with numbers; returns the leg's id.

        Raises:
            NotFound, IllegalTransition (over, or the party is there), NobodyToCall, TooManyBridges.
        """
        if not numbers and role is None:
            raise InvalidField(field="role", reason="请选择角色或联系人")
        if role is not None and not numbers:
            sessions, directory = self._parts.sessions, self._parts.directory
            numbers = await numbers_of_role(sessions, directory, bridge_id, role)
        async with transaction(self._parts.sessions, urgent=True) as session:
            step = await self._step(session, bridge_id)
            legs = await bridges.legs_of(session, bridge_id)
            taken = {leg.role for leg in legs}
            name = role or f"extra-{1 + sum(bool(_EXTRA.match(one)) for one in taken)}"
            if name in taken or len(legs) >= step.limits.parties + 2:
                raise IllegalTransition(reason="这一方已在通话中，或人数已满")
            kept = may_dial(numbers, step.limits)
            if not kept:
                raise NobodyToCall
            await check_new(session, legs, role, kept)
            await self._check_more(step, name)
            leg = await begin_leg(step, name, kept, asks=asks)
            await self._log(step)
        await self._after(step.change)
        return leg.id

    async def end(self, bridge_id: int) -> None:
        """End the conference for all. Already over is no error."""
        async with transaction(self._parts.sessions, urgent=True) as session:
            bridge = await bridges.get_for_update(session, bridge_id)
            if bridge is None:
                raise NotFound(what="三方通话")
            if bridge.state is BridgeState.ENDED:
                return
            step = Step(session, bridge, await read_limits(session), self._parts.clock.now())
            await end(step, await bridges.legs_of(session, bridge_id), BridgeEnd.ENDED_BY_PERSON)
            await self._log(step)
        await self._after(step.change)

    async def back_to_queue(self, bridge_id: int) -> None:
        """The caller to the head of the queue; the room is over. Raises NotFound, IllegalTransition."""
        await self.change(bridge_id, back_to_queue)

    async def _order(
        self, bridge_id: int, leg_id: int, work: Callable[[Step, BridgeLeg], Awaitable[None]]
    ) -> None:
        async def change(step: Step, legs: list[BridgeLeg]) -> None:
            leg = next((leg for leg in legs if leg.id == leg_id), None)
            if leg is None:
                raise NotFound(what="参与方")
            check_not_leader(leg)
            await work(step, leg)

        await self.change(bridge_id, change)

    async def change(self, bridge_id: int, work: Callable[[Step, list[BridgeLeg]], Awaitable[None]]) -> None:
        """One change of a running room by a person: rows and rules in one transaction, then the orders."""
        async with transaction(self._parts.sessions, urgent=True) as session:
            step = await self._step(session, bridge_id)
            legs = await bridges.legs_of(session, bridge_id)
            await work(step, legs)
            await settle(step, legs)
            await self._log(step)
        await self._after(step.change)

    async def _check_more(self, step: Step, role: str | None) -> None:
        """Whether one more may be dialled in a room that runs: this role, or a seat of ours."""
        presser = without_seat(step.bridge.key, step.bridge.seat_id)
        outside = [role] if role is not None else []
        wanted = Wanted(step.bridge.kind, outside, presser=presser)
        await check_caps(step.session, step.limits, step.now, wanted)

    async def _step(self, session: AsyncSession, bridge_id: int) -> Step:
        bridge = await bridges.get_for_update(session, bridge_id)
        if bridge is None:
            raise NotFound(what="三方通话")
        if bridge.state is BridgeState.ENDED:
            raise IllegalTransition(state=bridge.state)
        limits = await read_limits(session)
        return Step(session, bridge, limits, self._parts.clock.now())

    async def _row(self, bridge_id: int, leg_id: int) -> tuple[Bridge, BridgeLeg]:
        async with reading(self._parts.sessions, urgent=True) as session:
            bridge = await bridges.get(session, bridge_id)
            legs = await bridges.legs_of(session, bridge_id)
        leg = next((leg for leg in legs if leg.id == leg_id), None)
        if bridge is None or leg is None:
            raise NotFound(what="参与方")
        check_not_leader(leg)
        return bridge, leg

    # --- after the commit -----------------------------------------------------------------------------

    async def _log(self, step: Step) -> None:
        kept = [fact for fact in step.change.facts if not isinstance(fact, LegTalked)]
        await event_log.append_all(step.session, kept)

    async def _after(self, change: Change) -> None:
        """Ring first: every millisecond counts between the press and the phones."""
        await self.carry_out(change.orders)
        await self._tell(change)

    async def _tell(self, change: Change) -> None:
        for fact in change.facts:
            await self._parts.bus.publish(fact)
            if self.on_leg is not None and isinstance(fact, LegFact):
                await self.on_leg(fact)

    async def carry_out(self, orders: Sequence[Order]) -> None:
        """Give orders, all at once. One that fails is found by the next comparison, and repeated there.

        Only a caller's way to the queue comes before all else: if he never left the talk with his seat,
        letting the seat go first would end his call.
        """
        first = [order for order in orders if isinstance(order, Requeue)]
        if all(await asyncio.gather(*(self._give(order) for order in first))):
            await asyncio.gather(*(self._give(order) for order in orders if order not in first))

    async def _give(self, order: Order) -> bool:
        """Whether Asterisk has answered."""
        try:
            await give(self._parts.switch, order)
        except ActionRefused as refusal:
            log.warning("bridge_order_refused", order=type(order).__name__, reason=str(refusal))
            if isinstance(order, Dial):
                await self.hear(Heard(Sign.NEVER_BEGAN, order.leg.bridge_id, order.leg, ""))
        except HotlineError as error:
            log.warning("bridge_order_failed", order=type(order).__name__, reason=str(error))
            return False
        return True
