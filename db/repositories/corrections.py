"""Corrections of drafts, kept once a ticket."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import Speaker, TicketStatus
from db.models import Ticket, Utterance
from db.models.draft import DraftCorrection


async def known(session: AsyncSession, ticket_id: int) -> bool:
    """Whether this ticket's correction is kept already."""
    query = select(DraftCorrection.id).where(DraftCorrection.ticket_id == ticket_id)
    return await session.scalar(query) is not None


async def owed(
    session: AsyncSession, decided: Collection[TicketStatus], since: dt.datetime, limit: int = 200
) -> list[tuple[int, str]]:
    """Ticket and call of what was decided since then, has words by now, and has no correction yet."""
    spoken = (
        select(Utterance.id)
        .where(Utterance.call_id == Ticket.call_id, Utterance.bridge_leg_id.is_(None))
        .where(Utterance.speaker != Speaker.LEADER)
    )
    kept = select(DraftCorrection.id).where(DraftCorrection.ticket_id == Ticket.id)
    query = select(Ticket.id, Ticket.call_id).where(
        Ticket.status.in_(decided), Ticket.updated_at >= since, spoken.exists(), ~kept.exists()
    )
    query = query.order_by(Ticket.id).limit(limit)
    return [(ticket_id, call_id) for ticket_id, call_id in await session.execute(query) if call_id]


async def every(session: AsyncSession) -> list[DraftCorrection]:
    """All of them, oldest first."""
    return list(await session.scalars(select(DraftCorrection).order_by(DraftCorrection.id)))
