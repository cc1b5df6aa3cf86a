"""Old rows go in batches; what a screen or a timeline may still ask for stays; writers get in between."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from api.retention import BATCH, NEWEST, Retention
from core.clock import SteppedClock
from core.config import PROJECT_ROOT, load_settings
from core.events import CallArrived, CallEnded, Fact, UtteranceSettled
from core.ids import CallId
from core.vocabulary import EndedBy, Speaker
from db.models import AuditEntry, EventLogEntry
from db.repositories import accounts, event_log
from db.session import SessionMaker, make_engine, make_sessions, reading, transaction

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
DAY_S = 86_400


class Rows:
    def __init__(self, sessions: SessionMaker, folder: Path) -> None:
        self.sessions = sessions
        self.clock = SteppedClock(NOW)
        self.settings = load_settings(folder)
        self.removed: list[int] = []
        """Rows in each transaction that removes some."""
        self.began = asyncio.Event()

    def retention(self) -> Retention:
        return Retention(self.settings, self.sessions, self.clock)

    async def facts(self, *facts: Fact) -> None:
        async with transaction(self.sessions) as session:
            await event_log.append_all(session, facts)

    async def log(self) -> list[tuple[int, str]]:
        async with reading(self.sessions) as session:
            return [(one.seq, one.kind) for one in await event_log.heads_after(session, 0, 100_000)]


@pytest.fixture
async def rows(database_url, tmp_path) -> AsyncIterator[Rows]:
    engine = make_engine(database_url)
    made = Rows(make_sessions(engine), tmp_path)

    def seen(*said: object) -> None:
        if str(said[2]).startswith("DELETE"):
            made.removed.append(said[1].rowcount)
            made.began.set()

    event.listen(engine.sync_engine, "after_cursor_execute", seen)
    yield made
    await engine.dispose()


def words(count: int, at: dt.datetime = NOW) -> list[Fact]:
    return [
        UtteranceSettled(
            at=at,
            call_id=CallId("ms-1"),
            utterance_id=n,
            speaker=Speaker.CALLER,
            pii_text="x",
            start_s=0,
            end_s=1,
            confidence=1,
        )
        for n in range(count)
    ]


def a_call(at: dt.datetime = NOW) -> list[Fact]:
    arrived = CallArrived(at=at, call_id=CallId("ms-1"), pii_caller="138", dialled="5", channel="c")
    return [arrived, CallEnded(at=at, call_id=CallId("ms-1"), ended_by=EndedBy.CALLER, cause=16)]


async def test_words_go_after_a_week_timelines_after_a_year_and_the_newest_never(rows):
    await rows.facts(*a_call(), *words(2 * BATCH + 50))
    await rows.facts(*words(NEWEST))
    tending = rows.retention()
    rows.clock.advance(7 * DAY_S - 60)
    assert await tending.tend() == 0
    rows.clock.advance(120)
    assert await tending.tend() == 2 * BATCH + 50
    assert sorted(rows.removed) == [50, BATCH, BATCH]
    left = await rows.log()
    assert [kind for _, kind in left[:2]] == ["CallArrived", "CallEnded"]
    assert len(left) == 2 + NEWEST
    rows.clock.advance(392 * DAY_S)
    assert await tending.tend() == 0
    rows.clock.advance(2 * DAY_S)
    assert await tending.tend() == 2
    rows.clock.advance(4000 * DAY_S)
    assert await rows.retention().tend() == 0
    await rows.facts(*a_call(rows.clock.now()))
    after = [seq for seq, _ in await rows.log()]
    assert after[-1] == max(seq for seq, _ in left) + 2, "a number came twice"


async def test_what_is_newer_than_its_place_in_the_log_stops_nothing_for_good(rows):
    """A fact of last week may be written today, behind younger ones: it goes when all before it have gone."""
    await rows.facts(*words(10), *words(1, NOW + dt.timedelta(days=3)), *words(10))
    await rows.facts(*a_call(), *words(NEWEST))
    tending = rows.retention()
    rows.clock.advance(7 * DAY_S + 1)
    assert await tending.tend() == 10
    rows.clock.advance(3 * DAY_S)
    assert await tending.tend() == 11


async def test_a_writer_comes_in_between_two_batches_and_a_stop_costs_nothing(rows):
    await rows.facts(*words(10 * BATCH))
    await rows.facts(*words(NEWEST))
    rows.clock.advance(8 * DAY_S)
    task = asyncio.get_running_loop().create_task(rows.retention().tend())
    async with asyncio.timeout(60):
        await rows.began.wait()
        await rows.facts(*a_call(rows.clock.now()))
    assert len(rows.removed) < 10
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    gone = 10 * BATCH + NEWEST + 2 - len(await rows.log())
    assert 0 < gone < 10 * BATCH
    assert gone % BATCH == 0
    # The call's two facts are among the newest now, in the place of two words
    assert await rows.retention().tend() == 10 * BATCH + 2 - gone
    assert len(await rows.log()) == NEWEST


async def test_who_looked_at_what_stays_three_years_and_its_going_is_written_down_once(rows):
    async with transaction(rows.sessions) as session:
        for n in range(BATCH + 5):
            await accounts.audit(session, NOW, None, "number_seen", f"ms-{n}")
        await accounts.audit(session, NOW + dt.timedelta(days=3), None, "number_seen", "later")
    tending = rows.retention()
    rows.clock.advance(1096 * DAY_S)
    assert await tending.tend() == 0
    rows.clock.advance(DAY_S + 60)
    assert await tending.tend() == BATCH + 5
    assert await tending.tend() == 0
    async with reading(rows.sessions) as session:
        left = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.at)))
        assert await session.scalar(select(EventLogEntry.seq)) is None
    assert [(one.act, one.subject) for one in left] == [
        ("number_seen", "later"),
        ("audit_thinned", "audit_log"),
    ]
    assert left[1].details == {"before": (NOW + dt.timedelta(days=1, seconds=60)).isoformat()}


async def test_a_kill_in_the_middle_of_the_batches_leaves_whole_batches_and_the_next_go_ends_it(
    rows, database_url
):
    """Each time the whole process dies between a removal and its commit: that batch is there again, whole."""
    await rows.facts(*a_call(), *words(4 * BATCH))
    await rows.facts(*words(NEWEST))
    async with transaction(rows.sessions) as session:
        for n in range(BATCH + 5):
            await accounts.audit(session, NOW - dt.timedelta(days=1096), None, "number_seen", f"ms-{n}")
    rows.clock.advance(8 * DAY_S)
    left: list[tuple[int, int]] = []
    # Four batches of the log, two of the audit log: who dies at the third removal has made two
    for at in (1, 3, 3, 1, 2, 9):
        arguments = [database_url, str(rows.settings.state_dir), rows.clock.now().isoformat(), str(at)]
        command = [sys.executable, "-m", "tests.fakes.retention_that_dies", *arguments]
        died = await asyncio.to_thread(subprocess.run, command, cwd=PROJECT_ROOT, timeout=60)
        assert died.returncode == (0 if at == 9 else -signal.SIGKILL)
        async with reading(rows.sessions) as session:
            looked = select(func.count()).select_from(AuditEntry).where(AuditEntry.act == "number_seen")
            seen = await session.scalar(looked)
        left.append((len(await rows.log()) - NEWEST - 2, seen))
    assert left == [
        (4 * BATCH, BATCH + 5),
        (2 * BATCH, BATCH + 5),
        (0, BATCH + 5),
        (0, BATCH + 5),
        (0, 5),
        (0, 0),
    ]
    assert [kind for _, kind in (await rows.log())[:2]] == ["CallArrived", "CallEnded"]
