"""A ticket as other pages name it: to whom it opens, and for all others who has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.security import Person
from api.whose import openable
from db.models import Account, Ticket


async def links(
    session: AsyncSession, person: Person, found: Sequence[Ticket], people: dict[int, Account]
) -> dict[int, dict[str, Any]]:
    """By the ticket's id. Without `may_open` a click would be refused: the page shows words, and no link."""
    mine = await openable(session, person, found)
    return {
        ticket.id: {
            "id": ticket.id,
            "number": ticket.number,
            "operator_name": people[ticket.operator_id].name if ticket.operator_id in people else None,
            "may_open": ticket.id in mine,
        }
        for ticket in found
    }
