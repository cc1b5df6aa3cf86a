"""What a room is about, and where: its ticket says it, and says more the longer the talk goes on."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from db.models.bridge import Bridge
from db.models.ticket import Ticket
from db.repositories import tickets
from db.repositories.directory import Matter


async def matter_of(session: AsyncSession, bridge: Bridge) -> Matter:
    """What its ticket says by now, else what the press said."""
    ticket = await ticket_of(session, bridge)
    if ticket is None:
        return Matter(bridge.about)
    return Matter(ticket.category_code or bridge.about, ticket.town_code, ticket.village_id)


async def ticket_of(session: AsyncSession, bridge: Bridge) -> Ticket | None:
    """The room's ticket, else its call's: a room that has just begun waits for its own."""
    if bridge.ticket_id is not None:
        return await tickets.get(session, bridge.ticket_id)
    return await tickets.of_call(session, bridge.call_id) if bridge.call_id is not None else None
