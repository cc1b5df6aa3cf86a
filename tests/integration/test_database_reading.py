"""Readers and writers at the same time, on both databases: neither waits for the other."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import shutil

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import Role
from db.models import Account
from db.repositories import accounts
from db.session import make_engine, make_sessions, reading, transaction
from tests.fakes.postgres_server import Rows

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


@pytest.fixture
async def sessions(database_url):
    engine = make_engine(database_url)
    yield make_sessions(engine)
    await engine.dispose()


def add(session: AsyncSession, login: str) -> None:
    session.add(Account(login=login, name="某人", role=Role.OPERATOR, password_hash="-", created_at=NOW))


async def logins(session: AsyncSession) -> set[str]:
    return {account.login for account in (await accounts.names(session)).values()}


async def test_a_long_reader_keeps_its_view_and_no_writer_waits_for_it(sessions):
    async with reading(sessions) as slow:
        assert await logins(slow) == set()
        async with asyncio.timeout(5):  # less than SQLite's busy wait: a block would be an error
            async with transaction(sessions) as writer:
                add(writer, "anna")
        assert await logins(slow) == set()
    async with reading(sessions) as later:
        assert await logins(later) == {"anna"}


async def test_a_long_writer_holds_up_no_reader(sessions):
    async with transaction(sessions) as slow:
        add(slow, "anna")
        await slow.flush()
        async with asyncio.timeout(5), reading(sessions) as reader:
            assert await logins(reader) == set()
    async with reading(sessions) as later:
        assert await logins(later) == {"anna"}


async def test_the_database_itself_refuses_a_write_while_reading(sessions):
    async def write() -> None:
        async with reading(sessions) as session:
            add(session, "anna")
            await session.flush()

    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        await write()
    async with reading(sessions) as session:
        assert await logins(session) == set()


async def test_a_connection_that_was_read_with_may_write_again(sessions):
    for turn in range(3):  # one after the other: the pool hands out the same connection each time
        async with reading(sessions) as session:
            assert len(await logins(session)) == turn
        async with transaction(sessions) as session:
            add(session, f"anna{turn}")


async def test_what_fails_half_way_leaves_nothing_and_blocks_nobody(sessions):
    async def break_off() -> None:
        async with transaction(sessions) as session:
            add(session, "anna")
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    async with transaction(sessions) as session:
        add(session, "bert")
    async with reading(sessions) as session:
        assert await logins(session) == {"bert"}


async def test_urgent_and_other_sessions_take_turns_on_one_connection(sessions):
    for turn, (read_at_once, write_at_once) in enumerate(itertools.product((True, False), repeat=2)):
        async with reading(sessions, urgent=read_at_once) as session:
            assert len(await logins(session)) == turn
        async with transaction(sessions, urgent=write_at_once) as session:
            add(session, f"anna{turn}")


async def test_an_urgent_reader_may_not_write_and_leaves_a_writer_room(sessions):
    async with transaction(sessions) as slow:
        add(slow, "anna")
        await slow.flush()
        async with asyncio.timeout(5), reading(sessions, urgent=True) as reader:
            assert await logins(reader) == set()
            add(reader, "bert")
            with pytest.raises(DBAPIError, match=r"readonly|read-only"):
                await reader.flush()
            await reader.rollback()
    async with reading(sessions, urgent=True) as later:
        assert await logins(later) == {"anna"}


async def test_what_fails_half_way_leaves_nothing_where_it_is_urgent(sessions):
    async def break_off() -> None:
        async with transaction(sessions, urgent=True) as session:
            add(session, "anna")
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    async with transaction(sessions, urgent=True) as session:
        add(session, "bert")
    async with reading(sessions) as session:
        assert await logins(session) == {"bert"}


async def test_an_urgent_writer_waits_for_the_lock_beside_everything_else(tmp_path, schema_of):
    """On SQLite, where there is one writer: were the wait not in a thread, the first could never end."""
    shutil.copy(schema_of("sqlite", Rows.NONE), tmp_path / "fresh.db")
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}")
    sessions = make_sessions(engine)

    async def write(login: str) -> None:
        async with transaction(sessions, urgent=True) as session:
            add(session, login)

    async with transaction(sessions) as slow:
        add(slow, "anna")
        await slow.flush()
        second, given_up = asyncio.create_task(write("bert")), asyncio.create_task(write("carl"))
        await asyncio.sleep(0.2)
        assert not second.done()
        given_up.cancel()
    async with asyncio.timeout(20):
        await second
        with pytest.raises(asyncio.CancelledError):
            await given_up
        await write("dora")  # whoever was cancelled at the lock does not keep it
    async with reading(sessions) as session:
        assert await logins(session) == {"anna", "bert", "dora"}
    await engine.dispose()


async def test_writers_on_sqlite_wait_for_each_other_instead_of_failing(tmp_path, schema_of):
    """On PostgreSQL both run; what must not interleave takes row locks there (test_database_tickets)."""
    shutil.copy(schema_of("sqlite", Rows.NONE), tmp_path / "fresh.db")
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}")
    sessions = make_sessions(engine)

    async def count_up() -> None:
        async with transaction(sessions) as session:
            add(session, f"number{await session.scalar(text('SELECT count(*) FROM accounts'))}")

    async with asyncio.timeout(20):
        await asyncio.gather(*(count_up() for _ in range(12)))
    async with reading(sessions) as session:
        assert await logins(session) == {f"number{n}" for n in range(12)}
    await engine.dispose()


async def test_a_row_is_not_locked_while_reading_on_either_database(sessions):
    async with reading(sessions) as reader:
        with pytest.raises(InvalidRequestError):
            await reader.get(Account, 1, with_for_update=True)
    async with transaction(sessions) as writer:
        assert await writer.get(Account, 1, with_for_update=True) is None
