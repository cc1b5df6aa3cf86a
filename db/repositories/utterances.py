"""Settled lines of a call's transcript, and of the parties of a conference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import Speaker
from db.models.call import Utterance

NOBODY: Final[Mapping[str, int]] = MappingProxyType({})


async def add(  # noqa: PLR0913 - the columns of one line, all by keyword
    session: AsyncSession,
    *,
    call_id: str | None,
    speaker: Speaker,
    text: str,
    raw_text: str,
    start_s: float,
    end_s: float,
    confidence: float,
    words: list[Any],
    source: str,
    party: Mapping[str, int] = NOBODY,
) -> Utterance:
    """Store one line; times count from the answer; `source` is `live` or `final`.

    `party` is bridge_id, bridge_leg_id and bridge_attempt_id of a line that a party of a conference said.
    """
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
        **party,
    )
    session.add(line)
    await session.flush()
    return line


async def replace_with_final(
    session: AsyncSession, call_id: str, lines: Sequence[Utterance], *, keep: Collection[int] = ()
) -> None:
    """Put the second pass in the place of all lines of caller and seat, but those to keep; repeatable.

    The lines of a conference's parties are replaced by their own second pass.
    """
    own = (Utterance.call_id == call_id) & Utterance.bridge_leg_id.is_(None)
    await session.execute(delete(Utterance).where(own, Utterance.id.not_in(keep)))
    for line in lines:
        line.call_id, line.source = call_id, "final"
        session.add(line)
    await session.flush()


async def of_call(session: AsyncSession, call_id: str) -> list[Utterance]:
    """The lines of caller and seat in the order in which they were spoken; nobody else's."""
    mine = Utterance.bridge_leg_id.is_(None) & (Utterance.speaker != Speaker.LEADER)
    query = select(Utterance).where(Utterance.call_id == call_id, mine)
    return list(await session.scalars(query.order_by(Utterance.start_s, Utterance.id)))


async def all_of_call(session: AsyncSession, call_id: str) -> list[Utterance]:
    """Everybody's lines of a call, conferences included, in the order in which they were spoken."""
    query = select(Utterance).where(Utterance.call_id == call_id)
    return list(await session.scalars(query.order_by(Utterance.start_s, Utterance.id)))


async def of_bridge(session: AsyncSession, bridge_id: int) -> list[Utterance]:
    """The lines of the parties that were dialled into a conference, in the order of speech."""
    query = select(Utterance).where(Utterance.bridge_id == bridge_id)
    return list(await session.scalars(query.order_by(Utterance.start_s, Utterance.id)))


async def seat_said(session: AsyncSession, call_id: str, windows: Sequence[tuple[float, float]]) -> list[int]:
    """Ids of the seat's live lines that were said within these seconds of the call."""
    if not windows:
        return []
    middle_s = (Utterance.start_s + Utterance.end_s) / 2
    inside = or_(*(middle_s.between(begin_s, end_s) for begin_s, end_s in windows))
    mine = (Utterance.call_id == call_id) & Utterance.bridge_leg_id.is_(None)
    seat = (Utterance.speaker == Speaker.SEAT) & (Utterance.source == "live")
    return list(await session.scalars(select(Utterance.id).where(mine, seat, inside)))
