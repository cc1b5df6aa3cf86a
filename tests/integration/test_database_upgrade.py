"""A database in which people have worked goes up to the newest schema with every row it had."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, exc, text

from db.migrate import downgrade, upgrade
from db.session import make_engine

FIRST = "ae4c8e1fefa6"
MADE_AT = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
WORKED = {
    "calls": {"id": "c1", "state": "ended"},
    "recordings": {"call_id": "c1", "state": "joined"},
    "utterances": {"call_id": "c1", "speaker": "caller", "text": "草堂镇停电了"},
    "tickets": {"id": 1, "call_id": "c1", "status": "draft", "urgency": "normal"},
    "ticket_events": {"ticket_id": 1, "to_status": "draft"},
}
"""An answered call with its words, and its ticket with a history, by tables in the order of their keys."""


def work(url: str, job: Any) -> Any:
    async def run() -> Any:
        engine = make_engine(url)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(job)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def fill(connection: Connection) -> None:
    known = MetaData()
    known.reflect(connection)
    for name, given in WORKED.items():
        table = known.tables[name]
        connection.execute(table.insert().values(_whole(table, given)))


def _whole(table: Table, given: dict[str, Any]) -> dict[str, Any]:
    """What was given, and something in every other column that must not be empty."""
    plain: dict[type, Any] = {
        int: 0,
        bool: False,
        float: 0.0,
        str: "",
        dt.datetime: MADE_AT,
        dict: [],
        object: [],
    }
    row = dict(given)
    for column in table.columns:
        if not column.nullable and column.server_default is None and not column.primary_key:
            row.setdefault(column.name, plain[column.type.python_type])
    return row


def counts(connection: Connection) -> dict[str, int]:
    return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in WORKED}


@pytest.fixture
def worked_url(empty_url):
    upgrade(empty_url, FIRST)
    work(empty_url, fill)
    return empty_url


def test_no_row_is_lost_on_the_way_up_or_down(worked_url):
    upgrade(worked_url)
    assert work(worked_url, counts) == dict.fromkeys(WORKED, 1)
    downgrade(worked_url, FIRST)
    assert work(worked_url, counts) == dict.fromkeys(WORKED, 1)


def test_rows_still_hold_each_other_after_the_upgrade(worked_url):
    upgrade(worked_url)
    with pytest.raises(exc.IntegrityError):
        work(worked_url, lambda connection: connection.execute(text("DELETE FROM tickets")))


def test_an_upgrade_that_would_leave_a_row_without_its_call_is_taken_back(tmp_path):
    url = f"sqlite+aiosqlite:///{tmp_path / 'torn.db'}"
    upgrade(url, FIRST)
    work(url, fill)
    with sqlite3.connect(tmp_path / "torn.db") as bare:  # which holds no keys unless asked to
        bare.execute("DELETE FROM calls")
    with pytest.raises(RuntimeError, match="recordings"):
        upgrade(url)
    found = work(url, lambda one: one.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    assert found == FIRST
