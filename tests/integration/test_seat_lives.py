"""A seat under orders and facts that are lost, doubled and out of order: its row never contradicts itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import tempfile
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.bus import Bus
from core.clock import SystemClock
from core.events import (
    DutyStarted,
    SeatFreed,
    SeatLeft,
    SeatMissedRing,
    SeatPaused,
    SeatRang,
    SeatTakenBy,
    SeatTalked,
    SeatUnpaused,
    SeatWished,
    WrapUpExtended,
)
from core.ids import CallId, OperatorId, SeatId
from core.room_events import SeatJoinedRoom, SeatLeftRoom, SeatRungForRoom
from core.vocabulary import CallState, PauseReason, Role, SeatState, SeatWish
from db.base import Base
from db.models import Account, Call, Seat
from db.repositories import seats
from db.session import make_engine, make_sessions, transaction
from telephony.seat_service import SeatService
from telephony.seat_states import BY_PEOPLE, ON_DUTY

SEAT = SeatId(1)
CALL_IDS = [CallId(f"ms-1764000000.{n}") for n in (1, 2)]
CALLS = st.sampled_from(CALL_IDS)
REASONS = st.sampled_from(list(PauseReason))
T = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


class Deaf:
    """A switchboard that hears every order and carries none out: their facts come, or not, from the rules."""

    def __init__(self) -> None:
        self.orders: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def order(*_: Any, **__: Any) -> None:
            self.orders.append(name)

        return order


class Policies:
    async def number(self, key: str, default: float) -> float:
        return default


class SeatLife(RuleBasedStateMachine):
    """Every rule is a fact that may come at any moment, once or twice."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.mkdtemp()
        self.switchboard = Deaf()
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.engine = make_engine(f"sqlite+aiosqlite:///{self.folder}/seats.db")
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        self.sessions = make_sessions(self.engine)
        async with transaction(self.sessions) as session:
            person = {
                "role": Role.OPERATOR,
                "password_hash": "-",
                "active": True,
                "demo": True,
                "created_at": T,
            }
            session.add(Account(id=1, login="op1", name="张三", work_number="001", **person))
            await seats.ensure(session, 1, T)
            for call_id in CALL_IDS:
                call = {"caller": "138", "dialled": "5", "channel": "PJSIP/trunk-1", "arrived_at": T}
                session.add(Call(id=call_id, state=CallState.QUEUED, recovered=False, **call))
        self.service = SeatService(self.sessions, Bus(), SystemClock(), self.switchboard, Policies())

    def teardown(self) -> None:
        self.runner.run(self.engine.dispose())
        self.runner.close()
        shutil.rmtree(self.folder)

    def tell(self, fact: Any, twice: bool) -> None:
        for _ in range(1 + twice):
            self.runner.run(self.service.on_fact(fact))

    def row(self) -> Seat:
        async def read() -> Seat:
            async with transaction(self.sessions) as session:
                found = await seats.get(session, SEAT)
                assert found is not None
                return found

        return self.runner.run(read())

    @rule(twice=st.booleans())
    def sits_down(self, twice: bool) -> None:
        self.tell(SeatTakenBy(at=T, seat_id=SEAT, operator_id=OperatorId(1)), twice)

    @rule(kind=st.sampled_from([DutyStarted, SeatUnpaused]), twice=st.booleans())
    def becomes_ready(self, kind: Any, twice: bool) -> None:
        self.tell(kind(at=T, seat_id=SEAT), twice)

    @rule(twice=st.booleans())
    def leaves(self, twice: bool) -> None:
        self.tell(SeatLeft(at=T, seat_id=SEAT, reason="signed_off"), twice)

    @rule(reason=REASONS, twice=st.booleans())
    def is_paused(self, reason: PauseReason, twice: bool) -> None:
        self.tell(SeatPaused(at=T, seat_id=SEAT, reason=reason), twice)

    @rule(
        kind=st.sampled_from([SeatRang, SeatTalked, SeatMissedRing, SeatFreed]),
        call=CALLS,
        twice=st.booleans(),
    )
    def takes_part_in_a_call(self, kind: Any, call: CallId, twice: bool) -> None:
        before = self.row()
        self.tell(kind(at=T, seat_id=SEAT, call_id=call), twice)
        if kind is SeatFreed and before.bridge_id is not None:
            assert self.row().state is before.state  # it is still in its room

    @rule(
        kind=st.sampled_from([SeatRungForRoom, SeatJoinedRoom, SeatLeftRoom]),
        call=st.sampled_from([*CALL_IDS, None]),
        bridge=st.integers(1, 2),
        twice=st.booleans(),
    )
    def takes_part_in_a_room(self, kind: Any, call: CallId | None, bridge: int, twice: bool) -> None:
        before = self.row()
        more = {"back_to": before.rung_from or SeatState.READY} if kind is SeatLeftRoom else {}
        self.tell(kind(at=T, seat_id=SEAT, call_id=call, bridge_id=bridge, **more), twice)
        if kind is SeatLeftRoom and before.state is SeatState.RINGING and before.bridge_id == bridge:
            assert self.row().state is before.rung_from  # a ring that came to nothing changed nothing

    @rule(wish=st.sampled_from(list(SeatWish)), twice=st.booleans())
    def wishes(self, wish: SeatWish, twice: bool) -> None:
        reason = PauseReason.BREAK if wish is SeatWish.PAUSE else None
        self.tell(SeatWished(at=T, seat_id=SEAT, wish=wish, reason=reason), twice)

    @rule()
    def asks_for_time(self) -> None:
        self.tell(WrapUpExtended(at=T, seat_id=SEAT, until=T + dt.timedelta(seconds=90)), False)

    @rule()
    def a_second_passes(self) -> None:
        self.runner.run(self.service.tick())

    @invariant()
    def never_contradicts_itself(self) -> None:
        row = self.row()
        in_call = row.state in (SeatState.RINGING, SeatState.TALKING)
        assert (row.operator_id is None) == (row.state is SeatState.EMPTY)
        assert (row.wrap_up_until is not None) == (row.state is SeatState.WRAP_UP)
        assert row.pause_reason is None or row.state in (SeatState.PAUSED, SeatState.WRAP_UP)
        assert row.state is not SeatState.PAUSED or row.pause_reason is not None
        assert not in_call or row.call_id is not None or row.bridge_id is not None
        assert row.bridge_id is None or in_call
        assert row.rung_from is None or (row.state is SeatState.RINGING and row.bridge_id is not None)
        assert row.call_id is None or in_call or row.state is SeatState.WRAP_UP
        assert row.wish is SeatWish.NONE or row.state in ON_DUTY
        assert row.wish is not SeatWish.PAUSE or row.pause_reason not in BY_PEOPLE


SeatLife.TestCase.settings = settings(
    max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestSeatLife = SeatLife.TestCase
