"""Writes without end, there to be killed: `python -m tests.fakes.restless_writer URL NAME`.

Each turn is one transaction as the hotline makes them: call, ticket with its number, history, log.
After the commit, and only then, the ticket's number goes to standard output.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from itertools import count

from core.events import CallAnswered
from core.ids import CallId, SeatId
from core.vocabulary import CallState, TicketStatus
from db.models import Call
from db.repositories import event_log
from db.session import make_engine, make_sessions, transaction
from tickets import service

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


async def write(url: str, name: str) -> None:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    for n in count(1):
        call_id = f"ms-{name}-{n}"
        async with transaction(sessions) as session:
            call = Call(
                id=call_id,
                state=CallState.TALKING,
                caller="13800001234",
                dialled="56564444",
                channel="-",
                arrived_at=NOW,
                answered_at=NOW,
            )
            session.add(call)
            await event_log.append(
                session,
                CallAnswered(
                    at=NOW, call_id=CallId(call.id), seat_id=SeatId(1), wait_s=1.0, seat_channel="-"
                ),
            )
            ticket, _new = await service.open_for_call(session, call, TicketStatus.DRAFT, NOW)
            await service.edit(session, ticket.id, {"version": 1, "content": "字" * 4000}, None, NOW)
            await service.told(session, ticket, NOW)
        sys.stdout.write(f"{ticket.number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2]))
