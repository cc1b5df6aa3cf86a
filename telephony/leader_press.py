"""The key pressed by the shift leader who took a call over: its caller and he himself come along."""

from __future__ import annotations

from core.bridge_words import CALLER, LEADER
from core.errors import IllegalTransition, NotFound
from core.vocabulary import CallState
from db.repositories import calls, supervisions
from telephony.bridge_key import Press
from telephony.bridge_step import Move, Step
from telephony.supervision_checks import has_call


async def those_of_leader(step: Step, press: Press) -> dict[str, str]:
    """Caller and leader with the channels that are moved, as one order.

    His row is locked: an order to leave or to give back finds the conference, or the press finds it.

    Raises:
        NotFound, IllegalTransition.
    """
    row = await supervisions.get_for_update(step.session, press.supervision_id or 0)
    call = await calls.get(step.session, press.call_id or "")
    if row is None or call is None or row.call_id != call.id:
        raise NotFound(what="来电")
    if not has_call(row, press.account_id) or row.channel is None:
        raise IllegalTransition(state=row.state, reason="您没有接管着的通话")
    # He is seen in his room before the caller is: until then the order to take over is still under way
    if call.state is not CallState.TALKING or (call.seat_id, call.operator_id) != (None, row.account_id):
        raise IllegalTransition(state=call.state, reason="接管还没有完成，请稍候再试")
    step.change.orders.append(Move(step.bridge.id, call.channel, row.channel))
    return {CALLER: call.channel, LEADER: row.channel}
