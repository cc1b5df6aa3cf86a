"""Conferences, their legs, numbers and attempts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import CALLER, SEAT, BridgeKind, BridgeState, LegState
from db.locking import locked
from db.models.bridge import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber

OPEN: Final = (BridgeState.OPENING, BridgeState.OPEN)
"""Named one by one: no index answers what is unequal, and this is asked several times a second."""
_OTHERS: Final = tuple(kind for kind in BridgeKind if kind is not BridgeKind.OUTBOUND)


async def get(session: AsyncSession, bridge_id: int) -> Bridge | None:
    """The conference, or None."""
    return await session.get(Bridge, bridge_id)


async def get_for_update(session: AsyncSession, bridge_id: int) -> Bridge | None:
    """The conference, locked until the transaction ends, or None."""
    return await locked(session, Bridge, bridge_id)


async def by_key(session: AsyncSession, key: str) -> Bridge | None:
    """The conference of a press, or None."""
    return await session.scalar(select(Bridge).where(Bridge.key == key))


async def of_press(session: AsyncSession, key: str, call_id: str | None) -> Bridge | None:
    """The conference of this press, else the one that runs on this call, or None."""
    running = (Bridge.call_id == call_id) & Bridge.state.in_(OPEN)
    same = Bridge.key == key
    query = select(Bridge).where(or_(same, running) if call_id is not None else same)
    return await session.scalar(query.order_by(same.desc(), Bridge.id).limit(1))


async def open_bridges(session: AsyncSession) -> list[Bridge]:
    """Conferences that have not ended, oldest first."""
    query = select(Bridge).where(Bridge.state.in_(OPEN)).order_by(Bridge.id)
    return list(await session.scalars(query))


async def unsettled(session: AsyncSession, since: dt.datetime | None = None) -> list[Bridge]:
    """Conferences that have not ended, and ended ones in whose room somebody still is, oldest first.

    With `since` also those that ended after it: somebody may be in their room of whom we never heard.
    """
    inside = select(BridgeLeg.bridge_id).where(BridgeLeg.state.in_((LegState.JOINED, LegState.HELD)))
    wanted = or_(Bridge.state.in_(OPEN), Bridge.id.in_(inside))
    if since is not None:
        # By way of their ids: a bound beside the others would have SQLite go through all rows
        wanted = or_(wanted, Bridge.id.in_(select(Bridge.id).where(Bridge.ended_at >= since)))
    query = select(Bridge).where(wanted)
    return list(await session.scalars(query.order_by(Bridge.id)))


async def open_of_call(session: AsyncSession, call_id: str) -> Bridge | None:
    """The running conference of a call, or None."""
    query = select(Bridge).where(Bridge.call_id == call_id, Bridge.state.in_(OPEN))
    return await session.scalar(query.order_by(Bridge.id).limit(1))


async def callers_inside(session: AsyncSession) -> set[str]:
    """Calls whose callers are in running conferences now: a room may go on when its caller has gone."""
    query = select(Bridge.call_id).join(BridgeLeg, BridgeLeg.bridge_id == Bridge.id)
    here = BridgeLeg.state.in_((LegState.ORDERED, LegState.JOINED, LegState.HELD))
    found = await session.scalars(query.where(BridgeLeg.role == CALLER, here, Bridge.state.in_(OPEN)))
    return {call_id for call_id in found if call_id is not None}


async def of_call(session: AsyncSession, call_id: str) -> bool:
    """Whether this call was ever in a conference."""
    return await session.scalar(select(Bridge.id).where(Bridge.call_id == call_id).limit(1)) is not None


async def recent(
    session: AsyncSession, *, call_id: str | None = None, ticket_id: int | None = None, limit: int = 50
) -> list[Bridge]:
    """Conferences, newest first; of one call or ticket where that is named."""
    query = select(Bridge).order_by(Bridge.id.desc()).limit(limit)
    if call_id is not None:
        query = query.where(Bridge.call_id == call_id)
    if ticket_id is not None:
        query = query.where(Bridge.ticket_id == ticket_id)
    return list(await session.scalars(query))


async def of_calls(session: AsyncSession, call_ids: Sequence[str]) -> list[Bridge]:
    """Every conference of these calls, oldest first."""
    return list(await session.scalars(select(Bridge).where(Bridge.call_id.in_(call_ids)).order_by(Bridge.id)))


async def asked_seat(session: AsyncSession, seat_id: int | None) -> set[int]:
    """Running conferences of which this seat is a party."""
    if seat_id is None:
        return set()
    query = select(BridgeLeg.bridge_id).join(Bridge, Bridge.id == BridgeLeg.bridge_id)
    return set(await session.scalars(query.where(BridgeLeg.seat_id == seat_id, Bridge.state.in_(OPEN))))


async def had_channel(session: AsyncSession, channel: str) -> bool:
    """Whether a party of any conference ever had this channel."""
    query = select(BridgeLeg.id).where(BridgeLeg.channel == channel).limit(1)
    return await session.scalar(query) is not None


async def newest_with(session: AsyncSession, channel: str) -> BridgeLeg | None:
    """The leg that had this channel last, or None."""
    query = select(BridgeLeg).where(BridgeLeg.channel == channel).order_by(BridgeLeg.id.desc())
    return await session.scalar(query.limit(1))


async def legs_of(session: AsyncSession, bridge_id: int) -> list[BridgeLeg]:
    """A conference's legs in the order in which they were added."""
    query = select(BridgeLeg).where(BridgeLeg.bridge_id == bridge_id).order_by(BridgeLeg.id)
    return list(await session.scalars(query))


async def legs_of_all(session: AsyncSession, bridge_ids: Sequence[int]) -> list[BridgeLeg]:
    """The legs of several conferences, in the order in which they were added."""
    query = select(BridgeLeg).where(BridgeLeg.bridge_id.in_(bridge_ids)).order_by(BridgeLeg.id)
    return list(await session.scalars(query))


async def numbers_of(session: AsyncSession, leg_ids: Sequence[int]) -> list[BridgeNumber]:
    """The numbers of legs, each leg's first number first."""
    query = select(BridgeNumber).where(BridgeNumber.leg_id.in_(leg_ids))
    return list(await session.scalars(query.order_by(BridgeNumber.leg_id, BridgeNumber.place)))


async def attempts_of(session: AsyncSession, leg_ids: Sequence[int]) -> list[BridgeAttempt]:
    """The attempts at legs, oldest first."""
    query = select(BridgeAttempt).where(BridgeAttempt.leg_id.in_(leg_ids))
    return list(await session.scalars(query.order_by(BridgeAttempt.id)))


async def attempt(session: AsyncSession, leg_id: int, number: int) -> BridgeAttempt | None:
    """One attempt at a leg, or None."""
    query = select(BridgeAttempt).where(BridgeAttempt.leg_id == leg_id, BridgeAttempt.number == number)
    return await session.scalar(query)


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls out since some moment. Seats of our own cost nothing."""

    dialled: int
    """Without those to emergency services, which are counted by themselves."""
    services: int
    pressed: int = 0
    """Rooms that a seat has begun."""


async def counts_since(
    session: AsyncSession, moment: dt.datetime, seat_id: int | None, kind: BridgeKind
) -> Counts:
    """Of rooms of this kind; the services are those of all kinds."""
    pressed = select(func.count(Bridge.id)).where(
        Bridge.pressed_at >= moment, Bridge.seat_id == seat_id, Bridge.kind == kind
    )
    query = _calls_out(moment, Bridge.kind == kind)
    row = (await session.execute(query.add_columns(pressed.correlate(None).scalar_subquery()))).one()
    return Counts(*(int(count or 0) for count in row))


async def dialled_by(session: AsyncSession, moment: dt.datetime, presser: str) -> Counts:
    """Of rooms that this presser began without a seat."""
    own = Bridge.seat_id.is_(None) & Bridge.key.startswith(f"{presser}:", autoescape=True)
    row = (await session.execute(_calls_out(moment, own).where(own))).one()
    return Counts(*(int(count or 0) for count in row))


def _calls_out(moment: dt.datetime, rooms: ColumnElement[bool]) -> Select[int, int]:
    """How many were ordered in these rooms at others than services; how many at services in any."""
    service = BridgeLeg.role.startswith("emergency")  # as core.emergency_words.is_emergency
    return (
        select(func.sum(case((rooms & ~service, 1), else_=0)), func.sum(case((service, 1), else_=0)))
        .select_from(BridgeAttempt)
        .join(BridgeLeg, BridgeLeg.id == BridgeAttempt.leg_id)
        .join(Bridge, Bridge.id == BridgeLeg.bridge_id)
        .where(BridgeAttempt.ordered_at >= moment, BridgeLeg.seat_id.is_(None))
    )


async def outbound_of(session: AsyncSession, account_id: int, limit: int) -> list[Bridge]:
    """A person's calls out, newest first."""
    query = select(Bridge).where(Bridge.kind == BridgeKind.OUTBOUND, Bridge.account_id == account_id)
    return list(await session.scalars(query.order_by(Bridge.id.desc()).limit(limit)))


async def open_of_seat(session: AsyncSession, seat_id: int, *, besides: int) -> Bridge | None:
    """Another conference that this seat's operator has begun and that has not ended, or None."""
    query = select(Bridge).where(Bridge.seat_id == seat_id, Bridge.state.in_(OPEN), Bridge.id != besides)
    return await session.scalar(query.limit(1))


async def other_party(session: AsyncSession, bridge_id: int) -> BridgeLeg | None:
    """Whom a call out is to: the party that is neither the caller nor a seat."""
    legs = await legs_of(session, bridge_id)
    return next((leg for leg in legs if leg.role not in (CALLER, SEAT) and leg.seat_id is None), None)


async def without_ticket(session: AsyncSession, since: dt.datetime) -> list[Bridge]:
    """Conferences that still wait for their ticket. A call out needs one once answered.

    Of calls out only those begun after `since`: who was not reached then never will be.
    """
    reached = (
        select(BridgeLeg.id)
        .where(
            BridgeLeg.bridge_id == Bridge.id, BridgeLeg.joined_at.is_not(None), BridgeLeg.seat_id.is_(None)
        )
        .exists()
    )
    query = select(Bridge).where(Bridge.ticket_id.is_(None)).order_by(Bridge.id).limit(20)
    out = query.where(Bridge.kind == BridgeKind.OUTBOUND, Bridge.pressed_at >= since, reached)
    others = query.where(Bridge.kind.in_(_OTHERS))
    return [*await session.scalars(others), *await session.scalars(out)]


async def unheard_recordings(session: AsyncSession, before: dt.datetime) -> list[BridgeAttempt]:
    """Attempts that joined, ended before that moment, and whose capture is not measured yet."""
    query = select(BridgeAttempt).where(
        BridgeAttempt.joined_at.is_not(None),
        BridgeAttempt.ended_at < before,
        BridgeAttempt.recording_file.is_(None),
    )
    return list(await session.scalars(query.order_by(BridgeAttempt.id).limit(50)))
