"""What a ticket became, kept beside what was drafted: the next model's lessons, without name or number."""

from __future__ import annotations

import re
from typing import Any, Final

from core.clock import Clock
from core.events import TicketChanged
from core.vocabulary import Speaker, TicketStatus
from db.models import Ticket, Town, Village
from db.models.draft import DraftCorrection
from db.repositories import corrections, utterances
from db.session import SessionMaker, reading, transaction
from tickets.draft.desk import DraftDesk
from tickets.draft.turns import Draft

DECIDED: Final = frozenset({TicketStatus.TO_DISPATCH, TicketStatus.ANSWERED})
_NUMBER: Final = re.compile(r"(?:[0-9０-９零〇一二三四五六七八九十两幺洞拐勾][\s-]?){7,}")
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
        drafted = await self._desk.draft(lines)
        if drafted is None or not lines:
            return
        decided = _decided(ticket, town.name if town else None, village.name if village else None)
        turns = [
            {
                "who": "caller" if line.speaker is Speaker.CALLER else "operator",
                "text": scrub(line.text, ticket.caller_name),
            }
            for line in lines
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


def scrub(text: str, name: str) -> str:
    """The words without the caller's name and without any number of seven digits or more."""
    clean = _NUMBER.sub("某号码", text)
    return clean.replace(name, "某某") if len(name) > 1 else clean


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
