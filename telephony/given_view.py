"""已转接: to whom calls were given, as screens say it. Numbers are masked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import role_label
from core.vocabulary import CallState
from db.models.account import Account
from db.models.bridge import Bridge, BridgeLeg, BridgeNumber
from db.repositories import accounts, bridges, calls
from telephony.room_given import Given, handovers
from telephony.snapshot import masked

OUTSIDE = "外线"
GIVEN = "已转接"


async def given_of(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Each call's hand-overs, oldest first; calls that were never given away are not named."""
    rooms = await bridges.of_calls(session, call_ids) if call_ids else []
    if not rooms:
        return {}
    legs = await bridges.legs_of_all(session, [room.id for room in rooms])
    people = await accounts.names(session)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for room in rooms:
        given = list(handovers(room, [leg for leg in legs if leg.bridge_id == room.id]))
        if given and room.call_id is not None:
            to = {leg.id: leg.place for one in given for leg in one.to}
            rows = await bridges.numbers_of(session, list(to))
            numbers = {row.leg_id: row for row in rows if row.place == to[row.leg_id]}
            found[room.call_id] += [_given_json(room, one, numbers, people) for one in given]
    return found


async def given_now(session: AsyncSession) -> list[dict[str, Any]]:
    """Calls that talk now and are no longer with the seat that answered: the last hand-over of each."""
    talking = [call for call in await calls.open_calls(session) if call.state is CallState.TALKING]
    given = await given_of(session, [call.id for call in talking])
    return [{"call_id": call.id, **given[call.id][-1]} for call in talking if call.id in given]


def _given_json(
    room: Bridge, given: Given, numbers: Mapping[int, BridgeNumber], people: Mapping[int, Account]
) -> dict[str, Any]:
    """`label` for those who may know; `short`, without name and number, for the wall."""
    seat_id = given.to[0].seat_id
    names = [name_of(room, leg, numbers.get(leg.id), people) for leg in given.to]
    return {
        "at": given.at.isoformat(),
        "by_seat": given.by.seat_id if given.by is not None else None,
        "seat_id": seat_id,
        "label": "、".join(names),
        "short": "、".join(dict.fromkeys(_short(leg) for leg in given.to)),
    }


def name_of(room: Bridge, leg: BridgeLeg, number: BridgeNumber | None, people: Mapping[int, Account]) -> str:
    """A party in full: seat and operator, or role, name and masked number."""
    if leg.seat_id is not None:
        # Who sits there now may be somebody else; the room knows who had it last
        who = people.get(room.account_id or 0) if room.seat_id == leg.seat_id else None
        return f"{leg.seat_id}号席 {who.name if who else ''}".strip()
    parts = (_short(leg), number.name if number else "", masked(number.digits) if number else "")
    return " ".join(part for part in parts if part)


def _short(leg: BridgeLeg) -> str:
    if leg.seat_id is not None:
        return f"{leg.seat_id}号席"
    return OUTSIDE if leg.role.startswith("extra-") else role_label(leg.role)
