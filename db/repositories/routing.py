"""What the rows say of a caller at the moment of a call: whose ticket, how it went before, how often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.vocabulary import CallOutcome, CallState, SeatState, TicketStatus
from db.models import Call, Policy, Seat, Ticket

SETTLED: Final = (TicketStatus.ANSWERED, TicketStatus.VOID)
"""Tickets that nobody works on any more."""
_NEVER_ASKED: Final = (CallOutcome.ABANDONED_GREETING, CallOutcome.TURNED_AWAY)


async def own_seat(session: AsyncSession, caller: str, since: dt.datetime) -> Seat | None:
    """The seat of the operator who has the newest open ticket, if it is ready and its phone there.

    A joined file is worked on as the file that took it in, and by whoever has that one.
    """
    parent = aliased(Ticket)
    has_it = func.coalesce(parent.operator_id, Ticket.operator_id)
    newest = (
        select(has_it)
        .select_from(Ticket)
        .outerjoin(parent, parent.id == Ticket.parent_id)
        .where(
            Ticket.caller_number == caller,
            func.coalesce(parent.status, Ticket.status).not_in(SETTLED),
            has_it.is_not(None),
            Ticket.created_at >= since,
        )
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(Seat).where(Seat.operator_id == newest, Seat.state == SeatState.READY, Seat.phone_online)
    return await session.scalar(query)


async def call_before(session: AsyncSession, caller: str, call_id: str) -> Call | None:
    """The caller's newest ended call that got past the greeting, or None."""
    query = (
        select(Call)
        .where(
            Call.caller == caller,
            Call.id != call_id,
            Call.state == CallState.ENDED,
            Call.outcome.not_in(_NEVER_ASKED),
        )
        .order_by(Call.arrived_at.desc(), Call.id.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def calls_since(session: AsyncSession, caller: str, since: dt.datetime) -> int:
    """How many calls came from this number; an empty one is all those that withheld theirs."""
    query = select(func.count()).select_from(Call).where(Call.caller == caller, Call.arrived_at >= since)
    return await session.scalar(query) or 0


async def policies(session: AsyncSession, keys: Iterable[str]) -> dict[str, str]:
    """The values of those policies that have a row."""
    found = await session.scalars(select(Policy).where(Policy.key.in_(list(keys))))
    return {row.key: row.value for row in found}
