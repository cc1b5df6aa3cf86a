"""The centre's own words beside the built-in lexicons."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.draft_words import WordMeaning
from db.models.draft import HouseWord


async def every(session: AsyncSession) -> list[HouseWord]:
    """All of them, by meaning, then in the order in which they came."""
    return list(await session.scalars(select(HouseWord).order_by(HouseWord.meaning, HouseWord.id)))


async def put(
    session: AsyncSession, word: str, meaning: WordMeaning, source: str, by: tuple[int, dt.datetime]
) -> HouseWord:
    """The word with this meaning from now on, whatever it meant before. `by`: account and moment."""
    row = await session.scalar(select(HouseWord).where(HouseWord.word == word))
    if row is None:
        row = HouseWord(word=word)
        session.add(row)
    row.meaning, row.source = meaning, source
    row.added_by, row.added_at = by
    await session.flush()
    return row


async def remove(session: AsyncSession, word_id: int) -> HouseWord | None:
    """Forget a word; None if there is no such row."""
    row = await session.get(HouseWord, word_id)
    if row is not None:
        await session.delete(row)
        await session.flush()
    return row
