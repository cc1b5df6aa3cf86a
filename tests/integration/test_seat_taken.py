"""Two who sit down at one seat at the same moment: one sits, and the telephone is that one's."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any, cast

import pytest

from core.bus import Bus
from core.clock import SteppedClock
from core.errors import SeatTaken
from core.events import SeatTakenBy
from core.ids import OperatorId, SeatId
from core.vocabulary import Role, SeatState
from db.base import Base
from db.models import Account, Seat
from db.session import make_engine, make_sessions, reading, transaction
from telephony.seat_service import SeatService

T = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


class Policies:
    """Asked between the look at the seat and the sitting down: both have looked before the first sits."""

    def __init__(self) -> None:
        self.asked = 0
        self.both, self.sits = asyncio.Event(), asyncio.Event()

    async def number(self, key: str, default: float) -> float:
        self.asked += 1
        if self.asked == 1:
            await self.both.wait()
        else:
            self.both.set()
            await self.sits.wait()
        return default

    async def on_taken(self, _fact: SeatTakenBy) -> None:
        self.sits.set()


async def both_sit_down(folder: Path, phones: list[str]) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{folder}/t.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = make_sessions(engine)
    async with transaction(sessions) as session:
        for n in (1, 2):
            session.add(
                Account(id=n, login=f"op{n}", name="", role=Role.OPERATOR, password_hash="", created_at=T)
            )
        session.add(Seat(id=1, state=SeatState.EMPTY, since=T))
    bus, policies = Bus(), Policies()
    bus.on(SeatTakenBy, policies.on_taken)
    seats = SeatService(sessions, bus, SteppedClock(T), cast(Any, None), policies)
    try:
        found = await asyncio.gather(
            *(seats.take(SeatId(1), OperatorId(n), phones[n - 1]) for n in (1, 2)), return_exceptions=True
        )
        assert [type(one) for one in found].count(SeatTaken) == 1
        async with reading(sessions) as session:
            row = await session.get(Seat, 1)
        assert row is not None
        assert row.operator_id is not None
        assert row.phone == phones[row.operator_id - 1]
    finally:
        await engine.dispose()


@pytest.mark.parametrize("phones", [["seat", "desk"], ["desk", "seat"]])
async def test_the_telephone_is_that_of_who_won_the_seat(tmp_path: Path, phones: list[str]) -> None:
    await both_sit_down(tmp_path, phones)
