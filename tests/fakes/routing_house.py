"""Calls, seats and the router over one database, with a switchboard that writes down what it is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from core.bus import Bus
from core.clock import SteppedClock
from core.errors import ActionRefused
from core.events import CallArrived, CallFact
from core.ids import CallId
from core.vocabulary import Role, SeatState
from db.models import Account, Call, Seat, SeatRing
from db.repositories import calls, seats
from db.session import make_engine, make_sessions, reading, transaction
from telephony.call_service import CallService
from telephony.route_rules import Route
from telephony.router import RowRouter
from telephony.seat_service import SeatService

NOW = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
NUMBER = "13800001234"
CALL = CallId("ms-1764000000.1")


class Deaf:
    """A switchboard that takes every order and does nothing."""

    def __getattr__(self, name: str) -> Any:
        async def order(*_: Any, **__: Any) -> None:
            return None

        return order


class Policies:
    async def number(self, key: str, default: float) -> float:
        return default


class Board:
    """A switchboard that writes down what a caller's dialplan is told, or refuses."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.told: list[tuple[str, dict[str, int]]] = []
        self._refuses = refuses

    async def direct(self, channel: str, variables: dict[str, int]) -> None:
        if self._refuses:
            raise ActionRefused(action="Setvar", answer="No such channel")
        self.told.append((channel, variables))


class RoutingHouse:
    def __init__(self, sessions) -> None:
        self.sessions, self.bus, self.clock = sessions, Bus(), SteppedClock(NOW)
        self.calls = CallService(sessions, self.bus, self.clock)
        self.seats = SeatService(sessions, self.bus, self.clock, Deaf(), Policies())
        self.router = RowRouter(sessions, self.clock)

    async def add(self, *rows: Any) -> None:
        async with transaction(self.sessions) as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def sit(self, operator: int, seat: int, state: SeatState = SeatState.READY, **more: Any) -> None:
        async with transaction(self.sessions) as session:
            row = await seats.get_for_update(session, seat)
            assert row is not None
            row.operator_id, row.state, row.phone_online = operator, state, True
            for name, value in more.items():
                setattr(row, name, value)

    async def take(self, *facts: CallFact) -> list[bool]:
        kept: list[bool] = []
        for fact in facts:
            kept.append(await self.calls.apply(fact))
            if kept[-1]:
                await self.seats.on_fact(fact)
        return kept

    async def call(self, call_id: str = CALL) -> Call:
        async with reading(self.sessions) as session:
            found = await calls.get(session, call_id)
        assert found is not None
        return found

    async def seat(self, number: int) -> Seat:
        async with reading(self.sessions) as session:
            found = await seats.get(session, number)
        assert found is not None
        return found

    async def rings(self) -> list[SeatRing]:
        async with reading(self.sessions) as session:
            return await calls.rings_of(session, CALL)

    async def route(self, number: str = NUMBER) -> Route:
        return await self.router.route(arrived(number))


def arrived(number: str = NUMBER) -> CallArrived:
    channel = "PJSIP/trunk-00000001"
    return CallArrived(at=NOW, call_id=CALL, pii_caller=number, dialled="56564444", channel=channel)


@pytest.fixture
async def routing_house(database_url):
    engine = make_engine(database_url)
    made = RoutingHouse(make_sessions(engine))
    async with transaction(made.sessions) as session:
        for n in (1, 2):
            session.add(
                Account(
                    id=n, login=f"op0{n}", name="甲", role=Role.OPERATOR, password_hash="-", created_at=NOW
                )
            )
        await seats.ensure(session, 5, NOW)
    yield made
    await engine.dispose()
