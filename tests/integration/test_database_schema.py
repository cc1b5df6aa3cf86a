"""The schema goes up, down and up again on both databases, and the models say exactly what it says."""

from __future__ import annotations

import asyncio

import pytest
from alembic import command
from sqlalchemy import Connection, func, inspect, select

from core.clock import SystemClock
from db.migrate import alembic_config, downgrade, upgrade
from db.models import Account, Category, Town, Village
from db.reference_data import create_demo_accounts, load_reference
from db.session import make_engine, make_sessions, reading, transaction


def tables(url: str) -> set[str]:
    def names(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}

    async def look() -> set[str]:
        engine = make_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(names)
        await engine.dispose()
        return found

    return asyncio.run(look())


def test_up_down_up_and_the_models_agree(empty_url):
    upgrade(empty_url)
    first = tables(empty_url)
    assert {"calls", "tickets", "accounts", "event_log"} <= first
    command.check(alembic_config(empty_url))
    downgrade(empty_url, "base")
    assert tables(empty_url) == set()
    upgrade(empty_url)
    assert tables(empty_url) == first
    command.check(alembic_config(empty_url))


def test_a_schema_that_differs_is_noticed(empty_url):
    """`alembic check` above can fail: it does so for a column that no model knows."""
    upgrade(empty_url)

    async def change() -> None:
        engine = make_engine(empty_url)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE accounts ADD COLUMN nickname VARCHAR(10)")
        await engine.dispose()

    asyncio.run(change())
    with pytest.raises(Exception, match="New upgrade operations detected"):
        command.check(alembic_config(empty_url))


def test_upgrade_is_repeatable(database_url):
    upgrade(database_url)
    command.check(alembic_config(database_url))


@pytest.fixture
async def sessions(database_url):
    engine = make_engine(database_url)
    yield make_sessions(engine)
    await engine.dispose()


async def test_reference_data_loads_twice_to_the_same_rows_and_keeps_an_edited_one(sessions):
    people = set()
    for turn in range(2):
        async with transaction(sessions) as session:
            await load_reference(session)
            await create_demo_accounts(session, SystemClock())
            town = await session.scalar(select(Town).order_by(Town.code).limit(1))
            assert town is not None
            assert (town.kind == "改过") == (turn == 1)
            town.kind = "改过"
            people.add(frozenset(await session.scalars(select(Account.login))))
    assert len(people) == 1, "the second time nobody is added"
    async with reading(sessions) as session:
        assert [await session.scalar(select(func.count()).select_from(t)) for t in (Town, Village)] == [
            33,
            390,
        ]
        assert await session.scalar(select(func.count()).where(Category.parent_code.is_(None))) == 12
