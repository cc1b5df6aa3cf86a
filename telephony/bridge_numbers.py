"""The numbers of a leg: as rows, and those that a role without any has got since the press."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import CALLER
from core.emergency_words import is_emergency
from core.errors import IllegalTransition, NotFound
from core.vocabulary import BridgeRole
from db.models.bridge import BridgeLeg, BridgeNumber
from db.repositories import bridges
from db.session import SessionMaker, reading
from telephony.bridge_limits import may_dial
from telephony.bridge_matter import matter_of
from telephony.bridge_states import LIVE
from telephony.bridge_step import Step
from telephony.ports import Directory, Number


async def numbers_since(
    sessions: SessionMaker, directory: Directory, bridge_id: int, leg_id: int
) -> Sequence[Number]:
    """What the directory has for a role that had no number: the press came before anybody knew where.

    None for a leg that has numbers, is a seat, or is no role of the directory.
    """
    async with reading(sessions) as session:
        bridge = await bridges.get(session, bridge_id)
        leg = next((one for one in await bridges.legs_of(session, bridge_id) if one.id == leg_id), None)
        if bridge is None or leg is None or leg.seat_id is not None:
            return []
        if await bridges.numbers_of(session, [leg.id]):
            return []
    return await numbers_of_role(sessions, directory, bridge_id, leg.role)


async def numbers_of_role(
    sessions: SessionMaker, directory: Directory, bridge_id: int, role: str
) -> Sequence[Number]:
    """Whom the directory has for this role, for what the room is about and where: as a press asks.

    Raises:
        NotFound: there is no such room.
    """
    async with reading(sessions, urgent=True) as session:
        bridge = await bridges.get(session, bridge_id)
        if bridge is None:
            raise NotFound(what="三方通话")
        matter = await matter_of(session, bridge)
    return await directory.numbers_for(role, matter.category or None, matter.town, matter.village)


async def check_new(
    session: AsyncSession, legs: Sequence[BridgeLeg], role: str | None, numbers: Sequence[Number]
) -> None:
    """Raises IllegalTransition for a person, service or citizen who is in the room or on the way."""
    citizen = role == BridgeRole.CITIZEN
    if citizen and any(leg.role == CALLER and leg.state in LIVE for leg in legs):
        raise IllegalTransition(reason="来电群众已在通话中")
    if role is None or citizen or is_emergency(role):  # by its role or by its number, it is rung once
        await check_not_here(session, legs, numbers)


async def check_not_here(session: AsyncSession, legs: Sequence[BridgeLeg], numbers: Sequence[Number]) -> None:
    """Raises IllegalTransition where one of these numbers is being called, or talks, already."""
    live = {leg.id: leg.place for leg in legs if leg.state in LIVE}
    rows = await bridges.numbers_of(session, list(live))
    here = {row.digits for row in rows if row.place == live[row.leg_id]}
    if any(number.digits in here for number in numbers):
        raise IllegalTransition(reason="这个号码已在通话中，或正在呼叫")


async def add_numbers(step: Step, leg: BridgeLeg, found: Sequence[Number]) -> list[BridgeNumber]:
    """Those of them that may be dialled, as the leg's own."""
    rows = [BridgeNumber(**row) for row in number_rows(leg, may_dial(found, step.limits))]
    step.session.add_all(rows)
    await step.session.flush()
    return rows


def number_rows(leg: BridgeLeg, numbers: Sequence[Number]) -> list[dict[str, Any]]:
    """The rows of a leg's numbers, in the order in which they are called."""
    return [
        {
            "leg_id": leg.id,
            "place": place,
            "digits": number.digits,
            "label": number.label[:40],
            "name": number.name[:60],
        }
        for place, number in enumerate(numbers)
    ]
