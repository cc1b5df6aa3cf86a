"""The call-back list as screens see it: whoever has a line sees its number, all others a masked one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.security import Person
from api.ticket_links import links
from core.callback_words import (
    CALLBACK_LABELS,
    OPEN,
    OUTCOME_LABELS,
    SOURCE_LABELS,
    AttemptOutcome,
    CallbackState,
)
from db.models import Account, Callback, CallbackAttempt
from db.repositories import accounts, callback_parties, callbacks, calls, tickets
from db.repositories.callback_parties import Asked
from telephony.snapshot import masked
from tickets.callback_rules import callable_number


async def lines_json(
    session: AsyncSession, person: Person, lines: list[Callback], now: dt.datetime
) -> list[dict[str, Any]]:
    """Lines with their attempts, in the order given."""
    people = await accounts.names(session)
    attempts = await callbacks.attempts_of(session, [line.id for line in lines])
    parties = await callback_parties.behind(session, [line.id for line in lines])
    secret = await tickets.secret_of_lines(session, lines)
    files = await tickets.some(session, {line.ticket_id for line in lines if line.ticket_id is not None})
    opened = await links(session, person, files, people)
    here = {callable_number(call.caller) for call in await calls.open_calls(session)}
    return [
        {
            **_line(line, person, people.get(line.owner_id or 0), now),
            "calling_in": line.state in OPEN and line.number in here,
            **_number(line, person, secret=bool(secret[line.id])),
            **_party(parties.get(line.id)),
            "ticket": opened.get(line.ticket_id or 0),
            "attempts": [_attempt(one, people) for one in attempts if one.callback_id == line.id],
        }
        for line in lines
    ]


def _party(asked: Asked | None) -> dict[str, Any]:
    """Who pressed 2 in which conference, where that is why."""
    return {"who": asked.who if asked else "", "bridge_id": asked.bridge.id if asked else None}


def _number(line: Callback, person: Person, *, secret: bool) -> dict[str, str]:
    """In full for who has the line; of a secret ticket nothing of it for all others."""
    if is_mine(line, person):
        return {"number": line.number}
    return {"number": "****" if secret else masked(line.number)}


def is_mine(line: Callback, person: Person) -> bool:
    """Whether this person has the line now."""
    return line.state in OPEN and line.owner_id == person.id


def _line(line: Callback, person: Person, owner: Account | None, now: dt.datetime) -> dict[str, Any]:
    mine = is_mine(line, person)
    return {
        "id": line.id,
        "state": line.state,
        "label": _label(line),
        "source": line.source,
        "source_label": SOURCE_LABELS[line.source],
        "times": line.times,
        "tries": line.tries,
        "first_at": line.first_at.isoformat(),
        "last_at": line.last_at.isoformat(),
        "due_at": line.due_at.isoformat(),
        "overdue": line.state in OPEN and line.due_at < now,
        "not_before": _iso(line.not_before),
        "owner": owner and {"id": owner.id, "name": owner.name, "work_number": owner.work_number},
        "mine": mine,
        "lease_until": _iso(line.lease_until),
        "closed_at": _iso(line.closed_at),
        "result_label": OUTCOME_LABELS[line.result] if line.result else "",
        "call_id": line.call_id,
        "ticket_id": line.ticket_id,
    }


def _label(line: Callback) -> str:
    """A phone that was picked up may have been a voicemail box: nobody was reached until somebody says so."""
    unconfirmed = line.state is CallbackState.DONE and line.result is AttemptOutcome.PICKED_UP
    return OUTCOME_LABELS[AttemptOutcome.PICKED_UP] if unconfirmed else CALLBACK_LABELS[line.state]


def _attempt(attempt: CallbackAttempt, people: dict[int, Account]) -> dict[str, Any]:
    who = people.get(attempt.account_id or 0)
    return {
        "number": attempt.number,
        "began_at": attempt.began_at.isoformat(),
        "ended_at": _iso(attempt.ended_at),
        "who": who.name if who else "",
        "outcome": attempt.outcome,
        "label": OUTCOME_LABELS[attempt.outcome] if attempt.outcome else "正在呼叫",
        "note": attempt.note,
        "recorded": attempt.bridge_key is not None,
    }


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
