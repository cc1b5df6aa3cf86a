"""What a fact changes in a leg's rows, and how a leg is dialled (again), inside one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.bridge_events import LegAnswered, LegDialled, LegFact, LegJoined, LegMuted
from core.bridge_words import SEAT, BridgeKind, BridgeState, LegAim, LegState, Presser
from core.errors import IllegalTransition
from core.ids import SeatId
from db.models.bridge import BridgeAttempt, BridgeLeg, BridgeNumber
from db.repositories import bridges, seats
from telephony.bridge_states import OVER, next_state
from telephony.bridge_step import Step, name_of
from telephony.bridge_switch import Dial


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
        leg.left_at, leg.muted = None, False
        if before is not LegState.HELD or leg.joined_at is None:
            leg.joined_at = fact.at
        if step.bridge.state is BridgeState.OPENING:
            step.bridge.state, step.bridge.opened_at = BridgeState.OPEN, fact.at
    if leg.state in OVER and before in (LegState.JOINED, LegState.HELD):
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
        attempt.joined_at = attempt.joined_at or fact.at  # not when it came from the music
    elif leg.state in OVER:
        attempt.ended_at, attempt.result = fact.at, leg.state
        attempt.cause = getattr(fact, "cause", None)


async def dial_again(step: Step, leg: BridgeLeg, place: int, kind: type[LegFact]) -> None:
    """A new attempt at the leg, at this place of its numbers."""
    leg.attempt, leg.place, leg.channel, leg.aim = leg.attempt + 1, place, None, LegAim.ROOM
    await apply(step, leg, kind(**step.about(leg)))
    await add_attempt(step, leg, await bridges.numbers_of(step.session, [leg.id]))


async def add_attempt(step: Step, leg: BridgeLeg, numbers: Sequence[BridgeNumber]) -> None:
    """The attempt's row, and the order that it stands for."""
    note_attempt(step, leg)
    step.change.orders.append(await dial_order(step, leg, numbers))


def note_attempt(step: Step, leg: BridgeLeg) -> None:
    """The attempt's row alone; the order follows, at the latest with the next comparison."""
    step.session.add(BridgeAttempt(**first_attempt(step, leg)))


def first_attempt(step: Step, leg: BridgeLeg) -> dict[str, Any]:
    """The row of the leg's present attempt, as it begins."""
    return {
        "leg_id": leg.id,
        "number": leg.attempt,
        "place": leg.place,
        "channel_id": name_of(leg).channel_id,
        "ordered_at": step.now,
    }


def _ring_s(step: Step, leg: BridgeLeg) -> float:
    if step.bridge.kind is BridgeKind.OUTBOUND:
        return step.limits.outbound_ring_s
    return step.limits.return_s if _returns(step, leg) else step.limits.ring_s


def _returns(step: Step, leg: BridgeLeg) -> bool:
    """Whether a caller is brought back to the seat whose call it is: for some seconds only."""
    return leg.seat_id is not None and leg.seat_id == step.bridge.seat_id and step.bridge.call_id is not None


async def dial_order(
    step: Step, leg: BridgeLeg, numbers: Sequence[BridgeNumber], *, resume: bool = False
) -> Dial:
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
        ring_s=_ring_s(step, leg),
        asks=leg.asks,
        call_id=step.bridge.call_id,
        own=outbound and leg.role == SEAT,
        # Of those whom the press itself calls everybody knows that they will come
        told=step.bridge.state is BridgeState.OPEN and not outbound,
        resume=resume,
    )
