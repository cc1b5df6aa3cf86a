"""Corrections of drafts, kept once a ticket."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models.draft import DraftCorrection


async def known(session: AsyncSession, ticket_id: int) -> bool:
    """Whether this ticket's correction is kept already."""
    query = select(DraftCorrection.id).where(DraftCorrection.ticket_id == ticket_id)
    return await session.scalar(query) is not None


async def every(session: AsyncSession) -> list[DraftCorrection]:
    """All of them, oldest first."""
    return list(await session.scalars(select(DraftCorrection).order_by(DraftCorrection.id)))
