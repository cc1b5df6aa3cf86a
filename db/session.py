"""Engine, session maker, transaction: the only file that commits."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from db.sqlite_trips import OneTripConnection

SessionMaker = async_sessionmaker[AsyncSession]
_READING: Final = "minsheng_reading"
_URGENT: Final = "minsheng_urgent"
_PG_DISK_FULL: Final = "53100"
_ONE_VIEW: Final = {_READING: True, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def make_engine(url: str) -> AsyncEngine:
    """An engine for SQLite (WAL, foreign keys, 10 s busy wait) or PostgreSQL."""
    engine = create_async_engine(url, pool_pre_ping=url.startswith("postgresql"))
    event.listen(engine.sync_engine, "before_execute", _refuse_lock)
    if url.startswith("sqlite"):
        event.listen(engine.sync_engine, "do_connect", _connect_sqlite)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def make_sessions(engine: AsyncEngine) -> SessionMaker:
    """Sessions whose objects stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def transaction(make: SessionMaker, *, urgent: bool = False) -> AsyncGenerator[AsyncSession]:
    """One edge, one transaction: everything inside is kept, or nothing is.

    `urgent` is for a handful of statements of a moment each, for which somebody waits: see `_begin_sqlite`.
    """
    async with make() as session, session.begin():
        if urgent:
            await session.connection(execution_options={_URGENT: True})
        yield session


@asynccontextmanager
async def reading(make: SessionMaker, *, urgent: bool = False) -> AsyncGenerator[AsyncSession]:
    """One steady view of all rows, which neither waits for a writer nor makes one wait.

    The database itself refuses a write in here: what may write, though seldom, belongs in `transaction`.
    """
    async with make() as session, session.begin():
        dialect = session.get_bind().dialect.name
        how = _ONE_VIEW if dialect == "postgresql" else {_READING: True, _URGENT: urgent}
        await session.connection(execution_options=how)
        yield session


def no_room(error: BaseException) -> bool:
    """Whether the database could not write because its disk is full."""
    found = getattr(error, "orig", error)
    full = getattr(found, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return full or getattr(found, "sqlstate", None) == _PG_DISK_FULL


def _refuse_lock(connection: Connection, statement: Any, *_: Any) -> None:
    """A row is not locked where nothing can be written. SQLite knows no such lock and would let it pass."""
    locks = getattr(statement, "_for_update_arg", None) is not None
    if locks and connection.get_execution_options().get(_READING):
        raise InvalidRequestError(f"FOR UPDATE while reading: {statement}")


def _connect_sqlite(_dialect: Any, _record: Any, _given: Any, words: dict[str, Any]) -> None:
    words["async_creator_fn"] = OneTripConnection


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin by itself: a read that later writes would fail with "database is locked"
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin as a reader or as a writer. What is urgent goes to the connection's thread to wait, else not.

    Each of those trips waits for a processor twice, which on a busy machine takes longer than the statement.
    """
    how = connection.get_execution_options()
    readonly, urgent = bool(how.get(_READING)), bool(how.get(_URGENT))
    # A writer takes the lock at once: two of them then wait for each other instead of failing half-way
    begin = "BEGIN DEFERRED" if readonly else "BEGIN IMMEDIATE"
    if readonly != connection.info.get(_READING, False):
        begin = f"PRAGMA query_only={'ON' if readonly else 'OFF'}; {begin}"
    link = connection.connection.driver_connection
    assert isinstance(link, OneTripConnection)
    link.at_once = link.ends_at_once = urgent and readonly
    connection.exec_driver_sql(begin)
    connection.info[_READING] = readonly
    link.at_once = urgent
