"""A conference as screens and other systems see it. Numbers are masked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import (
    BRIDGE_LABELS,
    CALLER,
    KIND_LABELS,
    LEG_LABELS,
    PRESSER_LABELS,
    SEAT,
    BridgeKind,
    LegState,
    is_leader,
    role_label,
)
from core.callback_words import CALLBACK_LABELS
from db.models import Account, Bridge, BridgeAttempt, BridgeLeg, BridgeNumber, Callback
from db.repositories import accounts, bridges, callback_parties, seats, supervisions
from telephony.snapshot import masked


async def bridge_json(session: AsyncSession, bridge: Bridge) -> dict[str, Any]:
    """The conference with its parties in the order in which they were added."""
    legs = await bridges.legs_of(session, bridge.id)
    ids = [leg.id for leg in legs]
    numbers = await bridges.numbers_of(session, ids)
    attempts = await bridges.attempts_of(session, ids)
    people = await _people(session, legs)
    leaders = await supervisions.names_on(session, [leg.channel for leg in legs if is_leader(leg.role)])
    promised = await _promised(session, attempts)
    return {
        "id": bridge.id,
        "state": bridge.state,
        "label": BRIDGE_LABELS[bridge.state],
        "kind": bridge.kind,
        "kind_label": KIND_LABELS[bridge.kind],
        "presser": bridge.presser,
        "call_id": bridge.call_id,
        "ticket_id": bridge.ticket_id,
        "seat_id": bridge.seat_id,
        "pressed_at": _iso(bridge.pressed_at),
        "opened_at": _iso(bridge.opened_at),
        "ended_at": _iso(bridge.ended_at),
        "reason": bridge.reason,
        "legs": [
            _leg(
                leg,
                [number for number in numbers if number.leg_id == leg.id],
                [attempt for attempt in attempts if attempt.leg_id == leg.id],
                people.get(leg.seat_id or 0, "") or leaders.get(leg.channel or "", ""),
            )
            | {"callback": promised.get((leg.id, leg.attempt))}
            for leg in legs
        ],
    }


async def emergencies_now(session: AsyncSession) -> list[dict[str, Any]]:
    """一键三方 that run now, as a wall may show them: roles and how far each is, no name and no number."""
    running = [one for one in await bridges.open_bridges(session) if one.kind is BridgeKind.EMERGENCY]
    legs = await bridges.legs_of_all(session, [one.id for one in running]) if running else []
    return [
        {
            "id": one.id,
            "kind_label": KIND_LABELS[one.kind],
            "seat_id": one.seat_id,
            "presser_label": PRESSER_LABELS[one.presser],
            "pressed_at": _iso(one.pressed_at),
            "legs": [
                {"role_label": role_label(leg.role), "state": leg.state, "label": _label(leg)}
                for leg in legs
                if leg.bridge_id == one.id and leg.role not in (CALLER, SEAT)
            ],
        }
        for one in running
    ]


async def _promised(
    session: AsyncSession, attempts: list[BridgeAttempt]
) -> dict[tuple[int, int], dict[str, Any]]:
    """The line of the call-back list by leg and attempt: whoever pressed 2 waits for somebody."""
    asked = {one.id: one for one in attempts if one.result is LegState.CALL_BACK}
    lines = await callback_parties.of_attempts(session, asked) if asked else {}
    people = await accounts.names(session) if lines else {}
    return {
        (asked[attempt_id].leg_id, asked[attempt_id].number): _line(line, people)
        for attempt_id, line in lines.items()
    }


def _line(line: Callback, people: Mapping[int, Account]) -> dict[str, Any]:
    owner = people.get(line.owner_id or 0)
    return {
        "id": line.id,
        "state": line.state,
        "label": CALLBACK_LABELS[line.state],
        "owner": owner.name if owner else "",
        "due_at": _iso(line.due_at),
    }


async def _people(session: AsyncSession, legs: list[BridgeLeg]) -> dict[int, str]:
    """Who sits where a party is a seat."""
    at_seats = {leg.seat_id for leg in legs if leg.seat_id is not None}
    names = await accounts.names(session) if at_seats else {}
    found: dict[int, str] = {}
    for seat_id in at_seats:
        row = await seats.get(session, seat_id)
        who = names.get(row.operator_id or 0) if row is not None else None
        found[seat_id] = f"坐席 {seat_id} {who.name if who else ''}".strip()
    return found


def _leg(
    leg: BridgeLeg, numbers: list[BridgeNumber], attempts: list[BridgeAttempt], person: str
) -> dict[str, Any]:
    here = numbers[leg.place] if leg.place < len(numbers) else None
    return {
        "id": leg.id,
        "role": leg.role,
        "role_label": role_label(leg.role),
        "seat_id": leg.seat_id,
        "state": leg.state,
        "label": _label(leg),
        "since": _iso(leg.since),
        "attempt": leg.attempt,
        "name": here.name if here else person,
        "number_label": here.label if here else "",
        "number_masked": masked(here.digits) if here else "",
        "numbers": len(numbers),
        "muted": leg.muted,
        "cause": attempts[-1].cause if attempts else None,
        "joined_at": _iso(leg.joined_at),
        "left_at": _iso(leg.left_at),
        "attempts": [
            {
                "number": attempt.number,
                "result": attempt.result,
                "label": LEG_LABELS[attempt.result] if attempt.result else "",
                "ordered_at": _iso(attempt.ordered_at),
                "ended_at": _iso(attempt.ended_at),
                "recorded_s": attempt.duration_s,
            }
            for attempt in attempts
        ],
    }


def _label(leg: BridgeLeg) -> str:
    """Without the question for key 1 a pick-up is an answer."""
    asked = leg.asks and leg.seat_id is None
    return "已接听" if leg.state is LegState.ANSWERED and not asked else LEG_LABELS[leg.state]


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
