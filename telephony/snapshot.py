"""The board: seats, waiting, talking, today's figures, as one JSON object read from rows."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import SHANGHAI, Clock
from core.supervision_words import STATE_LABELS, SupervisionState
from core.vocabulary import CallOutcome, CallState, label
from db.models.account import Account
from db.models.call import Call
from db.models.reference import Policy
from db.models.seat import Seat
from db.repositories import callbacks, calls, event_log, seats, supervisions
from telephony.call_why import priority_of, why_json

WAITING: Final = (CallState.GREETING, CallState.QUEUED, CallState.RINGING, CallState.LEAVING_MESSAGE)
ANSWER_GOAL_S: Final = 15
"""GB/T 33358: answered within 15 s."""
SOON_MINUTES: Final = 10.0
"""While the policy has no row."""
SLIP_S: Final = 5
"""A hang-up in the greeting before this is not counted as a request."""


async def board(session: AsyncSession, clock: Clock) -> dict[str, Any]:
    """GET /api/board without the parts that are no rows (link, engine, demo)."""
    now = clock.now()
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    open_calls = await calls.open_calls(session)
    people = {row.id: row for row in await session.scalars(select(Account).where(Account.active))}
    leaders = await _leaders(session, people)
    return {
        "now": now.isoformat(),
        "seats": [seat_json(row, people.get(row.operator_id or 0)) for row in await seats.every(session)],
        "waiting": [_waiting(call) for call in open_calls if call.state in WAITING],
        "talking": [
            {**_talking(call), "leader": leaders.get(call.id)}
            for call in open_calls
            if call.state not in WAITING
        ],
        "today": figures(await calls.since(session, midnight)),
        "callbacks": await callback_counts(session, now),
        "last_24h": figures(await calls.since(session, now - dt.timedelta(hours=24))),
        "seq": await event_log.last_seq(session),
    }


async def callback_counts(session: AsyncSession, now: dt.datetime) -> dict[str, int]:
    """How many are to be called back, how many of them soon, and how many too late already."""
    moments = await callbacks.due_moments(session)
    row = await session.get(Policy, "callback_soon_minutes")
    soon_minutes = float(row.value) if row is not None and row.value.isdecimal() else SOON_MINUTES
    soon = now + dt.timedelta(minutes=soon_minutes)
    overdue = sum(moment < now for moment in moments)
    return {
        "open": len(moments),
        "overdue": overdue,
        "soon": sum(moment < soon for moment in moments) - overdue,
    }


def masked(number: str) -> str:
    """A number of which only the beginning and the end are shown: `138****5678`."""
    if not number:
        return "号码未显示"
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 9 else f"****{number[-2:]}"


def seat_json(row: Seat, operator: Account | None) -> dict[str, Any]:
    """One seat as screens know it."""
    return {
        "id": row.id,
        "state": row.state,
        "label": label(row.state),
        "since": row.since.isoformat(),
        "operator": operator
        and {"id": operator.id, "name": operator.name, "work_number": operator.work_number},
        "phone_online": row.phone_online,
        "phone": row.phone,
        "pause_reason": row.pause_reason,
        "pause_label": row.pause_reason and label(row.pause_reason),
        "wish": row.wish,
        "wish_label": row.wish_reason and label(row.wish_reason),
        "wrap_up_until": _iso(row.wrap_up_until),
        "call_id": row.call_id,
        "bridge_id": row.bridge_id,
    }


def _waiting(call: Call) -> dict[str, Any]:
    return {
        "call_id": call.id,
        "caller_masked": masked(call.caller),
        "queued_at": _iso(call.queued_at),
        "arrived_at": _iso(call.arrived_at),
        "state": call.state,
        "priority": priority_of(call),
        "why": why_json(call),
    }


def _talking(call: Call) -> dict[str, Any]:
    return {
        "call_id": call.id,
        "seat_id": call.seat_id,
        "answered_at": _iso(call.answered_at),
        "state": call.state,
    }


async def _leaders(session: AsyncSession, people: dict[int, Account]) -> dict[str, str]:
    """What operators may know of leaders at their calls: whisper, barge, take-over; listening by policy."""
    policy = await session.get(Policy, "supervision_listen_told")
    told = {SupervisionState.WHISPERING, SupervisionState.BARGED}
    if policy is not None and policy.value not in ("", "0"):
        told.add(SupervisionState.LISTENING)
    found: dict[str, str] = {}
    for row in await supervisions.every_open(session):
        if row.state in told and row.account_id in people:
            found[row.call_id] = f"班长{STATE_LABELS[row.state]}（{people[row.account_id].name}）"
        elif row.state is SupervisionState.TAKEN_OVER and row.account_id in people:
            found[row.call_id] = f"班长接管（{people[row.account_id].name}）"
    return found


def figures(rows: list[Call]) -> dict[str, int]:
    """Figures that add up: offered = answered + abandoned + voicemail + callback + turned away + in progress.

    Who pressed no key when asked for one asked for no person; for whom no line was to spare did.
    """
    answered = [call for call in rows if call.answered_at is not None]
    unanswered = [call for call in rows if call.answered_at is None]
    voicemail = sum(call.outcome is CallOutcome.VOICEMAIL for call in unanswered)
    callback = sum(call.outcome is CallOutcome.CALLBACK_REQUESTED for call in unanswered)
    in_progress = sum(call.state is not CallState.ENDED for call in unanswered)
    away = [call for call in unanswered if call.outcome is CallOutcome.TURNED_AWAY]
    silent = sum(call.turned_away == "challenge" for call in away)
    return {
        "offered": len(rows),
        "requested": len(rows) - in_progress - silent - sum(_gave_up_at_once(call) for call in unanswered),
        "answered": len(answered),
        "answered_15s": sum(_wait_s(call) <= ANSWER_GOAL_S for call in answered),
        "abandoned": len(unanswered) - voicemail - callback - in_progress - len(away),
        "voicemail": voicemail,
        "callback": callback,
        "turned_away": len(away),
        "in_progress": in_progress,
    }


def _gave_up_at_once(call: Call) -> bool:
    """Hung up within the first seconds of the greeting: no request for a person (domain: 接通率)."""
    ended_at = call.ended_at or call.arrived_at
    early = (ended_at - call.arrived_at).total_seconds() < SLIP_S
    return call.outcome is CallOutcome.ABANDONED_GREETING and early


def _wait_s(call: Call) -> float:
    """From the queue (the greeting is not waiting) to the answer."""
    began = call.queued_at or call.arrived_at
    return ((call.answered_at or began) - began).total_seconds()


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
