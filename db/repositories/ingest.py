"""How far each of Asterisk's own files has been read."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from db.models.call import IngestOffset


async def get(session: AsyncSession, source: str) -> IngestOffset | None:
    """The place where reading goes on, or None for a file never read."""
    return await session.get(IngestOffset, source)


async def save(session: AsyncSession, source: str, inode: int, offset: int) -> None:
    """Remember the place in the transaction that kept what was read."""
    row = await session.get(IngestOffset, source)
    if row is None:
        session.add(IngestOffset(source=source, inode=inode, offset=offset))
    else:
        row.inode, row.offset = inode, offset
    await session.flush()
