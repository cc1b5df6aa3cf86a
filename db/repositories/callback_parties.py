"""Parties of conferences that asked to be called back, and the lines of the list that answer them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import LegState, role_label
from db.models import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber, Callback, CallbackParty


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who pressed 2: who, at which number, in which conference."""

    attempt_id: int
    bridge: Bridge
    role: str
    name: str
    digits: str
    at: dt.datetime

    @property
    def who(self) -> str:
        """Role and name, as screens show it."""
        return f"{role_label(self.role)} {self.name}".strip()


async def to_look_at(session: AsyncSession, since: dt.datetime) -> list[Asked]:
    """Those of whom nobody has made a line yet, oldest first."""
    fresh = CallbackParty.attempt_id.is_(None) & (BridgeAttempt.ended_at >= since)
    return await _asked(session, BridgeAttempt.result == LegState.CALL_BACK, fresh)


async def behind(session: AsyncSession, callback_ids: Collection[int]) -> dict[int, Asked]:
    """Who asked last, by line."""
    found: dict[int, Asked] = {}
    lines = {
        row.attempt_id: row.callback_id
        for row in await session.scalars(
            select(CallbackParty).where(CallbackParty.callback_id.in_(callback_ids))
        )
    }
    for asked in await _asked(session, BridgeAttempt.id.in_(lines)):
        found[lines[asked.attempt_id] or 0] = asked
    return found


async def of_attempts(session: AsyncSession, attempt_ids: Collection[int]) -> dict[int, Callback]:
    """The line that answers each of these attempts at a party."""
    query = select(CallbackParty.attempt_id, Callback).join(
        Callback, Callback.id == CallbackParty.callback_id
    )
    rows = await session.execute(query.where(CallbackParty.attempt_id.in_(attempt_ids)))
    return {attempt_id: line for attempt_id, line in rows}


async def without_ticket(session: AsyncSession) -> list[tuple[Callback, int]]:
    """Lines whose conference got its ticket after them, with that ticket."""
    query = (
        select(Callback, Bridge.ticket_id)
        .join(CallbackParty, CallbackParty.callback_id == Callback.id)
        .join(BridgeAttempt, BridgeAttempt.id == CallbackParty.attempt_id)
        .join(BridgeLeg, BridgeLeg.id == BridgeAttempt.leg_id)
        .join(Bridge, Bridge.id == BridgeLeg.bridge_id)
        .where(Callback.ticket_id.is_(None), Bridge.ticket_id.is_not(None))
    )
    return [(line, ticket_id) for line, ticket_id in await session.execute(query) if ticket_id is not None]


async def _asked(session: AsyncSession, *which: object) -> list[Asked]:
    same = and_(BridgeNumber.leg_id == BridgeLeg.id, BridgeNumber.place == BridgeAttempt.place)
    query = (
        select(BridgeAttempt, BridgeLeg.role, BridgeNumber, Bridge)
        .join(BridgeLeg, BridgeLeg.id == BridgeAttempt.leg_id)
        .join(BridgeNumber, same)
        .join(Bridge, Bridge.id == BridgeLeg.bridge_id)
        .outerjoin(CallbackParty, CallbackParty.attempt_id == BridgeAttempt.id)
        .where(*which)  # pyright: ignore[reportArgumentType]
        .order_by(BridgeAttempt.id)
    )
    return [
        Asked(attempt.id, bridge, role, number.name, number.digits, attempt.ended_at or bridge.pressed_at)
        for attempt, role, number, bridge in await session.execute(query)
    ]
