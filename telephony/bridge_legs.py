"""What a sign of Asterisk or a person's order changes in a conference's rows, in one transaction.

Each step returns the facts to tell and the orders to give, both after the commit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_events import (
    BridgeEnded,
    BridgeFact,
    LegAnswered,
    LegAskedBack,
    LegDialled,
    LegFact,
    LegFailed,
    LegJoined,
    LegLeft,
    LegMovedOn,
    LegMuted,
    LegRang,
    LegTalked,
    LegUnanswered,
    LegWasBusy,
)
from core.bridge_words import CALLER, SEAT, BridgeEnd, BridgeKind, BridgeState, LegState, Presser
from core.errors import IllegalTransition
from core.ids import CallId, SeatId
from db.models.bridge import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber
from db.repositories import bridges, seats
from telephony.bridge_limits import Limits
from telephony.bridge_names import LegName
from telephony.bridge_states import LIVE, ON_THE_WAY, OVER, Party, next_state, why_over
from telephony.bridge_switch import Dial
from telephony.bridge_translate import Heard, Sign

BUSY_CAUSES: Final = frozenset({17, 21})
"""User busy, call rejected (Q.850)."""
_BEGINS: Final = frozenset({Sign.BEGAN, Sign.PICKED_UP, Sign.ENTERED})
_PLAIN: Final[dict[Sign, type[LegFact]]] = {
    Sign.BEGAN: LegDialled,
    Sign.RANG: LegRang,
    Sign.PICKED_UP: LegAnswered,
    Sign.ASKED_BACK: LegAskedBack,
    Sign.ENTERED: LegJoined,
    Sign.WENT_OUT: LegLeft,
}


@dataclass(frozen=True, slots=True)
class Move:
    """Bring those who talk already into the room."""

    bridge_id: int
    caller: str | None
    seat: str | None
    announce: str = ""
    """Which service the caller is told is being called, before the room."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Thank the caller and end the call."""

    channel: str


Order = Dial | Move | HangUp | Goodbye


@dataclass(slots=True)
class Change:
    """What is to be told and ordered when the transaction is kept."""

    facts: list[BridgeFact] = field(default_factory=list[BridgeFact])
    orders: list[Order] = field(default_factory=list[Order])


@dataclass(frozen=True, slots=True)
class Step:
    """Where we are: one transaction, one conference, one moment."""

    session: AsyncSession
    bridge: Bridge
    limits: Limits
    now: dt.datetime
    change: Change = field(default_factory=Change)

    def about(self, leg: BridgeLeg) -> dict[str, Any]:
        """The fields that every fact of a leg has."""
        return {**self.frame(), "leg_id": leg.id, "role": leg.role, "attempt": leg.attempt}

    def frame(self) -> dict[str, Any]:
        """The fields that every fact of the conference has."""
        call_id = CallId(self.bridge.call_id) if self.bridge.call_id else None
        return {
            "at": self.now,
            "bridge_id": self.bridge.id,
            "call_id": call_id,
            "ticket_id": self.bridge.ticket_id,
        }


def name_of(leg: BridgeLeg) -> LegName:
    """The name of the leg's present attempt."""
    return LegName(leg.bridge_id, leg.id, leg.attempt)


async def take(step: Step, heard: Heard) -> None:
    """One sign of Asterisk into the rows. What is late, doubled or of another attempt changes nothing.

    Raises:
        IllegalTransition: it cannot happen now.
    """
    legs = await bridges.legs_of(step.session, step.bridge.id)
    leg = _leg_of(legs, heard)
    if leg is None:
        return
    late = heard.leg is not None and heard.leg.attempt != leg.attempt
    if late or (leg.state in OVER and heard.leg is not None):
        if heard.sign in _BEGINS:  # nobody waits for it any more: it must not ring on, or stay in the room
            step.change.orders.append(HangUp(heard.channel))
        return
    fact = _fact_of(step, leg, heard)
    if isinstance(fact, LegTalked):
        step.change.facts.append(fact)
    elif fact is not None:
        if heard.channel:
            leg.channel = heard.channel
        await apply(step, leg, fact)
        await settle(step, legs)


def _leg_of(legs: list[BridgeLeg], heard: Heard) -> BridgeLeg | None:
    if heard.leg is not None:
        return next((leg for leg in legs if leg.id == heard.leg.leg_id), None)
    return next((leg for leg in legs if leg.channel == heard.channel), None)


def _fact_of(step: Step, leg: BridgeLeg, heard: Heard) -> LegFact | None:
    frame = step.about(leg)
    if heard.sign in _PLAIN:
        return _PLAIN[heard.sign](**frame)
    if heard.sign in (Sign.MUTED, Sign.UNMUTED):
        return LegMuted(**frame, muted=heard.sign is Sign.MUTED)
    if heard.sign in (Sign.TALKS, Sign.SILENT):
        return LegTalked(**frame, talking=heard.sign is Sign.TALKS)
    if heard.sign is Sign.NEVER_BEGAN:
        due = leg.state in (LegState.ORDERED, LegState.NEXT_NUMBER)
        return LegUnanswered(**frame, cause=0) if due else None
    if leg.state is LegState.JOINED:
        return LegLeft(**frame)
    if heard.cause in BUSY_CAUSES and leg.state is not LegState.ANSWERED:
        return LegWasBusy(**frame, cause=heard.cause)
    return LegUnanswered(**frame, cause=heard.cause)


async def apply(step: Step, leg: BridgeLeg, fact: LegFact) -> None:
    """One fact into the leg, its attempt and the conference.

    Raises:
        IllegalTransition: it cannot happen to a leg in this state.
    """
    before, leg.state = leg.state, next_state(leg.state, fact)
    if leg.state is not before:
        leg.since = fact.at
    if isinstance(fact, LegMuted):
        if leg.muted == fact.muted:
            raise IllegalTransition(state=before, fact="LegMuted")
        leg.muted = fact.muted
    if isinstance(fact, LegJoined):
        leg.joined_at, leg.left_at, leg.muted = fact.at, None, False
        if step.bridge.state is BridgeState.OPENING:
            step.bridge.state, step.bridge.opened_at = BridgeState.OPEN, fact.at
    if before is LegState.JOINED and leg.state is not LegState.JOINED:
        leg.left_at = fact.at
    await _note_attempt(step, leg, fact)
    step.change.facts.append(fact)


async def _note_attempt(step: Step, leg: BridgeLeg, fact: LegFact) -> None:
    attempt = await bridges.attempt(step.session, leg.id, leg.attempt)
    if attempt is None:
        return
    if isinstance(fact, LegDialled):
        attempt.dialled_at = fact.at
    elif isinstance(fact, LegAnswered):
        attempt.answered_at = fact.at
    elif isinstance(fact, LegJoined):
        attempt.joined_at = fact.at
    elif leg.state in OVER:
        attempt.ended_at, attempt.result = fact.at, leg.state
        attempt.cause = getattr(fact, "cause", None)


async def settle(step: Step, legs: list[BridgeLeg]) -> None:
    """After a fact: the next number where one is due, then the leaving rules."""
    if step.bridge.state is BridgeState.ENDED:
        return
    for leg in legs:
        if leg.state in (LegState.BUSY, LegState.NO_ANSWER):
            # By itself each number is called once; only a person begins again with the first
            numbers = await bridges.numbers_of(step.session, [leg.id])
            if leg.place + 1 < len(numbers):
                await dial_again(step, leg, leg.place + 1, LegMovedOn)
    reason = why_over([Party(leg.role, leg.state) for leg in legs])
    if reason is not None:
        await end(step, legs, reason)


async def dial_again(step: Step, leg: BridgeLeg, place: int, kind: type[LegFact]) -> None:
    """A new attempt at the leg, at this place of its numbers."""
    leg.attempt, leg.place, leg.channel = leg.attempt + 1, place, None
    await apply(step, leg, kind(**step.about(leg)))
    await add_attempt(step, leg, await bridges.numbers_of(step.session, [leg.id]))


async def add_attempt(step: Step, leg: BridgeLeg, numbers: Sequence[BridgeNumber]) -> None:
    """The attempt's row, and the order that it stands for."""
    step.session.add(BridgeAttempt(**first_attempt(step, leg)))
    step.change.orders.append(await dial_order(step, leg, numbers))


def first_attempt(step: Step, leg: BridgeLeg) -> dict[str, Any]:
    """The row of the leg's present attempt, as it begins."""
    return {
        "leg_id": leg.id,
        "number": leg.attempt,
        "place": leg.place,
        "channel_id": name_of(leg).channel_id,
        "ordered_at": step.now,
    }


async def dial_order(step: Step, leg: BridgeLeg, numbers: Sequence[BridgeNumber]) -> Dial:
    """The order to dial the leg's present attempt, at the present place of its numbers."""
    seat = None
    if leg.seat_id is not None:
        row = await seats.get(step.session, leg.seat_id)
        seat = (SeatId(leg.seat_id), row.phone if row else "seat")
    outbound = step.bridge.kind is BridgeKind.OUTBOUND
    return Dial(
        leg=name_of(leg),
        digits=numbers[leg.place].digits if numbers else "",
        seat=seat,
        about=step.bridge.about[:2] or "00",
        by="grid" if step.bridge.presser is Presser.GRID else "caller",
        ring_s=step.limits.outbound_ring_s if outbound else step.limits.ring_s,
        asks=leg.asks,
        call_id=step.bridge.call_id,
        own=outbound and leg.role == SEAT,
    )


async def end(step: Step, legs: list[BridgeLeg], reason: BridgeEnd) -> None:
    """End the conference: the caller is thanked, all others are let go, nobody is called any more."""
    bridge = step.bridge
    bridge.state, bridge.ended_at, bridge.reason = BridgeState.ENDED, step.now, reason
    for leg in legs:
        if leg.state in LIVE:
            step.change.orders += closing(leg)
        if leg.state in ON_THE_WAY:
            await apply(step, leg, LegFailed(**step.about(leg), reason="ended"))
    step.change.facts.append(BridgeEnded(**step.frame(), reason=reason))


def closing(leg: BridgeLeg) -> list[Order]:
    """The order that lets one party go."""
    if leg.role == CALLER:
        return [Goodbye(leg.channel)] if leg.channel else []
    return [HangUp(leg.channel or name_of(leg).channel_id)]
