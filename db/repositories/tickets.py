"""Tickets, their history, and their numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import TicketStatus
from db.locking import locked
from db.models import Call, Callback, Ticket, TicketEvent, TicketNumber


async def get(session: AsyncSession, ticket_id: int) -> Ticket | None:
    """The ticket."""
    return await session.get(Ticket, ticket_id)


async def some(session: AsyncSession, ids: Collection[int]) -> list[Ticket]:
    """These tickets, oldest first."""
    return list(await session.scalars(select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id)))


async def get_for_update(session: AsyncSession, ticket_id: int) -> Ticket | None:
    """The ticket, locked until the transaction ends."""
    return await locked(session, Ticket, ticket_id)


async def of_call(session: AsyncSession, call_id: str) -> Ticket | None:
    """The ticket that opened with this call."""
    return await session.scalar(select(Ticket).where(Ticket.call_id == call_id))


async def of_caller(
    session: AsyncSession, number: str, *, besides_call: str = "", limit: int = 10
) -> list[Ticket]:
    """A caller's tickets, newest first."""
    query = (
        select(Ticket)
        .where(Ticket.caller_number == number, or_(Ticket.call_id.is_(None), Ticket.call_id != besides_call))
        .order_by(Ticket.created_at.desc())
        .limit(limit)
    )
    return list(await session.scalars(query))


async def search(
    session: AsyncSession,
    *,
    status: str = "",
    text: str = "",
    seen_by: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Ticket], int]:
    """One page of tickets, newest first, and how many there are.

    With `seen_by`, the words of other people's secret tickets are not searched: a hit would tell them.
    """
    query = select(Ticket)
    if status:
        query = query.where(Ticket.status == status)
    if text:
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        number, *words = (
            column.like(pattern, escape="\\")
            for column in (Ticket.number, Ticket.title, Ticket.content, Ticket.address)
        )
        open_to = true() if seen_by is None else or_(~Ticket.secret, Ticket.operator_id == seen_by)
        query = query.where(or_(number, and_(open_to, or_(*words))))
    total = await session.scalar(select(func.count()).select_from(query.subquery())) or 0
    page = await session.scalars(query.order_by(Ticket.id.desc()).limit(limit).offset(offset))
    return list(page), total


async def secret_of_lines(session: AsyncSession, lines: Collection[Callback]) -> dict[int, list[Ticket]]:
    """The secret tickets of lines to be called back, by the line: its own, and its call's."""
    ids = {line.ticket_id for line in lines if line.ticket_id is not None}
    call_ids = {line.call_id for line in lines if line.call_id is not None}
    query = select(Ticket).where(Ticket.secret, or_(Ticket.id.in_(ids), Ticket.call_id.in_(call_ids)))
    found = list(await session.scalars(query))
    return {
        line.id: [
            one
            for one in found
            if one.id == line.ticket_id or (one.call_id is not None and one.call_id == line.call_id)
        ]
        for line in lines
    }


async def secret_calls(session: AsyncSession, call_ids: Collection[str]) -> set[str]:
    """Which of these calls have a secret ticket: their callers are named to nobody."""
    query = select(Ticket.call_id).where(Ticket.call_id.in_(call_ids), Ticket.secret)
    return {found for found in await session.scalars(query) if found is not None}


async def history(session: AsyncSession, ticket_id: int) -> list[TicketEvent]:
    """Everything that happened to a ticket, oldest first."""
    query = select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)
    return list(await session.scalars(query))


async def joined_to(session: AsyncSession, ticket_id: int) -> list[Ticket]:
    """The files joined into this one, oldest first."""
    query = select(Ticket).where(Ticket.parent_id == ticket_id).order_by(Ticket.id)
    return list(await session.scalars(query))


async def how_many_joined(session: AsyncSession, ticket_ids: Collection[int]) -> dict[int, int]:
    """For each file that others were joined into, how many."""
    query = (
        select(Ticket.parent_id, func.count())
        .where(Ticket.parent_id.in_(ticket_ids))
        .group_by(Ticket.parent_id)
    )
    return {parent: count for parent, count in await session.execute(query) if parent is not None}


async def next_number(session: AsyncSession, day: str) -> int:
    """The day's next sequence number; two transactions never get the same one."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = (
        insert(TicketNumber)
        .values(day=day, last=1)
        .on_conflict_do_update(index_elements=["day"], set_={"last": TicketNumber.last + 1})
        .returning(TicketNumber.last)
    )
    return (await session.execute(statement)).scalar_one()


async def calls_without(
    session: AsyncSession, since: dt.datetime | None = None
) -> list[tuple[str, TicketStatus]]:
    """Answered calls and calls with a message that have no ticket yet, and the status it opens in.

    `since` leaves out who came before it; without it every call that ever came is looked at.
    """
    query = (
        select(Call)
        .outerjoin(Ticket, Ticket.call_id == Call.id)
        .where(Ticket.id.is_(None), or_(Call.answered_at.is_not(None), Call.message_file.is_not(None)))
    )
    if since is not None:
        query = query.where(Call.arrived_at >= since)
    return [
        (call.id, TicketStatus.DRAFT if call.answered_at is not None else TicketStatus.PENDING_ACCEPT)
        for call in await session.scalars(query)
    ]
