"""Engine, session maker, transaction: the only file that commits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

SessionMaker = async_sessionmaker[AsyncSession]
_READING: Final = "minsheng_reading"
_ONE_VIEW: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def make_engine(url: str) -> AsyncEngine:
    """An engine for SQLite (WAL, foreign keys, 10 s busy wait) or PostgreSQL."""
    engine = create_async_engine(url, pool_pre_ping=url.startswith("postgresql"))
    if url.startswith("sqlite"):
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def make_sessions(engine: AsyncEngine) -> SessionMaker:
    """Sessions whose objects stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def transaction(make: SessionMaker) -> AsyncGenerator[AsyncSession]:
    """One edge, one transaction: everything inside is kept, or nothing is."""
    async with make() as session, session.begin():
        yield session


@asynccontextmanager
async def reading(make: SessionMaker) -> AsyncGenerator[AsyncSession]:
    """One steady view of all rows, which neither waits for a writer nor makes one wait.

    The database itself refuses a write in here: what may write, though seldom, belongs in `transaction`.
    """
    async with make() as session, session.begin():
        dialect = session.get_bind().dialect.name
        await session.connection(execution_options=_ONE_VIEW if dialect == "postgresql" else {_READING: True})
        yield session


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin by itself: a read that later writes would fail with "database is locked"
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    readonly = bool(connection.get_execution_options().get(_READING))
    if readonly != connection.info.get(_READING, False):
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if readonly else 'OFF'}")
        connection.info[_READING] = readonly
    # A writer takes the lock at once: two of them then wait for each other instead of failing half-way
    connection.exec_driver_sql("BEGIN DEFERRED" if readonly else "BEGIN IMMEDIATE")
