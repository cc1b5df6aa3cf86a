"""The call-back list, the calls that it answers, and attempts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.callback_words import OPEN, CallbackState
from core.vocabulary import CallOutcome, CallState
from db.locking import locked
from db.models import Bridge, Call, Callback, CallbackAttempt, CallbackCall

_NUMBERS: Final = 2
"""PostgreSQL's locks on numbers to be called back; the second half of the key is the number's hash."""
_IN_VAIN: Final = (
    CallOutcome.ABANDONED_QUEUE,
    CallOutcome.ABANDONED_GREETING,
    CallOutcome.NO_MESSAGE,
    CallOutcome.CALLBACK_REQUESTED,
)


async def get(session: AsyncSession, callback_id: int) -> Callback | None:
    """The line, or None."""
    return await session.get(Callback, callback_id)


async def get_for_update(session: AsyncSession, callback_id: int) -> Callback | None:
    """The line, locked until the transaction ends, or None."""
    return await locked(session, Callback, callback_id)


async def open_of_number(session: AsyncSession, number: str) -> Callback | None:
    """The open line of a number, locked, or None; also then nobody else makes it meanwhile."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(_NUMBERS, func.hashtext(number))))
    query = select(Callback).where(Callback.open_number == number).with_for_update()
    return await session.scalar(query, execution_options={"populate_existing": True})


async def open_lines(session: AsyncSession) -> list[Callback]:
    """Lines that are not closed, the one that is due first on top."""
    query = select(Callback).where(Callback.state.in_(OPEN)).order_by(Callback.due_at, Callback.id)
    return list(await session.scalars(query))


async def closed_since(session: AsyncSession, moment: dt.datetime, limit: int = 50) -> list[Callback]:
    """Lines closed at or after that moment, newest first."""
    query = select(Callback).where(Callback.closed_at >= moment).order_by(Callback.closed_at.desc())
    return list(await session.scalars(query.limit(limit)))


async def held(session: AsyncSession) -> list[Callback]:
    """Lines that an operator has taken and does not call yet."""
    query = select(Callback).where(Callback.state == CallbackState.CLAIMED).order_by(Callback.id)
    return list(await session.scalars(query))


async def of_call(session: AsyncSession, call_id: str) -> CallbackCall | None:
    """What was made of this call, or None while nobody looked at it."""
    return await session.get(CallbackCall, call_id)


async def calls_to_look_at(session: AsyncSession, since: dt.datetime) -> list[Call]:
    """Calls in vain, or with the star key, that were not looked at yet, oldest first."""
    in_vain = and_(Call.state == CallState.ENDED, Call.outcome.in_(_IN_VAIN))
    query = (
        select(Call)
        .outerjoin(CallbackCall, CallbackCall.call_id == Call.id)
        .where(
            CallbackCall.call_id.is_(None),
            Call.arrived_at >= since,
            or_(in_vain, Call.callback_asked_at.is_not(None)),
        )
        .order_by(Call.arrived_at, Call.id)
    )
    return list(await session.scalars(query))


async def answered_since(session: AsyncSession, moment: dt.datetime) -> list[Call]:
    """Calls that arrived after that moment and were answered, oldest first."""
    query = select(Call).where(Call.arrived_at > moment, Call.answered_at.is_not(None))
    return list(await session.scalars(query.order_by(Call.arrived_at)))


async def attempts_of(session: AsyncSession, callback_ids: Sequence[int]) -> list[CallbackAttempt]:
    """Attempts at these lines, oldest first."""
    query = select(CallbackAttempt).where(CallbackAttempt.callback_id.in_(callback_ids))
    return list(await session.scalars(query.order_by(CallbackAttempt.id)))


async def unfinished(session: AsyncSession) -> list[tuple[CallbackAttempt, Bridge | None]]:
    """Attempts without a result, each with its conference if that stands already."""
    query = (
        select(CallbackAttempt, Bridge)
        .outerjoin(Bridge, Bridge.key == CallbackAttempt.bridge_key)
        .where(CallbackAttempt.outcome.is_(None))
        .order_by(CallbackAttempt.id)
    )
    return [(attempt, bridge) for attempt, bridge in await session.execute(query)]


async def of_bridge_key(session: AsyncSession, key: str) -> CallbackAttempt | None:
    """The attempt that this conference is, or None."""
    return await session.scalar(select(CallbackAttempt).where(CallbackAttempt.bridge_key == key))


async def due_moments(session: AsyncSession) -> list[dt.datetime]:
    """When each open line is due."""
    return list(await session.scalars(select(Callback.due_at).where(Callback.state.in_(OPEN))))
