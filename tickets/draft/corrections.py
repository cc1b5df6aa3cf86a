"""What a ticket became, kept beside what was drafted: the next model's lessons, without name or number."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import structlog
from sqlalchemy import select

from core.clock import Clock
from core.events import TicketChanged
from core.vocabulary import Speaker, TicketStatus
from db.models import Ticket, Town, Utterance, Village
from db.models.draft import DraftCorrection
from db.repositories import corrections, tickets, utterances
from db.session import SessionMaker, reading, transaction
from tickets.draft.desk import DraftDesk
from tickets.draft.scrubbing import scrub
from tickets.draft.turns import Draft

log = structlog.get_logger(__name__)

__all__ = ["DECIDED", "CorrectionListener", "scrub"]

DECIDED: Final = frozenset({TicketStatus.TO_DISPATCH, TicketStatus.ANSWERED})
_COLUMNS: Final = ("type", "category", "town", "village", "urgency", "secret")


CATCH_UP_S: Final = 30.0
OF_LATE: Final = dt.timedelta(days=7)
"""So long a recording may wait for its second pass, whose lines may be a call's first."""


class CorrectionListener:
    """Keeps a lesson with each ticket that an operator sends on, once words of its call stand. Repeatable."""

    def __init__(self, sessions: SessionMaker, clock: Clock, desk: DraftDesk) -> None:
        self._sessions = sessions
        self._clock = clock
        self._desk = desk

    async def on_ticket(self, fact: TicketChanged) -> None:
        """The ticket was decided: keep what was drafted and what it became."""
        if fact.status in DECIDED and fact.call_id is not None:
            await self._keep(fact.ticket_id, fact.call_id)

    async def catch_up(self) -> None:
        """Tickets decided before a word of their call stood, before the drafter was up, or before a crash."""
        if not self._desk.ready:
            return
        async with reading(self._sessions) as session:
            owed = await corrections.owed(session, DECIDED, self._clock.now() - OF_LATE)
        for ticket_id, call_id in owed:
            try:
                await self._keep(ticket_id, call_id)
            except Exception:  # the others' lessons do not wait for this one
                log.exception("lesson_not_kept", ticket_id=ticket_id, call_id=call_id)

    async def keep_up(self) -> None:
        """Catch up every half minute."""
        while True:
            await self.catch_up()
            await asyncio.sleep(CATCH_UP_S)

    async def _keep(self, ticket_id: int, call_id: str) -> None:
        async with reading(self._sessions) as session:
            ticket = await tickets.get(session, ticket_id)
            if ticket is None or await corrections.known(session, ticket.id):
                return
            lines = await utterances.of_call(session, call_id)
            town = await session.get(Town, ticket.town_code) if ticket.town_code else None
            village = await session.get(Village, ticket.village_id) if ticket.village_id else None
            places = [*await session.scalars(select(Town.name)), *await session.scalars(select(Village.name))]
        drafted = await self._desk.draft(lines)
        if drafted is None or not lines:
            return
        decided = _decided(ticket, town.name if town else None, village.name if village else None)
        turns = _turns(lines, ticket.caller_name, places)
        async with transaction(self._sessions) as session:
            # The ticket's lock: its own fact and a look back may come here at one moment
            await tickets.get_for_update(session, ticket_id)
            if not await corrections.known(session, ticket_id):
                session.add(
                    DraftCorrection(
                        ticket_id=ticket_id,
                        at=self._clock.now(),
                        turns=turns,
                        drafted=_drafted(drafted.draft),
                        decided=decided,
                    )
                )


def _turns(lines: Sequence[Utterance], name: str, places: Sequence[str]) -> list[dict[str, str]]:
    callers = [line.speaker is Speaker.CALLER for line in lines]
    texts = scrub([line.text for line in lines], name, callers, places)
    return [
        {"who": "caller" if caller else "operator", "text": text}
        for caller, text in zip(callers, texts, strict=True)
    ]


def _drafted(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name).value for name in _COLUMNS}


def _decided(ticket: Ticket, town: str | None, village: str | None) -> dict[str, Any]:
    return {
        "type": str(ticket.kind) if ticket.kind else None,
        "category": ticket.category_code,
        "town": town,
        "village": village,
        "urgency": str(ticket.urgency),
        "secret": ticket.secret,
    }
