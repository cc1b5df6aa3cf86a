"""How a ticket begins, whatever channel it comes by: its number, and the first line of its history."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import SHANGHAI
from core.ticket_words import TicketStep
from db.models import Ticket, TicketEvent
from db.repositories import tickets


async def begin(session: AsyncSession, ticket: Ticket, account_id: int | None, now: dt.datetime) -> Ticket:
    """Number it `YYMMDDNNNNN` by Fengjie's day and keep it; `account_id` is who opened it, if anybody did."""
    day = now.astimezone(SHANGHAI).strftime("%y%m%d")
    ticket.number = f"{day}{await tickets.next_number(session, day):05d}"
    ticket.created_at = ticket.updated_at = now
    session.add(ticket)
    await session.flush()
    session.add(
        TicketEvent(
            ticket_id=ticket.id,
            at=now,
            account_id=account_id,
            to_status=ticket.status,
            reason=TicketStep.OPENED,
            changes={},
        )
    )
    await session.flush()
    return ticket
