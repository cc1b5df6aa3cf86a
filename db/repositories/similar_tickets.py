"""Open tickets that may be about the same matter (domain: 并单 candidates)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import TicketStatus
from db.models.ticket import Ticket


async def candidates(
    session: AsyncSession,
    ticket: Ticket,
    category: str | None,
    town: str | None,
    open_states: Collection[TicketStatus],
    since: tuple[dt.datetime, dt.datetime],
) -> list[Ticket]:
    """The same caller's and the same matter's open files, newest first, at most 30.

    `since` bounds the caller's own files and those of the same category and town.
    """
    by_caller, by_matter = since
    same: list[object] = []
    if ticket.caller_number:
        same.append(and_(Ticket.caller_number == ticket.caller_number, Ticket.created_at >= by_caller))
    if category and town:
        matter = and_(Ticket.category_code == category, Ticket.town_code == town)
        same.append(and_(matter, Ticket.created_at >= by_matter))
    if not same:
        return []
    query = (
        select(Ticket)
        .where(Ticket.id != ticket.id, Ticket.status.in_(open_states), or_(*same))  # pyright: ignore[reportArgumentType]
        .order_by(Ticket.id.desc())
        .limit(30)
    )
    return list(await session.scalars(query))
