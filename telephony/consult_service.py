"""Consultation and transfer 咨询转接: what a seat may order of its caller's place, and of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.bridge_events import LegLeft, LegRedialled, LegRemoved
from core.bridge_words import CALLER, COLLEAGUE, BridgeState, LegAim, LegState, is_colleague, is_leader
from core.emergency_words import is_emergency
from core.errors import IllegalTransition, NotFound
from core.vocabulary import CallState
from db.models.bridge import BridgeLeg
from db.repositories import bridges, calls
from db.session import reading, transaction
from telephony.bridge_key import Ask
from telephony.bridge_legs import apply, dial_order, note_attempt
from telephony.bridge_limits import NobodyToCall, Wanted, check_caps, may_dial, read_limits
from telephony.bridge_numbers import check_not_here, numbers_of_role
from telephony.bridge_press import begin_leg, check_seat
from telephony.bridge_rules import back_to_queue, caller_of, own_of, send, side_of
from telephony.bridge_service import BridgeService, Parts
from telephony.bridge_states import LIVE
from telephony.bridge_step import HangUp, Move, Step, closing, name_of
from telephony.bridge_translate import Heard, Sign
from telephony.consult_states import MAY_ASK, Act, Order, Phase, meaning, phase_of
from telephony.ports import Number

_TALKING: Final = frozenset({CallState.TALKING, CallState.HELD})
_HERE: Final = (LegState.JOINED, LegState.HELD)


class ConsultService:
    """Orders of a running room, on top of the one writer of rooms."""

    def __init__(self, service: BridgeService, parts: Parts) -> None:
        self._service = service
        self._parts = parts

    async def ask(self, bridge_id: int, ask: Ask) -> None:
        """Consult (one more) in a room that runs; the caller hears music meanwhile.

        Raises:
            NotFound, IllegalTransition, NobodyToCall, TooManyBridges.
        """
        numbers = ask.numbers
        if ask.role is not None and not numbers:
            sessions, directory = self._parts.sessions, self._parts.directory
            numbers = await numbers_of_role(sessions, directory, bridge_id, ask.role)

        async def work(step: Step, legs: list[BridgeLeg]) -> None:
            await _ask(step, legs, ask, numbers)

        await self._service.change(bridge_id, work)

    async def order(self, bridge_id: int, order: Order) -> None:
        """One order of the seat. Repeated, it changes nothing. Raises NotFound, IllegalTransition."""

        async def work(step: Step, legs: list[BridgeLeg]) -> None:
            for act in meaning(phase_in(step, legs), order, step.bridge.kind):
                await _do(step, legs, act)

        await self._service.change(bridge_id, work)

    async def requeue(self, call_id: str, seat_id: int) -> None:
        """A caller who talks to this seat back to the head of the queue.

        Raises:
            NotFound, IllegalTransition, and what the switch raises: then nothing has changed.
        """
        async with reading(self._parts.sessions, urgent=True) as session:
            call = await calls.get(session, call_id)
            bridge = await bridges.open_of_call(session, call_id)
        if call is None:
            raise NotFound(what="来电")
        if bridge is not None:
            await self.order(bridge.id, Order.REQUEUE)
            return
        if call.state not in _TALKING or call.seat_id != seat_id:
            raise IllegalTransition(state=call.state)
        await self._parts.switch.requeue(call.channel)

    # --- a seat whose page died in the room -----------------------------------------------------------

    async def lose_seat(self, bridge_id: int, leg_id: int) -> bool:
        """The page of a seat in the room died: its deaf leg goes. Says whether it is to be rung again."""
        again = False

        async def work(step: Step, legs: list[BridgeLeg]) -> None:
            nonlocal again
            leg = next((leg for leg in legs if leg.id == leg_id), None)
            if leg is None or leg.state not in _HERE:
                raise IllegalTransition(state=leg.state if leg else None)
            step.change.orders.extend(closing(leg))
            await apply(step, leg, LegLeft(**step.about(leg)))
            if leg is own_of(step, legs) and _somebody_waits(leg, legs):
                # Its row waits as one that is ordered; the order follows when the page is back
                leg.attempt, leg.channel, leg.aim = leg.attempt + 1, None, LegAim.ROOM
                await apply(step, leg, LegRedialled(**step.about(leg)))
                note_attempt(step, leg)
                again = True

        await self._service.change(bridge_id, work)
        return again

    async def ring_back(self, bridge_id: int, leg_id: int) -> None:
        """The lost seat's page is there again: ring it; it answers by itself."""
        async with transaction(self._parts.sessions, urgent=True) as session:
            bridge = await bridges.get(session, bridge_id)
            leg = await session.get(BridgeLeg, leg_id)
            if bridge is None or leg is None or bridge.state is BridgeState.ENDED:
                return
            if leg.state is not LegState.ORDERED:
                return
            step = Step(session, bridge, await read_limits(session), self._parts.clock.now())
            order = await dial_order(step, leg, [], resume=True)
        await self._service.carry_out([order])

    async def give_up(self, bridge_id: int, leg_id: int) -> None:
        """The lost seat did not come back in time."""
        async with reading(self._parts.sessions, urgent=True) as session:
            leg = await session.get(BridgeLeg, leg_id)
        if leg is not None:
            await self._service.hear(Heard(Sign.NEVER_BEGAN, bridge_id, name_of(leg), ""))


def _somebody_waits(own: BridgeLeg, legs: list[BridgeLeg]) -> bool:
    """Whether the caller, or where none called whom this seat called, is kept for the seat that was lost."""
    caller = caller_of(legs)
    if caller is not None:
        return caller.state in LIVE
    return any(leg is not own and leg.state in LIVE and not is_leader(leg.role) for leg in legs)


def phase_in(step: Step, legs: list[BridgeLeg]) -> Phase:
    """Where the room of this step is."""
    caller = caller_of(legs)
    others = [side_of(step, leg) for leg in legs if leg is not caller and not _beside(step, leg, legs)]
    return phase_of(side_of(step, caller) if caller is not None else None, others)


def _beside(step: Step, leg: BridgeLeg, legs: list[BridgeLeg]) -> bool:
    """A leader who barged in is none of those whom the seat talks with; one who took over has its place."""
    return is_leader(leg.role) and leg is not own_of(step, legs)


async def _ask(step: Step, legs: list[BridgeLeg], ask: Ask, numbers: Sequence[Number]) -> None:
    caller = caller_of(legs)
    if phase_in(step, legs) not in MAY_ASK or caller is None:
        raise IllegalTransition(reason="请先接回来电，再咨询下一方")
    role = _new_role(ask, legs)
    kept = may_dial(numbers, step.limits) if ask.seat_id is None else []
    if ask.seat_id is not None:
        await check_seat(step, ask.seat_id)
    elif not kept:
        raise NobodyToCall
    elif ask.role is not None and is_emergency(ask.role):
        if any(leg.role == ask.role for leg in legs):  # one leg a service: called again, never beside
            raise IllegalTransition(reason="已经呼叫过，请在卡片上重拨")
        await check_not_here(step.session, legs, kept)
    outside = [role] if ask.seat_id is None else []
    await check_caps(step.session, step.limits, step.now, Wanted(step.bridge.kind, outside))
    if caller.state is LegState.JOINED:
        hold(step, caller)
    legs.append(await begin_leg(step, role, kept, seat_id=ask.seat_id))
    if ask.blind:
        _leave(step, legs)


def _new_role(ask: Ask, legs: list[BridgeLeg]) -> str:
    taken = {leg.role for leg in legs}
    if ask.seat_id is not None:
        count = 1 + sum(is_colleague(role) for role in taken)
        return COLLEAGUE if count == 1 else f"{COLLEAGUE}-{count}"
    if ask.role is not None and ask.role not in taken:
        return ask.role
    return f"extra-{1 + sum(role.startswith('extra-') for role in taken)}"


def hold(step: Step, caller: BridgeLeg) -> None:
    """The caller out of the room, to the music."""
    caller.aim = LegAim.MUSIC
    step.change.orders.append(Move(step.bridge.id, caller.channel, None, held=True))


async def _do(step: Step, legs: list[BridgeLeg], act: Act) -> None:
    caller = caller_of(legs)
    if act is Act.LET_GO:
        await _let_go(step, legs)
    elif act is Act.LEAVE:
        _leave(step, legs)
    elif act is Act.QUEUE:
        await back_to_queue(step, legs)
    elif act is Act.HOLD and caller is not None:
        hold(step, caller)
    else:
        _change_places(step, legs, swap=act is Act.SWAP)


def _change_places(step: Step, legs: list[BridgeLeg], *, swap: bool) -> None:
    """Who hears music into the room; to `swap`, who talks there with the seat to the music."""
    own = own_of(step, legs)
    others = [leg for leg in legs if leg is not own and leg.state in _HERE and not is_leader(leg.role)]
    to_room = [leg for leg in others if leg.aim is LegAim.MUSIC]
    to_music = [leg for leg in others if swap and leg.aim is LegAim.ROOM]
    send(step, [(leg, LegAim.ROOM) for leg in to_room] + [(leg, LegAim.MUSIC) for leg in to_music])


async def _let_go(step: Step, legs: list[BridgeLeg]) -> None:
    own = own_of(step, legs)
    for leg in legs:
        if leg.role != CALLER and leg is not own and leg.state in LIVE and not is_leader(leg.role):
            orders = closing(leg)
            await apply(step, leg, LegRemoved(**step.about(leg)))
            step.change.orders.extend(orders)


def _leave(step: Step, legs: list[BridgeLeg]) -> None:
    """The own seat out: the call goes on without it."""
    own = own_of(step, legs)
    if own is not None and own.state in LIVE and own.channel is not None:
        own.aim = LegAim.OUT
        step.change.orders.append(HangUp(own.channel))
