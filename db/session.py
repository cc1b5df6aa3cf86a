"""Engine, session maker, transaction: the only file that commits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

SessionMaker = async_sessionmaker[AsyncSession]


def make_engine(url: str) -> AsyncEngine:
    """An engine for SQLite (WAL, foreign keys, 10 s busy wait) or PostgreSQL."""
    engine = create_async_engine(url, pool_pre_ping=url.startswith("postgresql"))
    if url.startswith("sqlite"):
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def make_sessions(engine: AsyncEngine) -> SessionMaker:
    """Sessions whose objects stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def transaction(make: SessionMaker) -> AsyncGenerator[AsyncSession]:
    """One edge, one transaction: everything inside is kept, or nothing is."""
    async with make() as session, session.begin():
        yield session


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin by itself: a read that later writes would fail with "database is locked"
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    # Take the write lock at once: two transactions then wait for each other instead of failing half-way
    connection.exec_driver_sql("BEGIN IMMEDIATE")
