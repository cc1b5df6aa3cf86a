"""Notes on screens and who has read them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models.supervision import Note, NoteReader


async def get(session: AsyncSession, note_id: int) -> Note | None:
    """The note, or None."""
    return await session.get(Note, note_id)


async def standing(session: AsyncSession, now: dt.datetime) -> list[Note]:
    """Notes to everybody whose time is not over, newest first."""
    query = select(Note).where(Note.until > now, Note.to_id.is_(None)).order_by(Note.id.desc())
    return list(await session.scalars(query))


async def unread_by(session: AsyncSession, account_id: int, now: dt.datetime) -> list[Note]:
    """What this person has not said to have read, newest first; notes to others are not theirs."""
    read = select(NoteReader.note_id).where(NoteReader.account_id == account_id)
    query = select(Note).where(
        Note.until > now,
        or_(Note.to_id.is_(None), Note.to_id == account_id),
        Note.by_id != account_id,
        Note.id.not_in(read),
    )
    return list(await session.scalars(query.order_by(Note.id.desc())))


async def readers_of(session: AsyncSession, note_ids: list[int]) -> list[NoteReader]:
    """Who has read these notes, first reader first."""
    query = select(NoteReader).where(NoteReader.note_id.in_(note_ids)).order_by(NoteReader.at)
    return list(await session.scalars(query))


async def read(session: AsyncSession, note_id: int, account_id: int, at: dt.datetime) -> bool:
    """Write down that this person has read it; False if that is known."""
    if await session.get(NoteReader, (note_id, account_id)) is not None:
        return False
    session.add(NoteReader(note_id=note_id, account_id=account_id, at=at))
    await session.flush()
    return True
