"""The shift leader's page as JSON: seats with their calls, ears, the day's figures, calls as timelines."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import SHANGHAI, Clock
from core.supervision_words import END_LABELS, MODE_LABELS, STATE_LABELS, SupervisionState
from core.vocabulary import CallOutcome, CallState, label
from db.models.account import Account
from db.models.call import Call, EventLogEntry
from db.models.supervision import Supervision
from db.repositories import accounts, calls, event_log, seats, supervisions, tickets
from telephony.snapshot import callback_counts, figures, masked, seat_json
from telephony.timeline import WRAP_UP_ENDS, Segment, Told, segments, wrap_up

PAGE_LENGTH: Final = 20
SLACK: Final = dt.timedelta(seconds=1)


async def leader_board(session: AsyncSession, clock: Clock, leader: int) -> dict[str, Any]:
    """Everything on the page that moves, without link and notes."""
    now = clock.now()
    people = await accounts.names(session)
    open_calls = {call.id: call for call in await calls.open_calls(session)}
    ears = await supervisions.every_open(session)
    secret = await tickets.secret_calls(session, list(open_calls))
    waiting = [call for call in open_calls.values() if call.state in (CallState.QUEUED, CallState.RINGING)]
    last = await supervisions.last_of(session, leader)
    return {
        "now": now.isoformat(),
        "seats": [
            {
                **seat_json(row, people.get(row.operator_id or 0)),
                "call": _call_json(open_calls.get(row.call_id or ""), row.id, secret),
                "ears": [ear_json(ear, people) for ear in ears if ear.seat_id == row.id],
            }
            for row in await seats.every(session)
        ],
        "taken_over": [
            {**_call_json(open_calls.get(ear.call_id), None, secret), "who": _name(people, ear.account_id)}
            for ear in ears
            if ear.state is SupervisionState.TAKEN_OVER
        ],
        "waiting": len(waiting),
        "waiting_since": min((call.queued_at or call.arrived_at for call in waiting), default=None),
        "mine": ear_json(last, people) if last is not None else None,
        "callbacks": await callback_counts(session, now),
        "days": await _days(session, now),
    }


def ear_json(row: Supervision, people: dict[int, Account]) -> dict[str, Any]:
    """One ear; for one that is over `reason_label` says why."""
    return {
        "id": row.id,
        "seat_id": row.seat_id,
        "call_id": row.call_id,
        "who": _name(people, row.account_id),
        "account_id": row.account_id,
        "wanted": row.wanted,
        "wanted_label": MODE_LABELS[row.wanted],
        "state": row.state,
        "label": STATE_LABELS[row.state],
        "began_at": row.began_at and row.began_at.isoformat(),
        "ended_at": row.ended_at and row.ended_at.isoformat(),
        "reason_label": END_LABELS[row.reason] if row.reason else None,
    }


async def _days(session: AsyncSession, now: dt.datetime) -> dict[str, Any]:
    """Today's and yesterday's sums, which must add up to the calls that came."""
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    before = midnight - dt.timedelta(days=1)
    return {
        "today": figures(await calls.since(session, midnight)),
        "yesterday": figures(await calls.between(session, before, midnight)),
    }


def _call_json(call: Call | None, seat_id: int | None, secret: set[str]) -> dict[str, Any]:
    if call is None or call.seat_id != seat_id:
        return {}
    return {
        "id": call.id,
        "state": call.state,
        "label": label(call.state),
        "caller_masked": "****" if call.id in secret else masked(call.caller),
        "answered_at": call.answered_at and call.answered_at.isoformat(),
        "secret": call.id in secret,
    }


def _name(people: dict[int, Account], account_id: int | None) -> str:
    person = people.get(account_id or 0)
    return person.name if person is not None else ""


async def timelines(session: AsyncSession, clock: Clock, outcome: str = "", page: int = 1) -> dict[str, Any]:
    """Today's calls, newest first, each as its segments."""
    now = clock.now()
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(Call).where(Call.arrived_at >= midnight, *_filter(outcome))
    order = query.order_by(Call.arrived_at.desc(), Call.id.desc())
    found = list(await session.scalars(order.limit(PAGE_LENGTH + 1).offset((page - 1) * PAGE_LENGTH)))
    shown = found[:PAGE_LENGTH]
    people = await accounts.names(session)
    bars = await _bars(session, shown, now)
    secret = await tickets.secret_calls(session, [call.id for call in shown])
    return {
        "page": page,
        "more": len(found) > PAGE_LENGTH,
        "calls": [
            {
                "id": call.id,
                "arrived_at": call.arrived_at.isoformat(),
                "caller_masked": "****" if call.id in secret else masked(call.caller),
                "label": label(call.outcome) if call.outcome else label(call.state),
                "operator_name": _name(people, call.operator_id),
                "segments": [_segment_json(one) for one in bars[call.id]],
            }
            for call in shown
        ],
    }


def _filter(outcome: str) -> list[Any]:
    gave_up = (CallOutcome.ABANDONED_GREETING, CallOutcome.ABANDONED_QUEUE, CallOutcome.NO_MESSAGE)
    return {
        "answered": [Call.answered_at.is_not(None)],
        "abandoned": [Call.outcome.in_(gave_up)],
        "callback": [Call.outcome == CallOutcome.CALLBACK_REQUESTED],
        "turned_away": [Call.outcome == CallOutcome.TURNED_AWAY],
        "voicemail": [Call.outcome == CallOutcome.VOICEMAIL],
        "going_on": [Call.state != CallState.ENDED],
    }.get(outcome, [])


def _segment_json(one: Segment) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "label": one.label,
        "at": one.at.isoformat(),
        "seconds": one.seconds,
        "seat_id": one.seat_id,
    }


async def _bars(session: AsyncSession, rows: list[Call], now: dt.datetime) -> dict[str, list[Segment]]:
    """From the log: each call's own facts, and how long its seats worked on after it."""
    told: dict[str, list[Told]] = defaultdict(list)
    query = select(EventLogEntry).where(EventLogEntry.call_id.in_([call.id for call in rows]))
    for entry in await session.scalars(query.order_by(EventLogEntry.seq)):
        told[entry.call_id or ""].append(_told(entry))
    bars: dict[str, list[Segment]] = {}
    for call in rows:
        after = [
            wrap_up(await _end_of_work(session, one), one, now)
            for one in told[call.id]
            if one.kind == "SeatFreed" and call.answered_at is not None
        ]
        bars[call.id] = segments(told[call.id], now)
        until = bars[call.id][-1].until if bars[call.id] else now
        # After a leader took over, the operator's work goes on beside the talk: it is no part of this line
        bars[call.id] += [one for one in after if one is not None and one.at >= until - SLACK]
    return bars


async def _end_of_work(session: AsyncSession, freed: Told) -> list[Told]:
    """What that seat did next: one row, however long the day since then was."""
    found = await event_log.next_of_seat(session, freed.seat_id, freed.at, WRAP_UP_ENDS)
    return [_told(found)] if found is not None else []


def _told(entry: EventLogEntry) -> Told:
    words = entry.payload
    return Told(
        entry.at, entry.kind, entry.seat_id, str(words.get("state", "")), str(words.get("reason", ""))
    )
