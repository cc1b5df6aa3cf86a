"""Fills and empties the call-back list as calls come, end, and are called back. Repeatable.

Each look is over rows that stand already, so what a crash left out the next look does. One transaction a
line: who has written to the log of facts waits for no other line, whose holder may wait for the log.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_events import BridgeEnded, BridgeTicketed, LegAskedBack
from core.bridge_words import BridgeState
from core.bus import Bus
from core.callback_events import CallBackAsked
from core.callback_words import OPEN, AttemptOutcome, CallbackState
from core.clock import Clock
from core.errors import IllegalTransition
from core.events import CallAnswered, CallEnded, SeatLeft
from db.models import Bridge, Call, Callback, CallbackAttempt
from db.repositories import bridges, callbacks, calls
from db.repositories.callback_parties import to_look_at, without_ticket
from db.session import SessionMaker, reading, transaction
from tickets.callback_parties import on_duty, take_in_party, take_ticket
from tickets.callback_rules import callable_number, outcome_of, read_rules
from tickets.callbacks import Facts, conclude, locked, release, satisfy, take_in

log = structlog.get_logger(__name__)

CATCH_UP_S: Final = 5.0
PRESS_S: Final = 60
"""After this an attempt without a conference was never dialled: its process died before the press."""
TICKET_S: Final = 10
"""How long after its end a conference may still be given its ticket."""


class CallbackListener:
    """Listens, and looks at everything again every few seconds."""

    def __init__(self, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock

    async def on_call(self, fact: CallEnded | CallBackAsked) -> None:
        """A call in vain becomes a line."""
        await self._take_in(fact.call_id)

    async def on_answered(self, fact: CallAnswered) -> None:
        """Somebody who was to be called back has called again."""
        async with reading(self._sessions) as session:
            call = await calls.get(session, fact.call_id)
        number = callable_number(call.caller) if call is not None else ""
        if number:
            await self._settle_returned(number)

    async def on_asked_back(self, fact: LegAskedBack | BridgeTicketed) -> None:
        """Somebody whom a press called pressed 2; or the conference has got its ticket by now."""
        del fact
        await self._look_at_parties()

    async def on_seat_left(self, fact: SeatLeft) -> None:
        """What an operator who signed off had taken is everybody's again."""
        del fact
        await self._take_back()

    async def on_bridge_ended(self, fact: BridgeEnded) -> None:
        """A conference that was an attempt has its outcome."""
        del fact
        await self._finish()

    async def catch_up(self) -> None:
        """Everything once, from the rows alone."""
        async with reading(self._sessions) as session:
            rules = await read_rules(session)
            since = self._clock.now() - dt.timedelta(hours=rules.reach_hours)
            missed = [call.id for call in await callbacks.calls_to_look_at(session, since)]
        for call_id in missed:
            await self._take_in(call_id)
        await self._look_at_parties()
        await self._settle_returned(None)
        await self._take_back()
        await self._finish()

    async def keep_up(self) -> None:
        """Catch up now and every few seconds."""
        while True:
            await self.catch_up()
            await asyncio.sleep(CATCH_UP_S)

    async def _take_in(self, call_id: str) -> None:
        async def work(session: AsyncSession) -> Facts:
            call = await calls.get(session, call_id)
            if call is None:
                return []
            return await take_in(session, call, await read_rules(session), self._clock.now())

        try:
            await self._keep(work)
        except IntegrityError:  # another process made the line at this moment; the next look joins it
            log.info("callback_made_by_another", call_id=call_id)

    async def _look_at_parties(self) -> None:
        async with reading(self._sessions) as session:
            rules, now = await read_rules(session), self._clock.now()
            fresh = await to_look_at(session, now - dt.timedelta(hours=rules.reach_hours))
        for asked in fresh:
            try:
                await self._keep(partial(take_in_party, asked=asked, rules=rules, now=now))
            except IntegrityError:  # another process made the line at this moment; the next look joins it
                log.info("party_made_by_another", attempt_id=asked.attempt_id)
        async with reading(self._sessions) as session:
            late = [(line.id, ticket_id) for line, ticket_id in await without_ticket(session)]
        for callback_id, ticket_id in late:
            await self._keep(partial(take_ticket, callback_id=callback_id, ticket_id=ticket_id))

    async def _settle_returned(self, number: str | None) -> None:
        async with reading(self._sessions) as session:
            seen = [line for line in await callbacks.open_lines(session) if number in (None, line.number)]
            first = min((line.last_at for line in seen), default=None)
            answered = await callbacks.answered_since(session, first) if first is not None else []
        for line in seen:
            if (again := _again(line, answered)) is not None:
                await self._keep(partial(self._settle, callback_id=line.id, again=again))

    async def _settle(self, session: AsyncSession, callback_id: int, again: Call) -> Facts:
        line = await locked(session, callback_id)
        # Until the lock was ours it may have been closed, or the citizen have called in vain once more
        if line.state not in OPEN or _again(line, [again]) is None:
            return []
        return await satisfy(session, line, again, self._clock.now())

    async def _take_back(self) -> None:
        async with reading(self._sessions) as session:
            held = [line.id for line in await callbacks.held(session)]
        for callback_id in held:
            await self._keep(partial(self._take_one_back, callback_id=callback_id))

    async def _take_one_back(self, session: AsyncSession, callback_id: int) -> Facts:
        now, line = self._clock.now(), await locked(session, callback_id)
        if line.state is not CallbackState.CLAIMED:
            return []
        there = line.owner_id is not None and await on_duty(session, line.owner_id, now)
        over = line.lease_until is None or line.lease_until <= now
        if there and not over:
            return []
        return await release(session, line, "lease_over" if there else "signed_off", now)

    async def _finish(self) -> None:
        async with reading(self._sessions) as session:
            waiting = [(one.id, one.callback_id) for one, _ in await callbacks.unfinished(session)]
        for attempt_id, callback_id in waiting:
            await self._keep(partial(self._finish_one, callback_id=callback_id, attempt_id=attempt_id))

    async def _finish_one(self, session: AsyncSession, callback_id: int, attempt_id: int) -> Facts:
        line = await locked(session, callback_id)  # before its attempt, as a person's result does
        pairs = await callbacks.unfinished(session)
        attempt, bridge = next((pair for pair in pairs if pair[0].id == attempt_id), (None, None))
        outcome = await self._outcome(session, attempt, bridge) if attempt is not None else None
        if attempt is None or outcome is None:
            return []
        attempt.outcome, attempt.ended_at = outcome, self._clock.now()
        if bridge is not None and outcome is AttemptOutcome.PICKED_UP:
            line.ticket_id = bridge.ticket_id or line.ticket_id
        if line.state is not CallbackState.CALLING:
            return []
        return await conclude(session, line, outcome, await read_rules(session), self._clock.now())

    async def _outcome(
        self, session: AsyncSession, attempt: CallbackAttempt, bridge: Bridge | None
    ) -> AttemptOutcome | None:
        """The attempt's outcome; None while it is under way."""
        now = self._clock.now()
        if bridge is None:
            lost = (now - attempt.began_at).total_seconds() > PRESS_S
            return AttemptOutcome.NOT_MADE if lost else None
        if bridge.state is not BridgeState.ENDED:
            return None
        other = await bridges.other_party(session, bridge.id)
        if other is None:
            return AttemptOutcome.NOT_MADE
        last = await bridges.attempt(session, other.id, other.attempt)
        outcome = outcome_of(other, last)
        ended_s = (now - (bridge.ended_at or now)).total_seconds()
        if outcome is AttemptOutcome.PICKED_UP and bridge.ticket_id is None and ended_s < TICKET_S:
            return None
        return outcome

    async def _keep(self, work: Callable[[AsyncSession], Awaitable[Facts]]) -> None:
        try:
            async with transaction(self._sessions) as session:
                facts = await work(session)
        except IllegalTransition as refusal:
            log.info("callback_refused", reason=str(refusal))
            return
        for fact in facts:
            await self._bus.publish(fact)


def _again(line: Callback, answered: Sequence[Call]) -> Call | None:
    """The first of these calls by which the line's number called again after it had waited in vain."""
    later = (call for call in answered if call.arrived_at > line.last_at)
    return next((call for call in later if callable_number(call.caller) == line.number), None)
