"""Leaders' ears, and the telephones lent to leaders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.supervision_words import Mode, SupervisionState
from db.locking import locked
from db.models.account import Account
from db.models.supervision import LeadPhone, Supervision
from db.repositories import calls

_HEARS: Final = (
    SupervisionState.LISTENING,
    SupervisionState.WHISPERING,
    SupervisionState.BARGED,
    SupervisionState.TAKEN_OVER,
)


async def get_for_update(session: AsyncSession, supervision_id: int) -> Supervision | None:
    """The ear and, before it, its call, locked until the transaction ends, or None.

    A press of the one key refers to the call too: it then sees what this ear becomes, or is seen by it.
    """
    ear = await session.get(Supervision, supervision_id)
    if ear is None:
        return None
    await calls.get_for_update(session, ear.call_id)
    return await locked(session, Supervision, supervision_id)


async def every_open(session: AsyncSession) -> list[Supervision]:
    """Those that are not over, oldest first."""
    query = select(Supervision).where(Supervision.ended_at.is_(None)).order_by(Supervision.id)
    return list(await session.scalars(query))


async def open_of(session: AsyncSession, account_id: int) -> Supervision | None:
    """The one that this leader has open, or None."""
    query = select(Supervision).where(Supervision.account_id == account_id, Supervision.ended_at.is_(None))
    return await session.scalar(query)


async def last_of(session: AsyncSession, account_id: int) -> Supervision | None:
    """The newest of this leader, open or over, or None."""
    query = select(Supervision).where(Supervision.account_id == account_id).order_by(Supervision.id.desc())
    return await session.scalar(query.limit(1))


async def open_of_call(session: AsyncSession, call_id: str) -> list[Supervision]:
    """Those at this call that are not over."""
    query = select(Supervision).where(Supervision.call_id == call_id, Supervision.ended_at.is_(None))
    return list(await session.scalars(query.order_by(Supervision.id)))


async def ids_of_call(session: AsyncSession, call_id: str) -> list[int]:
    """Every ear that there was at this call."""
    return list(await session.scalars(select(Supervision.id).where(Supervision.call_id == call_id)))


async def in_place(session: AsyncSession, channel: str) -> bool:
    """Whether the leader with this channel took a call over and is not known to be gone."""
    taken = Supervision.state == SupervisionState.TAKEN_OVER
    query = select(Supervision.id).where(Supervision.channel == channel, taken)
    return await session.scalar(query.limit(1)) is not None


async def calls_of(session: AsyncSession, ids: Collection[int]) -> dict[int, str]:
    """At which calls these ears were."""
    rows = await session.execute(select(Supervision.id, Supervision.call_id).where(Supervision.id.in_(ids)))
    return {ear: call_id for ear, call_id in rows}


async def lost(session: AsyncSession, channel: str) -> bool:
    """Whether the leader with this channel took a call over and did not mean to leave it."""
    taken = Supervision.state == SupervisionState.TAKEN_OVER
    query = select(Supervision.id).where(Supervision.channel == channel, taken, Supervision.reason.is_(None))
    return await session.scalar(query.limit(1)) is not None


async def takes_over(session: AsyncSession, call_id: str) -> bool:
    """Whether a leader who hears this call already is about to take it over, or has just done so."""
    here = Supervision.state.in_(_HEARS)
    open_one = (Supervision.call_id == call_id, Supervision.ended_at.is_(None), here)
    query = select(Supervision.id).where(*open_one, Supervision.wanted == Mode.TAKE_OVER)
    return await session.scalar(query.limit(1)) is not None


async def another_takes(session: AsyncSession, call_id: str, besides: int | None) -> bool:
    """Whether an open ear other than `besides` took this call over, or is ordered to; it may ring still."""
    query = select(Supervision.id).where(Supervision.call_id == call_id, Supervision.ended_at.is_(None))
    query = query.where(Supervision.wanted == Mode.TAKE_OVER)
    if besides is not None:
        query = query.where(Supervision.id != besides)
    return await session.scalar(query.limit(1)) is not None


async def names_on(session: AsyncSession, channels: Sequence[str | None]) -> dict[str, str]:
    """The leaders' names by their channels."""
    known = [channel for channel in channels if channel is not None]
    if not known:
        return {}
    query = select(Supervision.channel, Account.name).join(Account, Account.id == Supervision.account_id)
    rows = await session.execute(query.where(Supervision.channel.in_(known)).order_by(Supervision.id))
    return {channel: name for channel, name in rows if channel is not None}


async def was_taken(session: AsyncSession, call_id: str) -> bool:
    """Whether a leader took this call over."""
    query = select(Supervision.id).where(Supervision.call_id == call_id, Supervision.wanted == Mode.TAKE_OVER)
    return await session.scalar(query.limit(1)) is not None


async def ensure_phones(session: AsyncSession, count: int) -> None:
    """Make the rows of phones 1 to `count` that do not exist yet."""
    known = set(await session.scalars(select(LeadPhone.number)))
    for number in range(1, count + 1):
        if number not in known:
            session.add(LeadPhone(number=number, phone="lead"))
    await session.flush()


async def phones(session: AsyncSession) -> list[LeadPhone]:
    """All leaders' phones by number, locked until the transaction ends."""
    query = select(LeadPhone).order_by(LeadPhone.number).with_for_update()
    return list(await session.scalars(query, execution_options={"populate_existing": True}))


async def borrowers(session: AsyncSession) -> list[int]:
    """To whom leaders' phones are lent, by the phones' numbers."""
    query = select(LeadPhone.account_id).where(LeadPhone.account_id.is_not(None)).order_by(LeadPhone.number)
    return [account_id for account_id in await session.scalars(query) if account_id is not None]


async def phone_of(session: AsyncSession, account_id: int, now: dt.datetime) -> LeadPhone | None:
    """The phone that is lent to this leader now, or None."""
    query = select(LeadPhone).where(LeadPhone.account_id == account_id, LeadPhone.until > now)
    return await session.scalar(query)
