"""After each change: the next number, the caller's place, who has the call, and when a room is over."""

from __future__ import annotations

from typing import Final

from core.bridge_events import (
    BridgeEnded,
    LegFact,
    LegFailed,
    LegLeft,
    LegMovedOn,
    LegRedialled,
    LegRemoved,
)
from core.bridge_words import (
    CALLER,
    SEAT,
    BridgeEnd,
    BridgeKind,
    BridgeState,
    LegAim,
    LegState,
    is_leader,
)
from core.errors import IllegalTransition
from core.vocabulary import SeatState
from db.models.bridge import BridgeLeg
from db.repositories import bridges, seats, supervisions
from telephony.bridge_legs import add_attempt, apply, dial_again
from telephony.bridge_states import LIVE, ON_THE_WAY, OVER, Party, why_over
from telephony.bridge_step import Move, Send, Step, closing
from telephony.caller_place import Place, Side, may_wait_aside, place_of

_FREE: Final = frozenset({SeatState.READY, SeatState.WRAP_UP})
MOST_RINGS: Final = 4
"""Attempts at the own seat in one room; after that the queue finds somebody."""


async def settle(step: Step, legs: list[BridgeLeg], fact: LegFact | None = None) -> None:
    """Bring the room in order after a change; `fact` is the one that caused it."""
    if step.bridge.state is BridgeState.ENDED:
        return
    for leg in legs:
        if leg.state in (LegState.BUSY, LegState.NO_ANSWER):
            # By itself each number is called once; only a person begins again with the first
            numbers = await bridges.numbers_of(step.session, [leg.id])
            if leg.place + 1 < len(numbers):
                await dial_again(step, leg, leg.place + 1, LegMovedOn)
    if await _place_caller(step, legs, fact):
        return
    _fetch_those_aside(step, legs)
    await _dismiss_leaders(step, legs)
    await _hand_over(step, legs)
    reason = why_over([Party(leg.role, leg.state) for leg in legs if counts(step, leg)])
    if reason is BridgeEnd.LAST_OUTSIDE_LEFT and await _leader_was_lost(step, legs, fact):
        await back_to_queue(step, legs)
    elif reason is not None:
        await end(step, legs, reason)


async def end(step: Step, legs: list[BridgeLeg], reason: BridgeEnd) -> None:
    """End the room: the caller is thanked or queued, all others are let go, nobody is called any more."""
    bridge = step.bridge
    bridge.state, bridge.ended_at, bridge.reason = BridgeState.ENDED, step.now, reason
    for leg in legs:
        if leg.state in LIVE:
            step.change.orders += closing(leg)
        if leg.state in ON_THE_WAY:
            await apply(step, leg, LegFailed(**step.about(leg), reason="ended"))
    step.change.facts.append(BridgeEnded(**step.frame(), reason=reason))


async def back_to_queue(step: Step, legs: list[BridgeLeg]) -> None:
    """The caller to the head of the queue; the room is over."""
    for leg in legs:
        if leg.role == CALLER:
            leg.aim = LegAim.QUEUE
    await end(step, legs, BridgeEnd.BACK_TO_QUEUE)


def check_not_leader(leg: BridgeLeg) -> None:
    """Raises IllegalTransition: a shift leader comes and goes by his own keys, nobody sends him out."""
    if is_leader(leg.role):
        raise IllegalTransition(reason="班长由班长台自己进出")


def caller_of(legs: list[BridgeLeg]) -> BridgeLeg | None:
    """The caller's leg, or None."""
    return next((leg for leg in legs if leg.role == CALLER), None)


def own_of(step: Step, legs: list[BridgeLeg]) -> BridgeLeg | None:
    """The newest leg of the seat that has the call, or None."""
    own = [leg for leg in legs if _is_own(step, leg)]
    return own[-1] if own else None


def _is_own(step: Step, leg: BridgeLeg) -> bool:
    """Of the seat that has the call, or of the leader who took that seat's place."""
    if is_leader(leg.role):
        return step.bridge.seat_id is None and step.bridge.call_id is not None
    return leg.seat_id is not None and leg.seat_id == step.bridge.seat_id


def counts(step: Step, who: BridgeLeg | LegFact) -> bool:
    """Whether a party keeps the room alive. A leader does in a conference; a consultation he is beside."""
    return not is_leader(who.role) or step.bridge.kind is BridgeKind.EMERGENCY


def fetch(step: Step, caller: BridgeLeg) -> None:
    """The caller out of the music, into the room."""
    caller.aim = LegAim.ROOM
    step.change.orders.append(Move(step.bridge.id, caller.channel, None))


def send(step: Step, places: list[tuple[BridgeLeg, LegAim]]) -> None:
    """These to the room or to its music."""
    for leg, aim in places:
        leg.aim = aim
    known = tuple((leg.channel, aim) for leg, aim in places if leg.channel is not None)
    if known:
        step.change.orders.append(Send(step.bridge.id, known))


def side_of(step: Step, leg: BridgeLeg) -> Side:
    """A leg as the rules see it."""
    return Side(leg.state, leg.aim, own=_is_own(step, leg))


def _fetch_those_aside(step: Step, legs: list[BridgeLeg]) -> None:
    """Whom the seat asked waits on music for that seat only."""
    caller, own = caller_of(legs), own_of(step, legs)
    sides = [side_of(step, leg) if leg is not None else None for leg in (caller, own)]
    if not may_wait_aside(sides[0], sides[1]):
        aside = [leg for leg in legs if leg is not caller and side_of(step, leg).aside]
        send(step, [(leg, LegAim.ROOM) for leg in aside])


async def _place_caller(step: Step, legs: list[BridgeLeg], fact: LegFact | None) -> bool:
    """Says whether the room is over by it."""
    caller, own = caller_of(legs), own_of(step, legs)
    if caller is None:
        return False
    others = [side_of(step, leg) for leg in legs if leg is not caller and counts(step, leg)]
    # A leader who comes to the seat's side is no seat that is back: its caller stays on his music
    seen = type(fact) if fact is not None and counts(step, fact) else None
    place = place_of(side_of(step, caller), others, seen)
    if place is Place.FETCHED:
        fetch(step, caller)
    elif place is Place.STRANDED:
        tried = own is not None and fact is not None and fact.leg_id == own.id
        if tried or not await _ring_own_seat(step, legs, own):
            await back_to_queue(step, legs)
            return True
    return False


async def _ring_own_seat(step: Step, legs: list[BridgeLeg], own: BridgeLeg | None) -> bool:
    """Nobody took the caller: ring at the seat that sent him, if it is free. Says whether it rings."""
    row = await seats.get(step.session, step.bridge.seat_id) if step.bridge.seat_id is not None else None
    if row is None or row.state not in _FREE or not row.phone_online:
        return False
    if own is None:
        own = BridgeLeg(bridge_id=step.bridge.id, role=SEAT, attempt=1, place=0, since=step.now)
        own.seat_id = row.id
        step.session.add(own)
        await step.session.flush()
        legs.append(own)
        await add_attempt(step, own, [])
        return True
    if own.state not in OVER or own.attempt >= MOST_RINGS:
        return False
    await dial_again(step, own, 0, LegRedialled)
    return True


async def _dismiss_leaders(step: Step, legs: list[BridgeLeg]) -> None:
    """Who barged into a consultation goes with its seat, as he does from a talk of two."""
    own = own_of(step, legs)
    if own is not None and own.state in LIVE and own.aim is not LegAim.OUT:
        return
    for leg in legs:
        if leg.state in LIVE and not counts(step, leg):
            orders = closing(leg)
            await apply(step, leg, LegRemoved(**step.about(leg)))
            step.change.orders.extend(orders)


async def _leader_was_lost(step: Step, legs: list[BridgeLeg], fact: LegFact | None) -> bool:
    """Whether it is a leader's page or network that left the caller alone: he is not sent away for that."""
    if not isinstance(fact, LegLeft) or not is_leader(fact.role):
        return False
    leg = next((leg for leg in legs if leg.id == fact.leg_id), None)
    return leg is not None and await supervisions.lost(step.session, leg.channel or "")


async def _hand_over(step: Step, legs: list[BridgeLeg]) -> None:
    """The own seat is out, a colleague is in: the call is the colleague's, and the room with it."""
    caller, own = caller_of(legs), own_of(step, legs)
    if caller is None or caller.state not in LIVE:
        return
    if own is not None and own.state in LIVE and own.aim is not LegAim.OUT:
        return
    for leg in legs:
        if leg.seat_id is not None and leg is not own and leg.state is LegState.JOINED:
            row = await seats.get(step.session, leg.seat_id)
            step.bridge.seat_id = leg.seat_id
            step.bridge.account_id = row.operator_id if row else step.bridge.account_id
            return
