"""A ticket for a conference that was pressed without one."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import SHANGHAI
from core.events import Fact
from core.vocabulary import TicketStatus, Urgency
from db.models import Ticket, TicketEvent
from db.repositories import calls, tickets
from tickets.service import open_for_call, told


async def open_for_bridge(
    session: AsyncSession, call_id: str | None, seat_id: int | None, account_id: int | None, now: dt.datetime
) -> tuple[Ticket, Fact | None]:
    """The call's ticket, opened now if there is none; without a call an urgent draft. And its fact."""
    call = await calls.get(session, call_id) if call_id else None
    if call is not None:
        ticket, new = await open_for_call(session, call, TicketStatus.DRAFT, now)
        return ticket, await told(session, ticket, now) if new else None
    day = now.astimezone(SHANGHAI).strftime("%y%m%d")
    ticket = Ticket(
        number=f"{day}{await tickets.next_number(session, day):05d}",
        status=TicketStatus.DRAFT,
        channel="bridge",
        seat_id=seat_id,
        operator_id=account_id,
        urgency=Urgency.URGENT,
        created_at=now,
        updated_at=now,
    )
    session.add(ticket)
    await session.flush()
    session.add(
        TicketEvent(
            ticket_id=ticket.id,
            at=now,
            account_id=account_id,
            to_status=TicketStatus.DRAFT,
            reason="opened",
            changes={},
        )
    )
    await session.flush()
    return ticket, await told(session, ticket, now)
