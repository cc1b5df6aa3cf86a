"""A ticket for a conference that was pressed without one."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import BridgeKind
from core.events import Fact
from core.vocabulary import TicketStatus, Urgency
from db.models import Bridge, Ticket
from db.repositories import bridges, calls
from tickets.opening import begin
from tickets.service import open_for_call, told


async def open_for_bridge(
    session: AsyncSession, bridge: Bridge, now: dt.datetime
) -> tuple[Ticket, Fact | None]:
    """The call's ticket, opened now if there is none; without a call a new draft. And its fact."""
    call = await calls.get(session, bridge.call_id) if bridge.call_id else None
    outbound = bridge.kind is BridgeKind.OUTBOUND
    if call is not None:
        ticket, new = await open_for_call(session, call, TicketStatus.DRAFT, now)
        if new and outbound:
            # Nobody had answered that call: it is the ticket of whoever called back
            ticket.seat_id, ticket.operator_id = bridge.seat_id, bridge.account_id
        return ticket, await told(session, ticket, now) if new else None
    number = await _number_called(session, bridge) if outbound else ""
    ticket = Ticket(
        status=TicketStatus.DRAFT,
        channel="outbound" if outbound else "bridge",
        seat_id=bridge.seat_id,
        operator_id=bridge.account_id,
        caller_number=number,
        contact_number=number,
        urgency=Urgency.NORMAL if outbound else Urgency.URGENT,
    )
    await begin(session, ticket, bridge.account_id, now)
    return ticket, await told(session, ticket, now)


async def _number_called(session: AsyncSession, bridge: Bridge) -> str:
    leg = await bridges.other_party(session, bridge.id)
    numbers = await bridges.numbers_of(session, [leg.id]) if leg is not None else []
    return numbers[0].digits if numbers else ""
