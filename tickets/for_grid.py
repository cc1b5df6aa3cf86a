"""A matter that a grid worker reports from the telephone: a ticket that waits to be accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import SHANGHAI
from core.errors import InvalidField
from core.events import TicketChanged
from core.vocabulary import TicketKind, TicketStatus
from db.models import Ticket, TicketEvent
from db.repositories import tickets
from tickets.service import edit, told

FEWEST_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Reporter:
    """The grid worker."""

    account_id: int
    name: str
    number: str


async def open_for_grid(
    session: AsyncSession, reporter: Reporter, fields: Mapping[str, Any], now: dt.datetime
) -> tuple[Ticket, TicketChanged]:
    """The new ticket and its fact.

    Raises:
        InvalidField: naming what is missing or wrong.
    """
    if len(str(fields.get("content", "")).strip()) < FEWEST_CHARACTERS:
        raise InvalidField(field="content", reason="请写明是什么事（至少 4 个字）")
    day = now.astimezone(SHANGHAI).strftime("%y%m%d")
    ticket = Ticket(
        number=f"{day}{await tickets.next_number(session, day):05d}",
        status=TicketStatus.PENDING_ACCEPT,
        channel="grid",
        kind=TicketKind.HELP,
        caller_name=reporter.name,
        caller_number=reporter.number,
        contact_number=reporter.number,
        created_at=now,
        updated_at=now,
    )
    session.add(ticket)
    await session.flush()
    session.add(
        TicketEvent(
            ticket_id=ticket.id,
            at=now,
            account_id=reporter.account_id,
            to_status=ticket.status,
            reason="opened",
            changes={},
        )
    )
    await session.flush()
    ticket = await edit(session, ticket.id, {**fields, "version": ticket.version}, reporter.account_id, now)
    return ticket, await told(session, ticket, now)
