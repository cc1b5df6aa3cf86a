"""agi://…/progress: what became of the caller's latest ticket, told by one prompt a status."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import TicketStatus
from db.models.ticket import Ticket
from db.session import SessionMaker, reading
from ivr.agi_server import AgiRequest

log = structlog.get_logger(__name__)

ANSWER_S: Final = 2.0
"""A caller who asks waits no longer for the database: the queue is next."""
NONE_FOUND: Final = "ms-progress-none"
TELLABLE: Final = (TicketStatus.PENDING_ACCEPT, TicketStatus.TO_DISPATCH, TicketStatus.ANSWERED)
ANY_KEY: Final = '"0123456789*#"'


class Progress:
    """Answers one question; holds no session while prompts play."""

    def __init__(self, sessions: SessionMaker) -> None:
        self._sessions = sessions

    async def __call__(self, request: AgiRequest) -> None:
        """Say the latest ticket's status; any key ends it. Raises AgiHangup."""
        number = request.headers["agi_callerid"]
        try:
            async with asyncio.timeout(ANSWER_S), reading(self._sessions) as session:
                ticket = await latest_ticket(session, number)
                told = await _told(session, ticket) if ticket else None
        except TimeoutError:
            log.warning("progress_too_late")
            return
        if told is None:
            await request.send_command(f"STREAM FILE {NONE_FOUND} {ANY_KEY}")
            return
        await request.send_command(f"STREAM FILE ms-progress-{told} {ANY_KEY}")


async def latest_ticket(session: AsyncSession, number: str) -> Ticket | None:
    """The caller's newest ticket that may be told of; drafts and void ones, and secret ones, may not."""
    if not number or number == "unknown":
        return None
    query = (
        select(Ticket)
        .where(
            Ticket.caller_number == number,
            Ticket.status.in_((*TELLABLE, TicketStatus.MERGED)),
            Ticket.secret.is_(False),
        )
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def _told(session: AsyncSession, ticket: Ticket) -> TicketStatus | None:
    """A joined file fares as the one that it was joined into."""
    if ticket.status is not TicketStatus.MERGED:
        return ticket.status
    parent = await session.get(Ticket, ticket.parent_id)
    return parent.status if parent is not None and parent.status in TELLABLE else None
