"""下班 or 暂停 pressed in the moment in which a call ends or rings: done then or after it, never lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.bus import Bus
from core.clock import SteppedClock
from core.errors import ActionTimedOut
from core.events import SeatFact, SeatFreed, SeatLeft, SeatPaused, SeatRang, SeatTalked, SeatUnpaused
from core.ids import CallId, SeatId
from core.vocabulary import CallState, PauseReason, Role, SeatState, SeatWish
from db.base import Base
from db.models import Account, Call, Seat
from db.session import make_engine, make_sessions, transaction
from telephony.seat_service import SeatService

T = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
SEAT, CALL = SeatId(1), CallId("ms-1764000000.1")


@dataclass
class House:
    """One seat in a call. Policies are asked between the look at the seat and the change of its row."""

    seats: Any = None
    clock: SteppedClock = field(default_factory=lambda: SteppedClock(T))
    refuses: int = 0
    ends: bool = False
    before_pause: list[SeatFact] = field(default_factory=list[SeatFact])
    orders: list[str] = field(default_factory=list[str])

    async def number(self, key: str, default: float) -> float:
        if self.ends:
            self.ends = False
            await self.seats.on_fact(SeatFreed(at=T, seat_id=SEAT, call_id=CALL))
        return default

    def _take(self, order: str) -> None:
        self.orders.append(order)
        if self.refuses:
            self.refuses -= 1
            raise ActionTimedOut

    async def row(self) -> Seat:
        return await self.seats._row(SEAT)

    async def pause_member(self, seat: SeatId, phone: str, reason: PauseReason, *, absent: bool) -> None:
        self._take(f"pause {reason}")
        before, self.before_pause = self.before_pause, []
        for fact in (*before, SeatPaused(at=T, seat_id=seat, reason=reason)):
            await self.seats.on_fact(fact)

    async def remove_member(self, seat: SeatId, phone: str) -> None:
        self._take("remove")
        await self.seats.on_fact(SeatLeft(at=T, seat_id=seat, reason="signed_off"))


@pytest.fixture(name="house")
async def _house(tmp_path: Path) -> AsyncGenerator[House]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/t.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = make_sessions(engine)
    async with transaction(sessions) as session:
        session.add(Account(id=1, login="op1", name="", role=Role.OPERATOR, password_hash="", created_at=T))
        call = {"caller": "138", "dialled": "5", "channel": "PJSIP/trunk-1", "arrived_at": T}
        session.add(Call(id=CALL, state=CallState.TALKING, recovered=False, **call))
        await session.flush()
        session.add(Seat(id=1, state=SeatState.TALKING, operator_id=1, call_id=CALL, phone="seat", since=T))
    house = House()
    house.seats = SeatService(sessions, Bus(), house.clock, house, house)  # type: ignore[arg-type]
    yield house
    await engine.dispose()


@pytest.mark.parametrize(
    ("order", "state"),
    [
        (lambda seats: seats.sign_off(SEAT), SeatState.EMPTY),
        (lambda seats: seats.pause(SEAT, PauseReason.BREAK), SeatState.PAUSED),
    ],
)
async def test_an_order_that_meets_the_end_of_the_call_is_done(
    house: House, order: Callable[[SeatService], Awaitable[Seat]], state: SeatState
) -> None:
    house.ends = True
    assert (await order(house.seats)).state is state
    assert house.orders[0] == f"pause {PauseReason.WRAP_UP}", "the call really ended in between"


RANG = SeatRang(at=T, seat_id=SEAT, call_id=CALL)
TALKED = SeatTalked(at=T, seat_id=SEAT, call_id=CALL)
FREED = SeatFreed(at=T, seat_id=SEAT, call_id=CALL)


@pytest.mark.parametrize("talk", [[TALKED], []], ids=["talked", "gave up"])
async def test_a_break_that_meets_a_ring_is_had_after_it(house: House, talk: list[SeatFact]) -> None:
    await house.seats.on_fact(FREED)
    await house.seats.on_fact(SeatUnpaused(at=T, seat_id=SEAT))
    house.before_pause = [RANG]  # Asterisk had offered the seat already when it took the pause
    row = await house.seats.pause(SEAT, PauseReason.MEAL)
    assert (row.state, row.wish, row.wish_reason) == (SeatState.RINGING, SeatWish.PAUSE, PauseReason.MEAL)
    for fact in (*talk, FREED):
        await house.seats.on_fact(fact)
    row = await house.row()
    assert (row.state, row.pause_reason) == (SeatState.PAUSED, PauseReason.MEAL)


async def test_a_break_that_a_ring_interrupts_goes_on_after_it(house: House) -> None:
    await house.seats.on_fact(FREED)
    assert (await house.seats.pause(SEAT, PauseReason.MEAL)).state is SeatState.PAUSED
    for fact in (RANG, TALKED):  # the queue was quicker than our pause, its event was not
        await house.seats.on_fact(fact)
    await house.seats.on_fact(FREED)
    row = await house.row()
    assert (row.state, row.pause_reason) == (SeatState.PAUSED, PauseReason.MEAL)


async def leave(seats: SeatService) -> Seat:
    return await seats.sign_off(SEAT)


async def eat(seats: SeatService) -> Seat:
    return await seats.pause(SEAT, PauseReason.MEAL)


WISHES = pytest.mark.parametrize(("order", "state"), [(leave, SeatState.EMPTY), (eat, SeatState.PAUSED)])


@WISHES
async def test_a_wish_whose_order_fails_stands_and_is_carried_out(
    house: House, order: Callable[[SeatService], Awaitable[Seat]], state: SeatState
) -> None:
    assert (await order(house.seats)).wish is not SeatWish.NONE
    house.refuses = 2
    await house.seats.on_fact(FREED)
    assert (await house.row()).state is SeatState.WRAP_UP
    for _ in range(2):
        house.clock.advance(60)  # the wrap-up would be over, too
        await house.seats.tick()
    row = await house.row()
    assert (row.state, row.wish) == (state, SeatWish.NONE)
    assert len(set(house.orders)) == 1, "nothing else was ordered meanwhile"


@WISHES
async def test_a_wish_that_stands_after_its_call_is_taken_back(
    house: House, order: Callable[[SeatService], Awaitable[Seat]], state: SeatState
) -> None:
    await order(house.seats)
    house.refuses = 1
    await house.seats.on_fact(FREED)
    row = await house.seats.resume(SEAT)
    assert (row.state, row.wish) == (SeatState.WRAP_UP, SeatWish.NONE), "wrapping up as ever"
    house.clock.advance(5)
    await house.seats.tick()
    assert len(house.orders) == 1


async def test_a_break_is_the_newer_word_than_a_sign_off_that_failed(house: House) -> None:
    await house.seats.sign_off(SEAT)
    house.refuses = 1
    await house.seats.on_fact(FREED)
    row = await house.seats.pause(SEAT, PauseReason.MEAL)
    assert (row.state, row.wish) == (SeatState.PAUSED, SeatWish.NONE)
