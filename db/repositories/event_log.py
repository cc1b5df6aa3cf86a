"""The log of facts, thinned from its beginning (api/retention); `seq` is the SSE id and the order of all."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.events import Fact
from core.vocabulary import PauseReason
from db.models.call import EventLogEntry

_ONE_AT_A_TIME: Final = 56_564_444
"""Key of PostgreSQL's lock on the end of the log."""


def to_payload(fact: Fact) -> dict[str, Any]:
    """A fact's fields as JSON values: times in ISO 8601, words as their text."""
    payload: dict[str, Any] = {}
    for field in dataclasses.fields(fact):
        value = getattr(fact, field.name)
        payload[field.name] = value.isoformat() if isinstance(value, dt.datetime) else value
    return payload


async def append(session: AsyncSession, fact: Fact) -> int:
    """Store a fact in the caller's transaction; returns its sequence number. Best as its last step.

    Numbers become visible in their order: whoever reads on from the last one it saw misses none.
    """
    return (await append_all(session, [fact]))[0]


async def append_all(session: AsyncSession, facts: Sequence[Fact]) -> list[int]:
    """As `append`, several in their order with one statement."""
    if facts and session.get_bind().dialect.name == "postgresql":
        # Given before the commit: without turns a later number could be read first. SQLite has one writer
        await session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    entries = [
        EventLogEntry(
            at=fact.at,
            kind=type(fact).__name__,
            call_id=getattr(fact, "call_id", None),
            seat_id=getattr(fact, "seat_id", None),
            payload=to_payload(fact),
        )
        for fact in facts
    ]
    session.add_all(entries)
    await session.flush()
    return [entry.seq for entry in entries]


async def since(session: AsyncSession, seq: int, limit: int = 500) -> list[EventLogEntry]:
    """Entries after `seq`, oldest first, at most `limit`."""
    query = select(EventLogEntry).where(EventLogEntry.seq > seq).order_by(EventLogEntry.seq).limit(limit)
    return list(await session.scalars(query))


async def of_call(session: AsyncSession, call_id: str) -> list[EventLogEntry]:
    """Everything that was said about one call, oldest first."""
    query = select(EventLogEntry).where(EventLogEntry.call_id == call_id).order_by(EventLogEntry.seq)
    return list(await session.scalars(query))


async def last_of(session: AsyncSession, call_id: str, kinds: Sequence[str]) -> EventLogEntry | None:
    """The newest entry of one of these kinds about one call."""
    query = select(EventLogEntry).where(EventLogEntry.call_id == call_id, EventLogEntry.kind.in_(kinds))
    return await session.scalar(query.order_by(EventLogEntry.seq.desc()).limit(1))


async def next_of_seat(
    session: AsyncSession, seat_id: int | None, since: dt.datetime, kinds: Collection[str]
) -> EventLogEntry | None:
    """The first entry of one of these kinds about that seat from then on; its wrap-up's own pause is none."""
    resting = and_(
        EventLogEntry.kind == "SeatPaused", EventLogEntry.payload["reason"].as_string() == PauseReason.WRAP_UP
    )
    query = select(EventLogEntry).where(
        EventLogEntry.at >= since, EventLogEntry.seat_id == seat_id, EventLogEntry.kind.in_(kinds), ~resting
    )
    # By time first: that is the index, and all that lies between is a few rows
    return await session.scalar(query.order_by(EventLogEntry.at, EventLogEntry.seq).limit(1))


async def last_seq(session: AsyncSession) -> int:
    """The newest sequence number; 0 while nothing has happened."""
    return await session.scalar(select(func.max(EventLogEntry.seq))) or 0


class Head(NamedTuple):
    """An entry without its words."""

    seq: int
    at: dt.datetime
    kind: str


async def heads_after(session: AsyncSession, seq: int, limit: int) -> list[Head]:
    """What came after `seq`, oldest first."""
    query = select(EventLogEntry.seq, EventLogEntry.at, EventLogEntry.kind).where(EventLogEntry.seq > seq)
    return [Head(*row) for row in await session.execute(query.order_by(EventLogEntry.seq).limit(limit))]


async def remove(session: AsyncSession, seqs: Sequence[int]) -> None:
    """Take entries away for good; their numbers never come again."""
    await session.execute(delete(EventLogEntry).where(EventLogEntry.seq.in_(seqs)))
