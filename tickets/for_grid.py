"""A matter that a grid worker reports from the telephone: a ticket that waits to be accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import InvalidField
from core.events import TicketChanged
from core.vocabulary import TicketKind, TicketStatus
from db.models import Ticket
from tickets.opening import begin
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
    ticket = Ticket(
        status=TicketStatus.PENDING_ACCEPT,
        channel="grid",
        kind=TicketKind.HELP,
        caller_name=reporter.name,
        caller_number=reporter.number,
        contact_number=reporter.number,
    )
    await begin(session, ticket, reporter.account_id, now)
    ticket = await edit(session, ticket.id, {**fields, "version": ticket.version}, reporter.account_id, now)
    return ticket, await told(session, ticket, now)
