"""The five desks."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import SeatState, SeatWish
from db.locking import locked
from db.models.seat import Seat


async def get(session: AsyncSession, seat_id: int) -> Seat | None:
    """The seat, or None."""
    return await session.get(Seat, seat_id)


async def get_for_update(session: AsyncSession, seat_id: int) -> Seat | None:
    """The seat, locked until the transaction ends, or None."""
    return await locked(session, Seat, seat_id)


async def every(session: AsyncSession) -> list[Seat]:
    """All seats by number."""
    return list(await session.scalars(select(Seat).order_by(Seat.id)))


async def of_operator(session: AsyncSession, operator_id: int) -> Seat | None:
    """The seat where this operator sits, or None."""
    return await session.scalar(select(Seat).where(Seat.operator_id == operator_id))


async def of_call(session: AsyncSession, call_id: str) -> Seat | None:
    """The seat that has this call, or None."""
    return await session.scalar(select(Seat).where(Seat.call_id == call_id).limit(1))


async def ensure(session: AsyncSession, count: int, now: dt.datetime) -> None:
    """Make the rows of seats 1 to `count` that do not exist yet."""
    known = set(await session.scalars(select(Seat.id)))
    for number in range(1, count + 1):
        if number not in known:
            session.add(
                Seat(
                    id=number,
                    state=SeatState.EMPTY,
                    since=now,
                    phone="seat",
                    phone_online=False,
                    wish=SeatWish.NONE,
                )
            )
    await session.flush()
