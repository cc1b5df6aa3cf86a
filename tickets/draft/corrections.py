"""What a ticket became, kept beside what was drafted: the next model's lessons, without name or number."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
_DIGIT: Final = "[0-9０-９零〇一二三四五六七八九十两幺洞拐勾]"
_PAUSE: Final = r"(?:[\s\-－—,，、。.]|嗯|呃|哦|好|对|是|再|然后|后面|个|双)*"
_NUMBER: Final = re.compile(rf"(?:{_DIGIT}{_PAUSE}){{6,}}{_DIGIT}[ \-]?")
"""Seven digits or more, in however many pieces and lines they were dictated."""
_NAMED: Final = re.compile(
    r"((?:我叫|名字(?:是|叫)?|姓名(?:是|叫)?|免贵姓|我姓)(?:做|作)?)(?![了你他她它人们过着到不去来\s])[\u3400-\u9fff]{1,3}"
)
_TITLED: Final = re.compile("[\u3400-\u9fff](?=先生|女士)")
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
        texts = scrub([line.text for line in lines], ticket.caller_name)
        turns = [
            {"who": "caller" if line.speaker is Speaker.CALLER else "operator", "text": text}
            for line, text in zip(lines, texts, strict=True)
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


def scrub(lines: Sequence[str], name: str) -> list[str]:
    """The same lines without the caller's name and without any number of seven digits or more.

    A name that the ticket does not have, or has otherwise than it was heard, is known by how people say it.
    """
    whole = "\n".join(line.replace("\n", " ") for line in lines)
    whole = _NUMBER.sub(lambda found: "某号码" + "\n" * found[0].count("\n"), whole)
    if len(name) > 1:
        whole = whole.replace(name, "某某")
    whole = _TITLED.sub("某", _NAMED.sub(r"\1某某", whole))
    return whole.split("\n") if lines else []


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
