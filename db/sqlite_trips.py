"""SQLite behind a thread, one trip to it a statement; for what is urgent, none at all.

The plain driver goes there four times: for a cursor, to execute, to fetch, to close it. Each trip wakes
another thread and then the event loop again, and on a busy machine each waking waits for a processor; between
the press of 一键三方 and the first telephone stand some twenty statements.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar, cast

import aiosqlite

R = TypeVar("R")
_SCRIPT: Final = "PRAGMA "
"""What begins so and has several statements runs as a script: a switch and the BEGIN after it."""


class OneTripConnection(aiosqlite.Connection):
    """Goes to its thread once a statement, and not at all to roll back what has not begun."""

    def __init__(self, *given: Any, **words: Any) -> None:
        # Always one at a time, but `at_once` from the event loop's thread
        words["check_same_thread"] = False
        super().__init__(lambda: sqlite3.connect(*given, **words), 64)
        self._thread.daemon = True
        self.at_once = False
        """Statements run where they are asked for: those of a moment, behind what may wait for a lock."""
        self.ends_at_once = False
        """The end writes nothing, so it need not go to the thread either."""
        # Each has one writer: this side counts what it sends, the thread what it has done
        self._sent = self._done = 0

    def cursor(self) -> OneTripCursor:  # type: ignore[override]  # ours costs nothing, so it need not be awaited
        """A cursor that is nothing until it executes."""
        return OneTripCursor(self)

    async def commit(self) -> None:
        """Keep it, where there is something."""
        self.at_once = self.ends_at_once
        try:
            await self.trip(lambda link: link.execute("COMMIT") if link.in_transaction else None)
        finally:
            self.at_once = False

    async def rollback(self) -> None:
        """Only where something may have begun; whoever was cancelled may have left a BEGIN under way."""
        self.at_once = False
        if self._sent != self._done or self.in_transaction:
            await super().rollback()

    def stop(self) -> asyncio.Future[Any] | None:
        """Once: a second end would stand in the queue of a thread that is gone, and be waited for for ever.

        Whoever is cancelled twice sends two: SQLAlchemy's end by force, and that of the close under way.
        """
        if not self._running:
            return None
        end = cast("Callable[[], asyncio.Future[Any] | None]", super().stop)  # pyright: ignore[reportUnknownMemberType]
        return end()

    async def close(self) -> None:
        """Nothing more is to be closed where the end has been sent."""
        if self._running:
            await super().close()

    async def trip(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run this in the connection's thread, or here."""
        if self.at_once:
            return work(self._conn)

        def counted() -> R:
            try:
                return work(self._conn)
            finally:
                self._done += 1

        self._sent += 1
        execute = cast("Callable[[Callable[[], R]], Awaitable[R]]", self._execute)  # pyright: ignore[reportUnknownMemberType]
        return await execute(counted)


class OneTripCursor:
    """What one statement left: all its rows, and what is to be known of them."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> OneTripCursor:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> OneTripCursor:
        """Execute, and fetch all rows."""
        script = sql.startswith(_SCRIPT) and ";" in sql and not parameters
        await self._connection.trip(
            lambda link: self._keep(link.executescript(sql) if script else link.execute(sql, parameters))
        )
        return self

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> OneTripCursor:
        """Execute for each of these."""
        await self._connection.trip(lambda link: self._keep(link.executemany(sql, rows)))
        return self

    def _keep(self, done: sqlite3.Cursor) -> None:
        """In the thread."""
        try:
            self.description, self.lastrowid = done.description, done.lastrowid
            self._rows = done.fetchall() if done.description else []
            # A statement that returns rows has counted them only when all are fetched
            self.rowcount = done.rowcount
        finally:
            done.close()

    async def fetchone(self) -> Any:
        """The next row, or None."""
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows."""
        taken, self._rows = self._rows[: size or self.arraysize], self._rows[size or self.arraysize :]
        return taken

    async def fetchall(self) -> list[Any]:
        """All rows that are left."""
        taken, self._rows = self._rows, []
        return taken

    async def __aiter__(self) -> AsyncIterator[Any]:
        for row in await self.fetchall():
            yield row

    async def close(self) -> None:
        """Nothing is open."""
