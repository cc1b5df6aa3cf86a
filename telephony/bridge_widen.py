"""The key 一键三方 pressed while a consultation runs on the call: its room becomes the conference."""

from __future__ import annotations

from collections.abc import Sequence

from core.bridge_events import BridgePressed, LegRedialled
from core.bridge_words import BridgeKind, BridgeState, LegAim
from core.errors import IllegalTransition
from core.ids import SeatId
from db.models.bridge import Bridge, BridgeLeg
from db.repositories import bridges
from telephony.bridge_key import Press
from telephony.bridge_legs import dial_again
from telephony.bridge_numbers import add_numbers
from telephony.bridge_press import Numbers, begin_legs
from telephony.bridge_rules import send
from telephony.bridge_states import LIVE, OVER
from telephony.bridge_step import Step
from telephony.ports import Number


def widens(running: Bridge, press: Press) -> bool:
    """Whether this press finds a room of another kind: help must come all the same."""
    other = running.kind is not BridgeKind.EMERGENCY and press.kind is BridgeKind.EMERGENCY
    return other and running.state is not BridgeState.ENDED and running.key != press.key


async def widen(step: Step, press: Press, numbers: Numbers) -> None:
    """The roles that are not there (any more) are called, and the caller is fetched in.

    Raises:
        IllegalTransition: the room is another seat's.
    """
    if step.bridge.seat_id != press.seat_id:
        raise IllegalTransition(state=step.bridge.state)
    legs = await bridges.legs_of(step.session, step.bridge.id)
    step.bridge.kind, step.bridge.about = BridgeKind.EMERGENCY, press.category or step.bridge.about
    taken = {leg.role for leg in legs}
    await begin_legs(step, {role: lines for role, lines in numbers.items() if role not in taken})
    for leg in legs:
        if leg.role in numbers and leg.state in OVER:
            await _call_again(step, leg, numbers[leg.role])
    # Also who is only on his way to the music, and whom the seat had asked
    send(step, [(leg, LegAim.ROOM) for leg in legs if leg.state in LIVE and leg.aim is LegAim.MUSIC])
    seat_id = SeatId(press.seat_id) if press.seat_id is not None else None
    pressed = BridgePressed(**step.frame(), presser=press.presser, seat_id=seat_id, roles=tuple(press.roles))
    step.change.facts.insert(0, pressed)


async def _call_again(step: Step, leg: BridgeLeg, found: Sequence[Number]) -> None:
    """Whom the seat had consulted, in vain or to the end: as one who helps he is called like the others."""
    if await bridges.numbers_of(step.session, [leg.id]) or await add_numbers(step, leg, found):
        await dial_again(step, leg, 0, LegRedialled)
