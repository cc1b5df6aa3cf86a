"""The sound of calls; the rows are also the queue of the after-call work."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import RecordingKind, RecordingState
from db.models.call import Recording


async def get(session: AsyncSession, recording_id: int) -> Recording | None:
    """The recording, or None."""
    return await session.get(Recording, recording_id)


async def of_call(session: AsyncSession, call_id: str) -> list[Recording]:
    """A call's recordings, oldest first."""
    query = select(Recording).where(Recording.call_id == call_id).order_by(Recording.id)
    return list(await session.scalars(query))


async def of_kind(session: AsyncSession, call_id: str, kind: RecordingKind) -> Recording | None:
    """A call's recording of this kind, or None."""
    query = select(Recording).where(Recording.call_id == call_id, Recording.kind == kind)
    return await session.scalar(query)


async def in_state(session: AsyncSession, state: RecordingState, limit: int = 100) -> list[Recording]:
    """Recordings whose after-call work stands at `state`, oldest first."""
    query = select(Recording).where(Recording.state == state).order_by(Recording.id).limit(limit)
    return list(await session.scalars(query))
