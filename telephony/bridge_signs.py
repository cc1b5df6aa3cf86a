"""What Asterisk's signs change in a room's rows. What is late, or of another attempt, changes nothing."""

from __future__ import annotations

from typing import Final

from core.bridge_events import (
    LegAnswered,
    LegAskedBack,
    LegDialled,
    LegFact,
    LegHeld,
    LegJoined,
    LegLeft,
    LegMuted,
    LegRang,
    LegTalked,
    LegUnanswered,
    LegWasBusy,
)
from core.bridge_words import CALLER, BridgeState, LegAim, LegState, is_leader
from db.models.bridge import BridgeLeg
from db.repositories import bridges, supervisions
from telephony.bridge_legs import apply
from telephony.bridge_rules import settle
from telephony.bridge_states import OVER
from telephony.bridge_step import HangUp, Step
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
    Sign.HELD: LegHeld,
    Sign.GONE: LegLeft,
}
_AGAINST_AIM: Final = {Sign.ENTERED: LegAim.MUSIC, Sign.HELD: LegAim.ROOM}
"""Signs that only an order gone by can have made."""


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
    if heard.sign is Sign.WENT_OUT and await _is_in_place(step, leg):
        return
    fact = _fact_of(step, leg, heard)
    if isinstance(fact, LegTalked):
        step.change.facts.append(fact)
    elif fact is not None:
        if heard.channel:
            leg.channel = heard.channel
        await apply(step, leg, fact)
        await settle(step, legs, fact)


async def _is_in_place(step: Step, leg: BridgeLeg) -> bool:
    """Whether it is the leader in the seat's place of a running room: `LeaderLegs.gone` tells when he is out.

    Asterisk tells who left a room and who put down on two ways, either may come first; whether the caller
    is thanked or queued hangs on both, so it is decided when the channel ends.
    """
    open_ = step.bridge.state is not BridgeState.ENDED and is_leader(leg.role)
    return open_ and await supervisions.in_place(step.session, leg.channel or "")


def _leg_of(legs: list[BridgeLeg], heard: Heard) -> BridgeLeg | None:
    if heard.leg is not None:
        return next((leg for leg in legs if leg.id == heard.leg.leg_id), None)
    return next((leg for leg in legs if leg.channel == heard.channel), None)


def _fact_of(step: Step, leg: BridgeLeg, heard: Heard) -> LegFact | None:
    frame = step.about(leg)
    ours = leg.role == CALLER or heard.leg is not None
    if ours and (heard.sign is Sign.WENT_OUT or _AGAINST_AIM.get(heard.sign) is leg.aim):
        return None  # these go in and out at our order; when one is gone his channel says so
    if heard.sign in _PLAIN:
        return _PLAIN[heard.sign](**frame)
    if heard.sign in (Sign.MUTED, Sign.UNMUTED):
        return LegMuted(**frame, muted=heard.sign is Sign.MUTED)
    if heard.sign in (Sign.TALKS, Sign.SILENT):
        return LegTalked(**frame, talking=heard.sign is Sign.TALKS)
    if heard.sign is Sign.NEVER_BEGAN:
        due = leg.state in (LegState.ORDERED, LegState.NEXT_NUMBER)
        return LegUnanswered(**frame, cause=0) if due else None
    if leg.state in (LegState.JOINED, LegState.HELD):
        return LegLeft(**frame)
    if heard.cause in BUSY_CAUSES and leg.state is not LegState.ANSWERED:
        return LegWasBusy(**frame, cause=heard.cause)
    return LegUnanswered(**frame, cause=heard.cause)
