"""Fills and empties the call-back list as calls come, end, and are called back. Repeatable.

Each look is one transaction over rows that stand already, so what a crash left out the next look does.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
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
from db.models import Bridge, CallbackAttempt
from db.repositories import bridges, callbacks, calls
from db.session import SessionMaker, reading, transaction
from tickets.callback_parties import on_duty, take_in_parties
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
            await self._keep(lambda session: self._settle_returned(session, number))

    async def on_asked_back(self, fact: LegAskedBack | BridgeTicketed) -> None:
        """Somebody whom a press called pressed 2; or the conference has got its ticket by now."""
        del fact
        await self._look_at_parties()

    async def on_seat_left(self, fact: SeatLeft) -> None:
        """What an operator who signed off had taken is everybody's again."""
        del fact
        await self._keep(self._take_back)

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
        await self._keep(lambda session: self._settle_returned(session, None))
        await self._keep(self._take_back)
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
        async def work(session: AsyncSession) -> Facts:
            rules, now = await read_rules(session), self._clock.now()
            return await take_in_parties(session, now - dt.timedelta(hours=rules.reach_hours), rules, now)

        try:
            await self._keep(work)
        except IntegrityError:  # another process made the line at this moment; the next look joins it
            log.info("party_made_by_another")

    async def _settle_returned(self, session: AsyncSession, number: str | None) -> Facts:
        lines = [line for line in await callbacks.open_lines(session) if number in (None, line.number)]
        facts: Facts = []
        if not lines:
            return facts
        answered = await callbacks.answered_since(session, min(line.last_at for line in lines))
        for line in lines:
            again = next(
                (
                    call
                    for call in answered
                    if call.arrived_at > line.last_at and callable_number(call.caller) == line.number
                ),
                None,
            )
            if again is None:
                continue
            await locked(session, line.id)
            # Until the lock was ours it may have been closed, or the citizen have called in vain once more
            if line.state in OPEN and again.arrived_at > line.last_at:
                facts += await satisfy(session, line, again, self._clock.now())
        return facts

    async def _take_back(self, session: AsyncSession) -> Facts:
        now, facts = self._clock.now(), Facts()
        for seen in await callbacks.held(session):
            line = await locked(session, seen.id)
            if line.state is not CallbackState.CLAIMED:
                continue
            there = line.owner_id is not None and await on_duty(session, line.owner_id, now)
            over = line.lease_until is None or line.lease_until <= now
            if over or not there:
                facts += await release(session, line, "lease_over" if there else "signed_off", now)
        return facts

    async def _finish(self) -> None:
        async with reading(self._sessions) as session:
            waiting = [attempt.id for attempt, _ in await callbacks.unfinished(session)]
        if waiting:
            await self._keep(self._finish_all)

    async def _finish_all(self, session: AsyncSession) -> Facts:
        facts: Facts = []
        for attempt, bridge in await callbacks.unfinished(session):
            outcome = await self._outcome(session, attempt, bridge)
            if outcome is None:
                continue
            line = await locked(session, attempt.callback_id)
            await session.refresh(attempt)
            if attempt.outcome is not None:  # another look was first, and a person may have corrected it
                continue
            attempt.outcome, attempt.ended_at = outcome, self._clock.now()
            if bridge is not None and outcome is AttemptOutcome.PICKED_UP:
                line.ticket_id = bridge.ticket_id or line.ticket_id
            if line.state is CallbackState.CALLING:
                rules = await read_rules(session)
                facts += await conclude(session, line, outcome, rules, self._clock.now())
        return facts

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
