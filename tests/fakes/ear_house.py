"""Leaders' ears over real rows and an Asterisk in memory: service, comparison, one call at seat 1."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.bus import Bus
from core.clock import SteppedClock
from core.errors import HotlineError
from core.events import CallFact
from core.ids import CallId, OperatorId, SeatId
from core.supervision_words import Mode
from core.vocabulary import CallState, Role, SeatState
from db.base import Base
from db.models import Account, Call, LeadPhone, Seat, Supervision
from db.repositories import calls, supervisions
from db.session import SessionMaker, make_engine, make_sessions, transaction
from telephony.call_service import CallService
from telephony.supervision_checks import Order
from telephony.supervision_control import SupervisionControl
from tests.fakes.ear import FakeEar

T = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
CALL, CALLER, SEAT = CallId("ms-1764000000.1"), "PJSIP/trunk-00000001", "PJSIP/seat1-00000002"
LEADER, HEAD, OPERATOR = OperatorId(1), OperatorId(2), OperatorId(3)


class Policies:
    async def number(self, key: str, default: float) -> float:
        return default


class House:
    """Service, comparison and ear over one database."""

    def __init__(self, sessions: SessionMaker) -> None:
        self.sessions, self.ear, self.clock = sessions, FakeEar(CALLER), SteppedClock(T)
        self.taken: list[CallFact] = []
        self.start()

    def start(self) -> None:
        """A new process: nothing is remembered but the rows."""
        bus = Bus()
        self.calls = CallService(self.sessions, bus, self.clock)
        self.control = SupervisionControl(self.sessions, bus, self.clock, self.ear, Policies(), self.tell)
        self.service = self.control.service

    async def tell(self, fact: CallFact) -> None:
        if await self.calls.apply(fact):
            self.taken.append(fact)

    async def order(self, mode: Mode, leader: OperatorId = LEADER, role: Role = Role.SHIFT_LEADER) -> int:
        return (await self.service.order(Order(leader, role, SeatId(1), mode))).id

    async def deliver(self, count: int = 1000) -> None:
        """Asterisk's signs, in order; what they cause may bring more."""
        while count and self.ear.signs:
            await self.service.hear(self.ear.signs.pop(0))
            await asyncio.gather(*self.service._tasks._tasks)
            count -= 1

    async def sweep(self) -> None:
        with contextlib.suppress(HotlineError):
            await self.control.sweep({f"sv-{key}-2147483000.1" for key in self.ear.channels_by_id})

    async def heal(self) -> None:
        """No more faults: a few comparisons make it right."""
        self.ear.faults.clear()
        for _ in range(5):
            await self.sweep()
            await self.deliver()
            self.ear.answer()

    async def row(self, supervision_id: int = 1) -> Supervision:
        async with transaction(self.sessions) as session:
            found = await supervisions.get_for_update(session, supervision_id)
        assert found is not None
        return found

    async def call(self) -> Call:
        async with transaction(self.sessions) as session:
            found = await calls.get(session, CALL)
        assert found is not None
        return found


def people() -> list[Account]:
    roles = {LEADER: Role.SHIFT_LEADER, HEAD: Role.CENTRE_HEAD, OPERATOR: Role.OPERATOR}
    return [
        Account(id=key, login=f"p{key}", name=f"p{key}", role=role, password_hash="", created_at=T)
        for key, role in roles.items()
    ]


async def open_house(work: Callable[[House], Awaitable[None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite+aiosqlite:///{Path(folder)}/ear.db")
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        sessions = make_sessions(engine)
        until = T + dt.timedelta(days=1)
        async with transaction(sessions) as session:
            session.add_all(people())
            await session.flush()
            talk = {"seat_id": 1, "seat_channel": SEAT, "operator_id": OPERATOR, "answered_at": T}
            who = {"caller": "13800001234", "dialled": "56564444", "channel": CALLER, "arrived_at": T}
            session.add(Call(id=CALL, state=CallState.TALKING, **who, **talk))
            await session.flush()
            session.add(Seat(id=1, state=SeatState.TALKING, since=T, operator_id=OPERATOR, call_id=CALL))
            session.add(LeadPhone(number=1, account_id=LEADER, phone="lead", until=until))
            session.add(LeadPhone(number=2, account_id=HEAD, phone="lead", until=until))
        house = House(sessions)
        try:
            await work(house)
        finally:
            await house.service.close()
            await engine.dispose()
