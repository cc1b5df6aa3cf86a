"""Gives the orders of a step to the switch."""

from __future__ import annotations

from telephony.bridge_step import Bring, Goodbye, HangUp, Move, Order, Requeue, Send
from telephony.bridge_switch import BridgeSwitch, Dial


async def give(switch: BridgeSwitch, order: Order) -> None:
    """One order. Raises what the switch raises."""
    match order:
        case Dial():
            await switch.dial(order)
        case Move():
            await switch.move(
                order.bridge_id, order.caller, order.seat, held=order.held, announce=order.announce
            )
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
