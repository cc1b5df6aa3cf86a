"""What a ticket became, kept beside what was drafted: the next model's lessons, without name or number."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select

from core.clock import Clock
from core.events import TicketChanged
from core.vocabulary import Speaker, TicketStatus
from db.models import Ticket, Town, Village
from db.models.draft import DraftCorrection
from db.repositories import corrections, utterances
from db.session import SessionMaker, reading, transaction
from tickets.draft.desk import DraftDesk
from tickets.draft.scrubbing import scrub
from tickets.draft.turns import Draft

__all__ = ["DECIDED", "CorrectionListener", "scrub"]

DECIDED: Final = frozenset({TicketStatus.TO_DISPATCH, TicketStatus.ANSWERED})
_COLUMNS: Final = ("type", "category", "town", "village", "urgency", "secret")


class CorrectionListener:
    """Keeps a lesson with each ticket that an operator sends on. Repeatable."""

    def __init__(self, sessions: SessionMaker, clock: Clock, desk: DraftDesk) -> None:
        self._sessions = sessions
        self._clock = clock
        self._desk = desk

    async def on_ticket(self, fact: TicketChanged) -> None:
        """The ticket was decided: keep what was drafted and what it became."""
        if fact.status not in DECIDED or fact.call_id is None:
            return
        async with reading(self._sessions) as session:
            ticket = await session.get(Ticket, fact.ticket_id)
            if ticket is None or await corrections.known(session, ticket.id):
                return
            lines = await utterances.of_call(session, fact.call_id)
            town = await session.get(Town, ticket.town_code) if ticket.town_code else None
            village = await session.get(Village, ticket.village_id) if ticket.village_id else None
            places = [*await session.scalars(select(Town.name)), *await session.scalars(select(Village.name))]
        drafted = await self._desk.draft(lines)
        if drafted is None or not lines:
            return
        decided = _decided(ticket, town.name if town else None, village.name if village else None)
        callers = [line.speaker is Speaker.CALLER for line in lines]
        texts = scrub([line.text for line in lines], ticket.caller_name, callers, places)
        turns = [
            {"who": "caller" if caller else "operator", "text": text}
            for caller, text in zip(callers, texts, strict=True)
        ]
        async with transaction(self._sessions) as session:
            if not await corrections.known(session, ticket.id):
                session.add(
                    DraftCorrection(
                        ticket_id=ticket.id,
                        at=self._clock.now(),
                        turns=turns,
                        drafted=_drafted(drafted.draft),
                        decided=decided,
                    )
                )


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
