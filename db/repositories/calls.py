"""Calls and the rings of seats for them."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import CallState
from db.locking import locked
from db.models.call import Call, SeatRing

_CALLS: Final = 1
"""PostgreSQL's locks on names of calls; the second half of the key is the name's hash."""
_OPEN: Final = tuple(state for state in CallState if state is not CallState.ENDED)
"""Named one by one: no index answers what is unequal, and this is asked several times a second."""


async def get(session: AsyncSession, call_id: str) -> Call | None:
    """The call, or None."""
    return await session.get(Call, call_id)


async def get_for_update(session: AsyncSession, call_id: str) -> Call | None:
    """The call, locked until the transaction ends, or None; also then nobody else makes it meanwhile."""
    if session.get_bind().dialect.name == "postgresql":
        # A row that is not there yet cannot be locked: its name is
        await session.execute(select(func.pg_advisory_xact_lock(_CALLS, func.hashtext(call_id))))
    return await locked(session, Call, call_id)


async def open_calls(session: AsyncSession) -> list[Call]:
    """Calls that have not ended, oldest first."""
    query = select(Call).where(Call.state.in_(_OPEN)).order_by(Call.arrived_at, Call.id)
    return list(await session.scalars(query))


async def recent(session: AsyncSession, *, limit: int = 50, offset: int = 0) -> list[Call]:
    """Calls, newest first."""
    query = select(Call).order_by(Call.arrived_at.desc(), Call.id.desc()).limit(limit).offset(offset)
    return list(await session.scalars(query))


async def of_caller(session: AsyncSession, caller: str, *, besides: str = "", limit: int = 10) -> list[Call]:
    """Earlier calls from the same number, newest first, without the call `besides`."""
    query = (
        select(Call)
        .where(Call.caller == caller, Call.id != besides)
        .order_by(Call.arrived_at.desc(), Call.id.desc())
        .limit(limit)
    )
    return list(await session.scalars(query))


async def count_of_caller(session: AsyncSession, caller: str, *, besides: str = "") -> int:
    """How many other calls came from the same number."""
    query = select(func.count()).select_from(Call).where(Call.caller == caller, Call.id != besides)
    return await session.scalar(query) or 0


async def since(session: AsyncSession, moment: dt.datetime) -> list[Call]:
    """Calls that arrived at or after `moment`, oldest first."""
    query = select(Call).where(Call.arrived_at >= moment).order_by(Call.arrived_at)
    return list(await session.scalars(query))


async def between(session: AsyncSession, begin: dt.datetime, end: dt.datetime) -> list[Call]:
    """Calls that arrived at or after `begin` and before `end`, oldest first."""
    query = select(Call).where(Call.arrived_at >= begin, Call.arrived_at < end).order_by(Call.arrived_at)
    return list(await session.scalars(query))


async def was_answered_by(session: AsyncSession, call_id: str, operator_id: int) -> bool:
    """Whether this operator picked the call up, whoever has it now."""
    query = select(SeatRing.id).where(
        SeatRing.call_id == call_id, SeatRing.operator_id == operator_id, SeatRing.answered_at.is_not(None)
    )
    return await session.scalar(query.limit(1)) is not None


async def rings_of(session: AsyncSession, call_id: str) -> list[SeatRing]:
    """Each ringing of a seat for this call, oldest first."""
    query = select(SeatRing).where(SeatRing.call_id == call_id).order_by(SeatRing.rang_at, SeatRing.id)
    return list(await session.scalars(query))


async def open_ring(session: AsyncSession, call_id: str, seat_id: int) -> SeatRing | None:
    """The ring that is neither answered, missed nor passed yet, or None."""
    query = (
        select(SeatRing)
        .where(
            SeatRing.call_id == call_id,
            SeatRing.seat_id == seat_id,
            SeatRing.answered_at.is_(None),
            SeatRing.missed_at.is_(None),
            SeatRing.passed_at.is_(None),
        )
        .order_by(SeatRing.id.desc())
        .limit(1)
    )
    return await session.scalar(query)
