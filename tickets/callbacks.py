"""What may be done with the call-back list. Each function is one step inside the caller's transaction.

Each returns the facts to publish after the commit; they are in the log already.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.callback_events import (
    CallbackCalled,
    CallbackClaimed,
    CallbackDone,
    CallbackFact,
    CallbackFailed,
    CallbackGivenUp,
    CallbackJoined,
    CallbackOpened,
    CallbackReleased,
    CallbackSatisfied,
)
from core.callback_words import OPEN, AttemptOutcome, CallbackSource, CallbackState
from core.errors import Forbidden, HotlineError, NotFound
from core.ids import CallId, OperatorId
from core.ticket_words import TicketStep
from db.models import Call, Callback, CallbackAttempt, CallbackCall, Ticket, TicketEvent
from db.repositories import callbacks, calls, event_log, tickets
from tickets.callback_rules import Rules, callable_number, source_of
from tickets.callback_states import next_state

Facts = list[CallbackFact]
_NOTED: Final = {
    AttemptOutcome.CONNECTED: TicketStep.CALLED_BACK,
    AttemptOutcome.PICKED_UP: TicketStep.PICKED_UP,
}


class CallbackTaken(HotlineError):
    """这一条已由其他话务员领取。"""

    code = "callback-taken"
    status = 409


async def take_in(session: AsyncSession, call: Call, rules: Rules, now: dt.datetime) -> Facts:
    """A call in vain becomes a line, or joins its number's; the same call once."""
    source = source_of(call, rules.slip_s)
    if source is None:
        return []
    # Two who hear of the call at once take turns here
    await calls.get_for_update(session, call.id)
    known = await callbacks.of_call(session, call.id)
    if known is not None:
        return await _told_late(session, known, source, now)
    number = callable_number(call.caller)
    line, facts = await _line_for(session, number, call, source, rules, now) if number else (None, [])
    made = CallbackCall(call_id=call.id, callback_id=line.id if line else None, source=source, at=now)
    session.add(made)
    await session.flush()
    return facts


async def _told_late(
    session: AsyncSession, known: CallbackCall, source: CallbackSource, now: dt.datetime
) -> Facts:
    """The star key of a call that was taken for a hang-up."""
    if source is known.source or source is not CallbackSource.REQUESTED:
        return []
    known.source = source
    line = await callbacks.get_for_update(session, known.callback_id) if known.callback_id else None
    if line is None or line.state not in OPEN:
        return []
    line.source = source
    return await apply(session, line, CallbackJoined(**about(line, now), source=source))


async def _line_for(
    session: AsyncSession, number: str, call: Call, source: CallbackSource, rules: Rules, now: dt.datetime
) -> tuple[Callback, Facts]:
    missed_at = call.callback_asked_at or call.ended_at or now
    due_at = rules.due(missed_at, urgent=call.urgent_at is not None)
    line = await callbacks.open_of_number(session, number)
    if line is None:
        line = Callback(
            number=number,
            open_number=number,
            state=CallbackState.WAITING,
            source=source,
            call_id=call.id,
            times=1,
            tries=0,
            first_at=missed_at,
            last_at=missed_at,
            due_at=due_at,
        )
        session.add(line)
        await session.flush()
        fact = CallbackOpened(**about(line, now), source=source)
        await event_log.append(session, fact)
        return line, [fact]
    line.times += 1
    line.first_at = min(line.first_at, missed_at)
    line.due_at = min(line.due_at, due_at)
    if missed_at >= line.last_at:
        line.last_at, line.call_id = missed_at, call.id
    if line.source is not CallbackSource.REQUESTED:
        line.source = source
    return line, await apply(session, line, CallbackJoined(**about(line, now), source=source))


async def satisfy(session: AsyncSession, line: Callback, call: Call, now: dt.datetime) -> Facts:
    """The same number called again and was answered."""
    if line.state is CallbackState.CALLING:
        return []
    ticket = await tickets.of_call(session, call.id)
    line.ticket_id = ticket.id if ticket is not None else line.ticket_id
    return await apply(session, line, CallbackSatisfied(**about(line, now)))


async def claim(
    session: AsyncSession, callback_id: int, account_id: int, rules: Rules, now: dt.datetime
) -> Facts:
    """Take a line for a while, or take it for longer. Raises NotFound, CallbackTaken, IllegalTransition."""
    line = await locked(session, callback_id)
    runs = line.lease_until is not None and line.lease_until > now
    if line.state is CallbackState.CLAIMED and line.owner_id != account_id and runs:
        raise CallbackTaken
    if line.state is CallbackState.CALLING and line.owner_id != account_id:
        raise CallbackTaken
    return await give(session, line, account_id, rules, now)


async def give(
    session: AsyncSession, line: Callback, account_id: int, rules: Rules, now: dt.datetime
) -> Facts:
    """The line is this person's, whoever had it. Raises IllegalTransition."""
    line.owner_id, line.lease_until = account_id, now + rules.lease
    return await apply(session, line, CallbackClaimed(**about(line, now), owner_id=OperatorId(account_id)))


async def release(session: AsyncSession, line: Callback, reason: str, now: dt.datetime) -> Facts:
    """The line is nobody's again. Raises IllegalTransition."""
    return await apply(session, line, CallbackReleased(**about(line, now), reason=reason))


async def begin_attempt(
    session: AsyncSession, callback_id: int, account_id: int, bridge_key: str | None, now: dt.datetime
) -> tuple[CallbackAttempt, Facts]:
    """The attempt's row, before anything is dialled. Raises NotFound, Forbidden, IllegalTransition."""
    line = await locked(session, callback_id)
    if line.owner_id != account_id:
        raise Forbidden
    attempt = await _add_attempt(session, line, account_id, now)
    attempt.bridge_key = bridge_key
    fact = CallbackCalled(**about(line, now), owner_id=OperatorId(account_id), attempt=attempt.number)
    return attempt, await apply(session, line, fact)


async def undo_attempt(session: AsyncSession, bridge_key: str, rules: Rules, now: dt.datetime) -> Facts:
    """Nothing was dialled: the attempt counts for nothing, and the line is everybody's again."""
    attempt = await callbacks.of_bridge_key(session, bridge_key)
    if attempt is None:
        return []
    line = await locked(session, attempt.callback_id)  # before its attempt, as a person's result does
    await session.refresh(attempt)
    if attempt.outcome is not None:
        return []
    attempt.outcome, attempt.ended_at = AttemptOutcome.NOT_MADE, now
    if line.state is not CallbackState.CALLING:
        return []
    return await conclude(session, line, AttemptOutcome.NOT_MADE, rules, now)


async def write_down(
    session: AsyncSession,
    line: Callback,
    account_id: int,
    result: tuple[AttemptOutcome, str],
    now: dt.datetime,
) -> CallbackAttempt:
    """The row of a result that a person knows: their last attempt corrected, or one made elsewhere."""
    outcome, note = result
    found = await callbacks.attempts_of(session, [line.id])
    if line.state is CallbackState.DONE and found and found[-1].account_id == account_id:
        attempt = found[-1]
    else:
        attempt = await _add_attempt(session, line, account_id, now)
    # Corrected without a word more, what was said of it stands
    attempt.outcome, attempt.note = outcome, note or attempt.note
    attempt.ended_at = attempt.ended_at or now
    return attempt


async def conclude(
    session: AsyncSession, line: Callback, outcome: AttemptOutcome, rules: Rules, now: dt.datetime
) -> Facts:
    """What an attempt's outcome makes of its line. Raises IllegalTransition."""
    frame = about(line, now)
    if outcome is AttemptOutcome.NOT_MADE:
        return await release(session, line, "not_made", now)
    line.result = outcome
    if outcome in _NOTED:
        await _note_on_ticket(session, line, _NOTED[outcome], now)
        if line.state is CallbackState.DONE:
            return []
        return await apply(session, line, CallbackDone(**frame))
    line.tries += 1
    if line.tries >= rules.tries or await _has_a_newer_line(session, line):
        return await apply(session, line, CallbackGivenUp(**frame, outcome=outcome))
    again_at = now + rules.spacing
    line.not_before, line.due_at = again_at, max(line.due_at, again_at + rules.spacing)
    return await apply(session, line, CallbackFailed(**frame, outcome=outcome))


async def _has_a_newer_line(session: AsyncSession, line: Callback) -> bool:
    """The number called again in vain after this line was done with: by that one it is called back."""
    if line.state is not CallbackState.DONE:
        return False
    return await callbacks.open_of_number(session, line.number) is not None


async def locked(session: AsyncSession, callback_id: int) -> Callback:
    """The line, locked until the transaction ends. Raises NotFound."""
    line = await callbacks.get_for_update(session, callback_id)
    if line is None:
        raise NotFound(what="回拨")
    return line


def about(line: Callback, now: dt.datetime) -> dict[str, Any]:
    """The fields that every fact of the line has."""
    return {"at": now, "callback_id": line.id, "call_id": CallId(line.call_id) if line.call_id else None}


async def apply(session: AsyncSession, line: Callback, fact: CallbackFact) -> Facts:
    """One fact into the line and the log.

    Raises:
        IllegalTransition: it cannot happen to a line in this state.
    """
    line.state = next_state(line.state, fact)
    if line.state not in (CallbackState.CLAIMED, CallbackState.CALLING) and line.state in OPEN:
        line.owner_id = None
    if line.state is not CallbackState.CLAIMED:
        line.lease_until = None
    is_open = line.state in OPEN
    line.open_number = line.number if is_open else None
    line.closed_at = None if is_open else line.closed_at or fact.at
    await event_log.append(session, fact)
    return [fact]


async def _note_on_ticket(
    session: AsyncSession, line: Callback, reason: TicketStep, now: dt.datetime
) -> None:
    ticket = await session.get(Ticket, line.ticket_id) if line.ticket_id is not None else None
    if ticket is None:
        return
    status = {"from_status": ticket.status, "to_status": ticket.status}
    session.add(
        TicketEvent(
            ticket_id=ticket.id, at=now, account_id=line.owner_id, reason=reason, changes={}, **status
        )
    )


async def _add_attempt(
    session: AsyncSession, line: Callback, account_id: int, now: dt.datetime
) -> CallbackAttempt:
    number = 1 + len(await callbacks.attempts_of(session, [line.id]))
    attempt = CallbackAttempt(callback_id=line.id, number=number, account_id=account_id, began_at=now)
    session.add(attempt)
    await session.flush()
    return attempt
