"""Killed in the middle of writing: what was promised is there, and nothing is there by half."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text

from core.config import PROJECT_ROOT
from db.models import Call, EventLogEntry, Ticket, TicketEvent
from db.session import make_engine, make_sessions, reading

Writer = subprocess.Popen[str]


@contextmanager
def writer(url: str, name: str) -> Iterator[Writer]:
    command = [sys.executable, "-m", "tests.fakes.restless_writer", url, name]
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def promised(process: Writer, at_least: int) -> list[str]:
    """Waits until the writer has told of so many commits."""
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(at_least)]
    assert all(lines), "the writer died by itself"
    return lines


def rest(process: Writer) -> list[str]:
    """What it still told before it died; a line cut off by the death does not count."""
    assert process.stdout is not None
    return [line.strip() for line in process.stdout.readlines() if line.endswith("\n")]


async def check_whole(url: str, told: set[str]) -> int:
    """How many tickets there are, each complete; every number that was told is among them."""
    engine = make_engine(url)
    async with reading(make_sessions(engine)) as session:
        if url.startswith("sqlite"):
            assert await session.scalar(text("PRAGMA integrity_check")) == "ok"
            assert (await session.execute(text("PRAGMA foreign_key_check"))).all() == []
        files = list(await session.scalars(select(Ticket).order_by(Ticket.number)))
        counts = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (Call, TicketEvent, EventLogEntry)
        ]
    await engine.dispose()
    assert told <= {file.number for file in files}
    assert [file.number for file in files] == [f"261124{n:05}" for n in range(1, len(files) + 1)]
    assert {(file.version, len(file.content)) for file in files} == {(2, 4000)}
    assert counts == [len(files), 2 * len(files), 2 * len(files)]
    return len(files)


async def test_a_writer_killed_in_the_middle_leaves_the_database_whole_and_open(database_url):
    told: set[str] = set()
    for turn in range(4):
        with writer(database_url, f"turn{turn}") as process:
            told |= set(await asyncio.to_thread(promised, process, 5 + 7 * turn))
            process.kill()
            told |= set(await asyncio.to_thread(rest, process))
        assert await check_whole(database_url, told) >= len(told)


async def test_two_writers_of_which_one_is_killed_never_share_a_number(database_url):
    with writer(database_url, "a") as first, writer(database_url, "b") as second:
        told = await asyncio.to_thread(promised, first, 10) + await asyncio.to_thread(promised, second, 10)
        first.kill()
        told += await asyncio.to_thread(promised, second, 10)
        second.kill()
        told += await asyncio.to_thread(rest, first) + await asyncio.to_thread(rest, second)
    assert len(told) == len(set(told))
    await check_whole(database_url, set(told))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_a_killed_postgresql_promised_is_there_after_its_recovery(database_url, postgres):
    await asyncio.to_thread(postgres.keep_promises, database_url)
    with writer(database_url, "a") as process:
        told = set(await asyncio.to_thread(promised, process, 25))
        await asyncio.to_thread(postgres.kill)
        told |= set(await asyncio.to_thread(rest, process))
        assert process.wait(timeout=30) != 0
    postgres.start()  # from this thread: the server ends with the thread that started it
    assert await check_whole(database_url, told) >= 25
