"""Gives the orders of a step to the switch."""

from __future__ import annotations

from core.errors import ActionRefused
from telephony.bridge_step import Bring, Goodbye, HangUp, Move, Order, Requeue, Send
from telephony.bridge_switch import BridgeSwitch, Dial
from telephony.supervision_names import lead_of_channel


async def give(switch: BridgeSwitch, order: Order) -> None:
    """One order. Raises what the switch raises."""
    match order:
        case Dial():
            await switch.dial(order)
        case Move():
            await _move(switch, order)
        case Send():
            await switch.send(order.bridge_id, order.places)
        case HangUp():
            await switch.hang_up(order.channel)
        case Goodbye():
            await switch.say_goodbye(order.channel)
        case Requeue():
            await switch.requeue(order.channel)
        case Bring():
            await switch.bring(order.bridge_id, order.supervision_id)


async def _move(switch: BridgeSwitch, order: Move) -> None:
    try:
        await switch.move(order.bridge_id, order.caller, order.seat, held=order.held, announce=order.announce)
    except ActionRefused:
        if order.caller is None or lead_of_channel(order.seat or "") is None:
            raise
        # Asterisk moves both or nobody. Where the leader put down in this moment, the caller is on his way
        # out with thanks, and no comparison would come in time; where the caller did, help comes all the same
        try:
            await switch.move(order.bridge_id, order.caller, None)
        except ActionRefused:
            await switch.move(order.bridge_id, None, order.seat)
