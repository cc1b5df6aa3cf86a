"""A conference told as a list of events: who pressed, who was tried, who came and went, how it ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import (
    BRIDGE_LABELS,
    END_LABELS,
    KIND_LABELS,
    LEG_LABELS,
    PRESSER_LABELS,
    LegState,
    role_label,
)
from db.models import ApiKey, Bridge, BridgeAttempt, BridgeLeg, BridgeNumber
from db.repositories import accounts, bridges
from telephony.given_view import GIVEN, name_of
from telephony.room_given import handovers
from telephony.snapshot import masked


@dataclass(frozen=True, slots=True)
class Party:
    """One leg with all that was tried."""

    leg: BridgeLeg
    numbers: Sequence[BridgeNumber]
    attempts: Sequence[BridgeAttempt]

    def number(self, attempt: BridgeAttempt) -> BridgeNumber | None:
        """Which number was called."""
        return next((one for one in self.numbers if one.place == attempt.place), None)

    def who(self, attempt: BridgeAttempt | None = None) -> str:
        """Role and name."""
        called = self.number(attempt) if attempt is not None else None
        return " ".join(part for part in (role_label(self.leg.role), called.name if called else "") if part)


async def history_json(session: AsyncSession, bridge: Bridge, now: dt.datetime) -> dict[str, Any]:
    """The conference as a list of events, oldest first."""
    legs = await bridges.legs_of(session, bridge.id)
    ids = [leg.id for leg in legs]
    numbers, attempts = await bridges.numbers_of(session, ids), await bridges.attempts_of(session, ids)
    parties = [
        Party(
            leg, [n for n in numbers if n.leg_id == leg.id], [one for one in attempts if one.leg_id == leg.id]
        )
        for leg in legs
    ]
    by = await _pressed_by(session, bridge)
    events = [*_of_bridge(bridge, by), *(event for party in parties for event in _of_party(party))]
    events += await _given(session, bridge, parties)
    began = bridge.opened_at or bridge.pressed_at
    return {
        "id": bridge.id,
        "call_id": bridge.call_id,
        "kind_label": KIND_LABELS[bridge.kind],
        "state": bridge.state,
        "label": BRIDGE_LABELS[bridge.state],
        "pressed_by": by,
        "presser_label": PRESSER_LABELS.get(bridge.presser, ""),
        "pressed_at": bridge.pressed_at.isoformat(),
        "ended_at": bridge.ended_at.isoformat() if bridge.ended_at else None,
        "duration_s": round(((bridge.ended_at or now) - began).total_seconds(), 1),
        "end_label": END_LABELS.get(bridge.reason, "") if bridge.reason else "",
        "events": [
            {"at": at.isoformat(), "text": text} for at, text in sorted(events, key=lambda event: event[0])
        ],
    }


async def _given(
    session: AsyncSession, bridge: Bridge, parties: Sequence[Party]
) -> list[tuple[dt.datetime, str]]:
    """To whom the caller was given, as the pages of calls say it."""
    people = await accounts.names(session)
    called = {row.leg_id: row for one in parties for row in one.numbers if row.place == one.leg.place}
    told: list[tuple[dt.datetime, str]] = []
    for given in handovers(bridge, [party.leg for party in parties]):
        by = f"{given.by.seat_id}号席 " if given.by is not None else ""
        to = "、".join(name_of(bridge, leg, called.get(leg.id), people) for leg in given.to)
        told.append((given.at, f"{by}{GIVEN} → {to}"))
    return told


async def _pressed_by(session: AsyncSession, bridge: Bridge) -> str:
    if bridge.account_id is not None:
        account = await accounts.get(session, bridge.account_id)
        return account.name if account is not None else ""
    name, _, _ = bridge.key.partition(":")
    key = await session.get(ApiKey, int(name[1:])) if name[:1] == "k" and name[1:].isdigit() else None
    return key.name if key is not None else "系统"


def _of_bridge(bridge: Bridge, by: str) -> Iterator[tuple[dt.datetime, str]]:
    how = PRESSER_LABELS.get(bridge.presser, "")
    what = KIND_LABELS[bridge.kind]
    yield bridge.pressed_at, f"{by} 发起{what}（{how}）" if how else f"{by} 发起{what}"
    if bridge.ended_at is not None:
        reason = END_LABELS.get(bridge.reason, "") if bridge.reason else ""
        yield bridge.ended_at, f"通话结束：{reason}" if reason else "通话结束"


def _of_party(party: Party) -> Iterator[tuple[dt.datetime, str]]:
    for attempt in party.attempts:
        yield from _of_attempt(party, attempt)
    if party.attempts:
        return
    leg = party.leg
    if leg.joined_at is not None:
        yield leg.joined_at, f"{party.who()} 进入通话"
    if leg.left_at is not None:
        yield leg.left_at, f"{party.who()} 离开"
    if leg.state is LegState.FAILED:
        yield leg.since, f"{party.who()} 没有可呼叫的号码"


def _of_attempt(party: Party, attempt: BridgeAttempt) -> Iterator[tuple[dt.datetime, str]]:
    who, number = party.who(attempt), party.number(attempt)
    called = f"（{number.label} {masked(number.digits)}）" if number is not None else ""
    yield attempt.ordered_at, f"呼叫 {who}{called}"
    if attempt.answered_at is not None:
        yield attempt.answered_at, f"{who} 接起"
    if attempt.joined_at is not None:
        yield attempt.joined_at, f"{who} 进入通话"
    if attempt.ended_at is not None and attempt.result is not None:
        yield attempt.ended_at, f"{who} {LEG_LABELS[attempt.result]}"
