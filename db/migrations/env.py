"""Runs alembic with our engine and metadata; called through `db.migrate`."""

from __future__ import annotations

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, event, text

import db.models as _models
from db.base import Base
from db.session import make_engine

assert _models.__all__, "every table must be known"


def _run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET lock_timeout = '4s'"))
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        torn = {str(row[0]) for row in connection.execute(text("PRAGMA foreign_key_check"))}
        if torn:
            raise RuntimeError(
                f"rows without their parents in {', '.join(sorted(torn))}; nothing was changed"
            )


def _without_keys(connection: Any, _record: Any) -> None:
    # SQLite changes a table by making it anew, and with keys on it refuses to drop the old one that rows
    # point at. The switch does nothing inside a transaction, so it stands before the first one begins.
    connection.execute("PRAGMA foreign_keys=OFF")


async def _online() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise RuntimeError("alembic needs sqlalchemy.url; use db.migrate.upgrade")
    engine = make_engine(url)
    if url.startswith("sqlite"):
        event.listen(engine.sync_engine, "connect", _without_keys)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


asyncio.run(_online())
