"""Runs alembic with our engine and metadata; called through `db.migrate`."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, text

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


async def _online() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise RuntimeError("alembic needs sqlalchemy.url; use db.migrate.upgrade")
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_online())
