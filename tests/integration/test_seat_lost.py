"""A page that died is seen to have died whatever the database does; one that registered anew has not died."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from core.bridge_words import BridgeState, LegState, Presser
from core.bus import Bus
from core.clock import SteppedClock
from core.vocabulary import CallState, SeatState, SeatWish
from db.base import Base
from db.models import Bridge, Call, Seat
from db.models.bridge import BridgeLeg
from db.session import SessionMaker, make_engine, make_sessions, transaction
from telephony.call_service import CallService
from telephony.room_return import RoomReturn
from telephony.seat_return import SeatReturn

T = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
ID = "ms-1764000000.1"
HERE, GONE = {"seat1": frozenset({"sip:a@here"})}, dict[str, frozenset[str]]()


class Sessions:
    """Real sessions, of which the next may fail as a locked database does."""

    def __init__(self, make: SessionMaker) -> None:
        self._make = make
        self.fails = 0

    def __call__(self) -> Any:
        if self.fails:
            self.fails -= 1
            raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))
        return self._make()


class Heard:
    """Switchboard and consultations: keeps what it was asked."""

    def __init__(self) -> None:
        self.orders: list[tuple[Any, ...]] = []

    async def redirect(self, channel: str, context: str, exten: str) -> None:
        self.orders.append((context, exten))

    async def lose_seat(self, bridge_id: int, leg_id: int) -> bool:
        self.orders.append(("lose", bridge_id, leg_id))
        return True


class Policies:
    async def number(self, key: str, default: float) -> float:
        return default


async def rows(sessions: SessionMaker, *, room: bool) -> None:
    async with transaction(sessions) as session:
        call = {"caller": "138", "dialled": "5", "channel": "PJSIP/trunk-00000001", "arrived_at": T}
        session.add(Call(id=ID, state=CallState.TALKING, seat_id=1, recovered=False, **call))
        await session.flush()
        seat = Seat(id=1, state=SeatState.TALKING, since=T, phone="seat", call_id=ID)
        seat.phone_online, seat.wish = True, SeatWish.NONE
        session.add(seat)
        if room:
            bridge = Bridge(key="key-12345", presser=Presser.SEAT_CALL, state=BridgeState.OPEN, pressed_at=T)
            session.add(bridge)
            await session.flush()
            leg = {"state": LegState.JOINED, "channel": "PJSIP/seat1-00000002", "since": T}
            session.add(BridgeLeg(bridge_id=bridge.id, role="seat", seat_id=1, **leg))


def look(folder: Path, *, room: bool) -> list[tuple[Any, ...]]:
    """Here; gone, while the database fails; still gone: what was ordered by then."""

    async def work() -> list[tuple[Any, ...]]:
        async with watching(folder, room=room) as (sessions, watch, heard):
            await watch.see(HERE)
            sessions.fails = 1
            try:
                await watch.see(GONE)
            except OperationalError:
                await watch.see(GONE)
            return heard.orders

    return asyncio.run(work())


@asynccontextmanager
async def watching(folder: Path, *, room: bool) -> AsyncIterator[tuple[Any, RoomReturn | SeatReturn, Heard]]:
    """Who talks at seat 1, and whoever watches its phone."""
    engine = make_engine(f"sqlite+aiosqlite:///{folder}/t.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    plain, clock, heard = make_sessions(engine), SteppedClock(T), Heard()
    sessions = Sessions(plain)
    await rows(plain, room=room)
    flaky = cast(SessionMaker, sessions)
    yield (
        sessions,
        RoomReturn(flaky, clock, cast(Any, heard), Policies())
        if room
        else SeatReturn(flaky, clock, cast(Any, heard), CallService(flaky, Bus(), clock), Policies()),
        heard,
    )
    await engine.dispose()


def test_a_caller_is_kept_though_the_first_look_failed(tmp_path: Path) -> None:
    assert look(tmp_path, room=False) == [("seat-lost", "s")]


def test_a_seat_in_a_room_is_lost_though_the_first_look_failed(tmp_path: Path) -> None:
    assert look(tmp_path, room=True) == [("lose", 1, 1)]


OTHER = {"seat1": frozenset({"sip:b@here"})}


@pytest.mark.parametrize("room", [False, True])
def test_a_seat_that_registers_anew_and_answers_between_two_looks_is_not_lost(
    tmp_path: Path, *, room: bool
) -> None:
    async def work() -> list[tuple[Any, ...]]:
        async with watching(tmp_path, room=room) as (sessions, watch, heard):
            await talks(sessions, CallState.RINGING, LegState.ORDERED)
            await watch.see(HERE)
            await talks(sessions, CallState.TALKING, LegState.JOINED)
            for _ in range(3):
                await watch.see(OTHER)
            assert heard.orders == []
            await watch.see(GONE)
            return heard.orders

    assert asyncio.run(work()) == [("lose", 1, 1) if room else ("seat-lost", "s")]


def test_what_went_before_the_first_look_in_which_it_talks_is_lost(tmp_path: Path) -> None:
    async def work() -> list[tuple[Any, ...]]:
        async with watching(tmp_path, room=False) as (sessions, watch, heard):
            await talks(sessions, CallState.RINGING, LegState.ORDERED)
            await watch.see(HERE)
            await talks(sessions, CallState.TALKING, LegState.JOINED)
            await watch.see(GONE)
            return heard.orders

    assert asyncio.run(work()) == [("seat-lost", "s")]


@pytest.mark.parametrize(("phone", "seat_id"), [("desk", 1), ("seat", 12)])
def test_the_phone_that_comes_back_is_the_one_that_is_rung(tmp_path: Path, phone: str, seat_id: int) -> None:
    name = f"{phone}{seat_id}"

    async def work() -> list[tuple[Any, ...]]:
        async with watching(tmp_path, room=False) as (sessions, watch, heard):
            async with transaction(sessions) as session:
                row = await session.get_one(Seat, 1)
                row.phone, row.id = phone, seat_id
                (await session.get_one(Call, ID)).seat_id = seat_id
            await watch.see({name: HERE["seat1"]})
            await watch.see({name: OTHER["seat1"]})
            return heard.orders

    assert asyncio.run(work()) == [("seat-return", name)]


async def talks(sessions: SessionMaker, call: CallState, leg: LegState) -> None:
    async with transaction(sessions) as session:
        (await session.get_one(Call, ID)).state = call
        for row in await session.scalars(select(BridgeLeg)):
            row.state = leg
