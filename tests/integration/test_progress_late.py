"""A database that hangs does not keep a caller who asks how his ticket is: the queue is next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

from db.session import SessionMaker
from ivr.progress import Progress


class Line:
    """The caller's end of one question."""

    headers = {"agi_callerid": "13800001234"}  # noqa: RUF012 - of a request, read only

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send_command(self, command: str) -> None:
        self.asked.append(command)


@asynccontextmanager
async def _never() -> AsyncGenerator[Any]:
    await asyncio.Event().wait()
    yield None


async def test_a_database_that_hangs_is_not_waited_for() -> None:
    line = Line()
    async with asyncio.timeout(60):  # without a limit of its own it would wait for ever
        await Progress(cast(SessionMaker, _never))(cast(Any, line))
    assert line.asked == []
