"""What tickets do when they hear of a call."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

from core.bus import Bus
from core.clock import Clock
from core.events import CallAnswered, MessageLeft
from core.room_events import CallTransferred
from core.vocabulary import TicketStatus
from db.repositories import calls, tickets
from db.session import SessionMaker, reading, transaction
from tickets import service
from tickets.on_handover import HandoverListener

CATCH_UP_S: Final = 5.0
OF_LATE: Final = dt.timedelta(days=1)
"""A crash, after which all calls are looked at anyway, is what leaves a ticket out."""


class TicketListener:
    """Opens a draft with each answered call, and a ticket with each message. Repeatable."""

    def __init__(self, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self.handovers = HandoverListener(sessions, bus, clock)

    async def on_answered(self, fact: CallAnswered) -> None:
        """A draft, once."""
        await self._open(fact.call_id, TicketStatus.DRAFT)

    async def on_transferred(self, fact: CallTransferred) -> None:
        """The draft goes over to the operator who has the call now."""
        async with transaction(self._sessions) as session:
            call = await calls.get(session, fact.call_id)
            ticket = await tickets.of_call(session, fact.call_id)
            if call is None or ticket is None or fact.seat_id is None or call.operator_id is None:
                return
            now = self._clock.now()
            if not await service.hand_over(session, ticket, call.operator_id, fact.seat_id, now):
                return
            told = await service.told(session, ticket, now)
        await self._bus.publish(told)

    async def on_message(self, fact: MessageLeft) -> None:
        """A ticket that waits to be accepted, once."""
        await self._open(fact.call_id, TicketStatus.PENDING_ACCEPT)

    async def catch_up(self, since: dt.datetime | None = None) -> None:
        """Open what a crash between a call's fact and its ticket left out."""
        async with reading(self._sessions) as session:
            without = await tickets.calls_without(session, since)
        for call_id, status in without:
            await self._open(call_id, status)

    async def keep_up(self) -> None:
        """Catch up with all calls now, and every few seconds with those that came of late."""
        await self.catch_up()
        while True:
            await asyncio.sleep(CATCH_UP_S)
            await self.catch_up(self._clock.now() - OF_LATE)

    async def _open(self, call_id: str, status: TicketStatus) -> None:
        async with transaction(self._sessions) as session:
            call = await calls.get(session, call_id)
            if call is None:
                return
            now = self._clock.now()
            ticket, new = await service.open_for_call(session, call, status, now)
            fact = await service.told(session, ticket, now) if new else None
        if fact is not None:
            await self._bus.publish(fact)
