"""Settled lines of a call's transcript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import Speaker
from db.models.call import Utterance


async def add(  # noqa: PLR0913 - the columns of one line, all by keyword
    session: AsyncSession,
    *,
    call_id: str,
    speaker: Speaker,
    text: str,
    raw_text: str,
    start_s: float,
    end_s: float,
    confidence: float,
    words: list[Any],
    source: str,
) -> Utterance:
    """Store one line; times count from the answer; `source` is `live` or `final`."""
    line = Utterance(
        call_id=call_id,
        speaker=speaker,
        text=text,
        raw_text=raw_text,
        start_s=start_s,
        end_s=end_s,
        confidence=confidence,
        words=words,
        source=source,
    )
    session.add(line)
    await session.flush()
    return line


async def replace_with_final(session: AsyncSession, call_id: str, lines: Sequence[Utterance]) -> None:
    """Put the second pass in the place of all earlier lines; repeatable."""
    await session.execute(delete(Utterance).where(Utterance.call_id == call_id))
    for line in lines:
        line.call_id, line.source = call_id, "final"
        session.add(line)
    await session.flush()


async def of_call(session: AsyncSession, call_id: str) -> list[Utterance]:
    """A call's lines in the order in which they were spoken."""
    query = select(Utterance).where(Utterance.call_id == call_id).order_by(Utterance.start_s, Utterance.id)
    return list(await session.scalars(query))
