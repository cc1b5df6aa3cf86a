"""Whoever pressed 2 in a conference is to be called back: by whom, until when.

Each function is one transaction: what it locks it locks before it writes to the log of facts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import BridgeKind
from core.callback_events import CallbackJoined, CallbackOpened
from core.callback_words import CallbackSource, CallbackState
from db.models import Callback, CallbackParty
from db.repositories import bridges, callbacks, event_log, seats, supervisions
from db.repositories.callback_parties import Asked
from tickets.callback_rules import Rules, callable_number
from tickets.callbacks import Facts, about, apply, give, locked


async def take_in_party(session: AsyncSession, asked: Asked, rules: Rules, now: dt.datetime) -> Facts:
    """A line for somebody who pressed 2, or their number's; the same key once, however often asked."""
    # Two who hear of the key at once take turns here
    bridge = await bridges.get_for_update(session, asked.bridge.id)
    if bridge is None or await session.get(CallbackParty, asked.attempt_id) is not None:
        return []
    asked = replace(asked, bridge=bridge)
    owner = await _owner(session, asked, now)
    number = callable_number(asked.digits)
    line, facts = await _line_for(session, number, asked, rules, now) if number else (None, [])
    made = CallbackParty(attempt_id=asked.attempt_id, callback_id=line.id if line else None, at=now)
    session.add(made)
    await session.flush()
    if line is not None and line.state is CallbackState.WAITING and owner is not None:
        facts += await give(session, line, owner, rules, now)
        # It was promised by whoever pressed: theirs until it is due, and only then everybody's
        line.lease_until = max(line.lease_until or now, line.due_at)
    return facts


async def take_ticket(session: AsyncSession, callback_id: int, ticket_id: int) -> Facts:
    """The conference has got its ticket after the line was made."""
    line = await locked(session, callback_id)
    line.ticket_id = line.ticket_id or ticket_id
    return []


async def _line_for(
    session: AsyncSession, number: str, asked: Asked, rules: Rules, now: dt.datetime
) -> tuple[Callback, Facts]:
    due_at = rules.due(asked.at, urgent=asked.bridge.kind is BridgeKind.EMERGENCY)
    line = await callbacks.open_of_number(session, number)
    if line is not None:
        line.times += 1
        line.last_at, line.due_at = max(line.last_at, asked.at), min(line.due_at, due_at)
        line.ticket_id = line.ticket_id or asked.bridge.ticket_id
        return line, await apply(session, line, CallbackJoined(**about(line, now), source=line.source))
    line = Callback(
        number=number,
        open_number=number,
        state=CallbackState.WAITING,
        source=CallbackSource.PARTY,
        ticket_id=asked.bridge.ticket_id,
        times=1,
        tries=0,
        first_at=asked.at,
        last_at=asked.at,
        due_at=due_at,
    )
    session.add(line)
    await session.flush()
    fact = CallbackOpened(**about(line, now), source=line.source)
    await event_log.append(session, fact)
    return line, [fact]


async def _owner(session: AsyncSession, asked: Asked, now: dt.datetime) -> int | None:
    """Whoever pressed, while on duty; else the shift leader whose page is open; else nobody yet."""
    pressed = asked.bridge.account_id
    if pressed is not None and await on_duty(session, pressed, now):
        return pressed
    for leader in await supervisions.borrowers(session):
        if await on_duty(session, leader, now):
            return leader
    return None


async def on_duty(session: AsyncSession, account_id: int, now: dt.datetime) -> bool:
    """Whether somebody sits at a seat, or leads the shift with the page open."""
    if await seats.of_operator(session, account_id) is not None:
        return True
    return await supervisions.phone_of(session, account_id, now) is not None
