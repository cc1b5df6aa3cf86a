"""Rows that nobody can read any more go, in small batches: who waits for the database hardly notices.

The log of facts is read by screens that come back (the newest few hundred) and by the timelines of calls
(some of its kinds). Tickets, conferences and call-backs have their history in rows of their own.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

import structlog

from core.clock import Clock
from core.config import Settings
from db.repositories import accounts, event_log
from db.repositories.event_log import Head
from db.session import SessionMaker, reading, transaction
from telephony.timeline import READ_FROM_LOG

log = structlog.get_logger(__name__)

EVERY_S: Final = 600.0
BATCH: Final = 200
"""Rows in one transaction."""
PAUSE_S: Final = 0.05
"""Between two of them: SQLite has one writer at a time."""
LOOKED_AT: Final = 2000
STEPS: Final = 20
"""Such looks in one go; what is left waits for the next."""
NEWEST: Final = 1000
"""So many stay whatever their age: a screen that comes back with an older number is told to load again."""
NOTED_EVERY: Final = dt.timedelta(days=1)


@dataclass
class _Walk:
    """How far the log was gone through for one of its two times."""

    days: int
    spared: frozenset[str]
    seq: int = 0


class Retention:
    """`tend` may be called as often as one likes; a kill costs nothing but the way already gone."""

    def __init__(self, settings: Settings, sessions: SessionMaker, clock: Clock) -> None:
        limits = settings.retention
        self._sessions = sessions
        self._clock = clock
        self._audit_days = limits.audit_days
        self._walks = (
            _Walk(limits.replay_days, READ_FROM_LOG),
            _Walk(limits.timeline_days, frozenset()),
        )

    async def run(self) -> None:
        """For ever, now and then."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.tend()

    async def tend(self) -> int:
        """Remove what is too old; returns how many rows."""
        removed = 0
        for walk in self._walks:
            removed += await self._log(walk)
        removed += await self._audit()
        if removed:
            log.info("rows_removed", rows=removed)
        return removed

    async def _log(self, walk: _Walk) -> int:
        before, removed = self._clock.now() - dt.timedelta(days=walk.days), 0
        for _ in range(STEPS):
            async with reading(self._sessions) as session:
                last = await event_log.last_seq(session)
                heads = await event_log.heads_after(session, walk.seq, LOOKED_AT)
            old = _beginning(heads, before, last - NEWEST)
            doomed = [one.seq for one in old if one.kind not in walk.spared]
            for begin in range(0, len(doomed), BATCH):
                async with transaction(self._sessions) as session:
                    await event_log.remove(session, doomed[begin : begin + BATCH])
                await asyncio.sleep(PAUSE_S)
            removed += len(doomed)
            if old:
                walk.seq = old[-1].seq
            if len(old) < LOOKED_AT:
                break
        return removed

    async def _audit(self) -> int:
        """That it was thinned, and up to when, is written down first, once a day at most."""
        now, removed = self._clock.now(), 0
        before = now - dt.timedelta(days=self._audit_days)
        async with reading(self._sessions) as session:
            if not await accounts.audited_before(session, before - NOTED_EVERY, 1):
                return 0
        async with transaction(self._sessions) as session:
            await accounts.audit(session, now, None, "audit_thinned", "audit_log", before=before.isoformat())
        for _ in range(STEPS * LOOKED_AT // BATCH):
            async with transaction(self._sessions) as session:
                doomed = await accounts.audited_before(session, before, BATCH)
                await accounts.remove_audited(session, doomed)
            removed += len(doomed)
            if len(doomed) < BATCH:
                break
            await asyncio.sleep(PAUSE_S)
        return removed


def _beginning(heads: list[Head], before: dt.datetime, upto: int) -> list[Head]:
    """What is old enough, up to the first that is not: that one is looked at again next time."""
    return list(takewhile(lambda one: one.at < before and one.seq <= upto, heads))
