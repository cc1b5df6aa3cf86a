"""A row as it stands once its lock is ours."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from db.base import Base

Row = TypeVar("Row", bound=Base)


async def locked(session: AsyncSession, kind: type[Row], key: object) -> Row | None:
    """The row, locked until the transaction ends, or None.

    Who waited for the lock waited for a change: without `populate_existing` a row that this session has read
    before would go on telling what stood before that change. What the session itself changed and has not
    written yet goes to the database first (autoflush), and so comes back.
    """
    return await session.get(kind, key, with_for_update=True, populate_existing=True)
