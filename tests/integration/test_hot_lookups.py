"""What the control plane asks several times a second is answered by an index: years of rows cost nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import BridgeKind
from core.vocabulary import RecordingState
from db.base import Base
from db.repositories import (
    accounts,
    bridges,
    callback_parties,
    callbacks,
    calls,
    event_log,
    leg_words,
    recordings,
    tickets,
)
from db.session import make_engine, make_sessions, reading

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
GROW = (
    "calls",
    "bridges",
    "bridge_legs",
    "bridge_attempts",
    "event_log",
    "utterances",
    "recordings",
    "audit_log",
)
HOT: dict[str, Callable[[AsyncSession], Awaitable[Any]]] = {
    "open calls": calls.open_calls,
    "today's calls": lambda session: calls.since(session, NOW),
    "callers in rooms": bridges.callers_inside,
    "running rooms": bridges.open_bridges,
    "unsettled rooms": bridges.unsettled,
    "unsettled and just ended rooms": lambda session: bridges.unsettled(session, NOW),
    "rooms that wait for their ticket": lambda session: bridges.without_ticket(session, NOW),
    "legs that nobody has measured": lambda session: bridges.unheard_recordings(session, NOW),
    "rooms of a seat": lambda session: bridges.asked_seat(session, 3),
    "another room of a seat": lambda session: bridges.open_of_seat(session, 3, besides=1),
    "the room of a press": lambda session: bridges.of_press(session, "k", "ms-5.1"),
    "caps of a press": lambda session: bridges.counts_since(session, NOW, 3, BridgeKind.EMERGENCY),
    "who is heard now": leg_words.joined,
    "whose second pass is due": leg_words.unheard,
    "what is to be joined": lambda session: recordings.in_state(session, RecordingState.CAPTURED),
    "calls without a ticket": lambda session: tickets.calls_without(session, NOW),
    "calls in vain": lambda session: callbacks.calls_to_look_at(session, NOW),
    "whether an alarm is written down": lambda session: accounts.alarm_audited(
        session, "a", "ms-1", "E1", "火"
    ),
    "whether a look is written down": lambda session: accounts.audited_since(session, 1, "a", "ms-1", NOW),
    "the end of a seat's work": lambda session: event_log.next_of_seat(session, 1, NOW, {"SeatLeft"}),
    "parties who pressed 2": lambda session: callback_parties.to_look_at(session, NOW),
}


@pytest.mark.parametrize("name", HOT)
def test_no_table_that_grows_is_gone_through(name: str, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/t.db"

    async def plans() -> list[str]:
        engine = make_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        asked: list[tuple[str, Any]] = []
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *seen: asked.append(seen[2:4]))
        async with reading(make_sessions(engine)) as session:
            await HOT[name](session)
            connection = await session.connection()
            selects = [one for one in asked if one[0].startswith("SELECT")]
            steps = [
                str(row["detail"])
                for text, values in selects
                for row in (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)).mappings()
            ]
        await engine.dispose()
        return steps

    steps = asyncio.run(plans())
    assert steps
    whole = [step for step in steps for table in GROW if step in (f"SCAN {table}", f"SCAN TABLE {table}")]
    assert whole == []
