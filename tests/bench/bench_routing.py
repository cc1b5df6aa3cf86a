"""What the decision who is answered first costs: 200,000 calls and 50,000 tickets in SQLite."""

from __future__ import annotations

import asyncio
import datetime as dt
import statistics
import time
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.clock import SystemClock
from core.events import CallArrived
from core.ids import CallId
from core.vocabulary import CallOutcome, CallState, TicketStatus, Urgency
from db.migrate import upgrade
from db.models import Call, Ticket
from db.session import SessionMaker, make_engine, make_sessions, transaction
from telephony.router import RowRouter

CALLS, TICKETS, ASKED = 200_000, 50_000, 500
NUMBERS = 20_000

pytestmark = pytest.mark.bench


def number_of(n: int) -> str:
    return f"139{n % NUMBERS:08d}"


async def fill(sessions: SessionMaker, now: dt.datetime) -> None:
    step = dt.timedelta(minutes=5)
    calls = [
        {
            "id": f"ms-{n}.1",
            "state": CallState.ENDED,
            "outcome": CallOutcome.ANSWERED,
            "caller": number_of(n),
            "dialled": "56564444",
            "channel": "PJSIP/trunk-00000001",
            "arrived_at": now - n * step,
            "ended_at": now - n * step,
            "recovered": False,
        }
        for n in range(1, CALLS + 1)
    ]
    tickets = [
        {
            "number": f"{n:011}",
            "status": TicketStatus.DRAFT,
            "caller_number": number_of(n),
            "urgency": Urgency.NORMAL,
            "created_at": now - n * step,
            "updated_at": now,
        }
        for n in range(1, TICKETS + 1)
    ]
    async with transaction(sessions) as session:
        await session.execute(insert(Call), calls)
        await session.execute(insert(Ticket), tickets)


async def ask(url: str) -> list[float]:
    engine, clock = make_engine(url), SystemClock()
    sessions = make_sessions(engine)
    await fill(sessions, clock.now())
    router, times = RowRouter(sessions, clock), list[float]()
    for n in range(ASKED):
        arrived = CallArrived(
            at=clock.now(),
            call_id=CallId("ms-0.1"),
            pii_caller=number_of(n * 37),
            dialled="56564444",
            channel="PJSIP/trunk-00000001",
        )
        began = time.perf_counter()
        await router.route(arrived)
        times.append((time.perf_counter() - began) * 1000)
    await engine.dispose()
    return sorted(times)


def test_one_decision(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/routing.db"
    upgrade(url)
    times = asyncio.run(ask(url))
    middle, late = statistics.median(times), times[int(ASKED * 0.99)]
    print(f"\none decision: p50 {middle:.1f} ms, p99 {late:.1f} ms; the greeting that it has is 7,000 ms")
