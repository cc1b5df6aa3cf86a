"""A press of the one key and a leader's take-over at one moment on PostgreSQL: one moves the caller."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from core.bridge_words import Presser
from core.bus import Bus
from core.errors import IllegalTransition
from core.events import CallFact, CallHeld
from core.supervision_words import Mode, SupervisionState
from core.vocabulary import CallState, Role, SeatState
from db.models import Account, Call, LeadPhone, Seat, Supervision
from db.session import SessionMaker, make_engine, make_sessions, transaction
from telephony.call_service import CallService
from telephony.supervision_checks import Order
from telephony.supervision_control import SupervisionControl
from tests.fakes.ear import FakeEar
from tests.fakes.ear_house import CALL, CALLER, LEADER, OPERATOR, SEAT, Policies, T
from tests.fakes.exchange import Exchange
from tests.fakes.waiting import until
from tests.integration.test_bridge_lives import House

pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
# SQLite lets one writer in at a time: there is no such moment there

NOTHING_IS_WRITTEN_OF_EARS = "LOCK TABLE supervisions IN SHARE ROW EXCLUSIVE MODE"
NO_LEG_IS_WRITTEN = "LOCK TABLE bridge_legs IN SHARE ROW EXCLUSIVE MODE"
NOTHING_IS_READ_OF_EARS = "LOCK TABLE supervisions IN ACCESS EXCLUSIVE MODE"
WHO_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
"""One database is looked at by one test at a time."""


class RoomWithLeader(Exchange):
    """Takes the order that brings a leader into the conference, too."""

    brought: tuple[int, int] | None = None

    async def bring(self, bridge_id: int, supervision_id: int) -> None:  # type: ignore[override]
        self.brought = (bridge_id, supervision_id)


@dataclass
class Both:
    """The seat's key and the leader's screen over the same rows."""

    sessions: SessionMaker
    house: House
    exchange: RoomWithLeader
    ear: FakeEar
    leaders: SupervisionControl

    async def order(self, mode: Mode) -> None:
        await self.leaders.service.order(Order(LEADER, Role.SHIFT_LEADER, 1, mode))  # type: ignore[arg-type]

    async def signs(self) -> None:
        while self.ear.signs:
            await self.leaders.service.hear(self.ear.signs.pop(0))
            await asyncio.gather(*self.leaders.service._tasks._tasks)

    async def waiting(self) -> int:
        async with transaction(self.sessions) as session:
            return await session.scalar(text(WHO_WAITS)) or 0

    def moved_by(self) -> list[str]:
        """Who had the caller's channel moved, and where to."""
        taken = ["leader"] if self.ear.in_room is not None else []
        caller = self.exchange.channels_by_id[f"own-{CALLER}"]
        return [*taken, *(["key"] if caller.room is not None else [])]


@asynccontextmanager
async def a_call(url: str, folder: Path) -> AsyncGenerator[Both]:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    async with transaction(sessions) as session:
        for key, role in ((LEADER, Role.SHIFT_LEADER), (OPERATOR, Role.OPERATOR)):
            who = {"login": f"p{key}", "name": f"p{key}", "password_hash": "", "created_at": T}
            session.add(Account(id=key, role=role, **who))
        await session.flush()
        call = {"caller": "138", "dialled": "5", "channel": CALLER, "arrived_at": T, "seat_channel": SEAT}
        session.add(Call(id=CALL, state=CallState.TALKING, seat_id=1, operator_id=OPERATOR, **call))
        await session.flush()
        session.add(Seat(id=1, state=SeatState.TALKING, since=T, operator_id=OPERATOR, call_id=CALL))
        session.add(LeadPhone(number=1, account_id=LEADER, phone="lead", until=T + dt.timedelta(days=1)))
    house = House(folder, sessions)
    house.exchange = exchange = RoomWithLeader(folder / "cel.csv")
    Exchange.bring(exchange, CALLER)
    Exchange.bring(exchange, SEAT)
    house.start()

    async def tell(_: CallFact) -> None:
        """What becomes of the call's own row is not asked here."""

    ear = FakeEar(CALLER)
    leaders = SupervisionControl(sessions, Bus(), house.clock, ear, Policies(), tell)
    leaders.rooms.service = house.service
    try:
        yield Both(sessions, house, exchange, ear, leaders)
    finally:
        await leaders.close()
        await house.service.close()
        await engine.dispose()


async def one_between(both: Both, held: str, first: Awaitable[None], second: Callable[[], Awaitable[None]]):
    """`first` has read and cannot write yet; `second` comes, and goes as far as it may; then both go on."""
    async with transaction(both.sessions) as keeper:
        await keeper.execute(text(held))
        one = asyncio.ensure_future(first)
        await _waits(both, 1)
        other = asyncio.ensure_future(second())
        await _waits(both, 2, other)
    return await asyncio.gather(one, other, return_exceptions=True)


async def _waits(both: Both, count: int, unless: asyncio.Future[None] | None = None) -> None:
    enough = False

    async def look() -> None:
        nonlocal enough
        while not enough:
            enough = await both.waiting() >= count or (unless is not None and unless.done())

    task = asyncio.ensure_future(look())
    await until(f"{count} wait for a lock", lambda: enough)
    await task


async def press(both: Both) -> None:
    await both.house.press()


async def test_a_press_while_the_take_over_is_written_is_refused(database_url: str, tmp_path: Path) -> None:
    async with a_call(database_url, tmp_path) as both:
        await both.order(Mode.LISTEN)
        await both.signs()
        both.ear.answer()
        await both.signs()
        order = both.order(Mode.TAKE_OVER)
        _, pressed = await one_between(both, NOTHING_IS_WRITTEN_OF_EARS, order, lambda: press(both))
        await both.signs()
        assert both.moved_by() == ["leader"]
        assert isinstance(pressed, IllegalTransition)
        assert not both.exchange.dialled


async def test_a_take_over_while_the_press_is_written_enters_its_room(
    database_url: str, tmp_path: Path
) -> None:
    async with a_call(database_url, tmp_path) as both:
        await both.order(Mode.LISTEN)
        await both.signs()
        both.ear.answer()
        await both.signs()
        done = await one_between(both, NO_LEG_IS_WRITTEN, press(both), lambda: both.order(Mode.TAKE_OVER))
        await both.signs()
        assert done == [None, None]
        assert both.moved_by() == ["key"]
        assert both.exchange.brought == (1, 1)


async def test_a_leader_who_picks_up_while_the_press_is_written_enters_its_room(
    database_url: str, tmp_path: Path
) -> None:
    """He wished to take over before his telephone rang: nobody is refused for that, until he hears."""
    async with a_call(database_url, tmp_path) as both:
        await both.order(Mode.TAKE_OVER)
        await both.signs()
        both.ear.answer()
        done = await one_between(both, NO_LEG_IS_WRITTEN, press(both), both.signs)
        assert done == [None, None]
        assert both.moved_by() == ["key"]
        assert both.exchange.brought == (1, 1)


LEAD = "PJSIP/lead1-00000007"


async def has_taken_over(both: Both) -> None:
    Exchange.bring(both.exchange, LEAD)
    async with transaction(both.sessions) as session:
        call = await session.get_one(Call, CALL)
        call.operator_id, call.seat_id, call.seat_channel = LEADER, None, LEAD
        states = {"wanted": Mode.TAKE_OVER, "state": SupervisionState.TAKEN_OVER, "told": True, "modes": []}
        where = {"lead": 1, "phone": "lead", "seat_id": 1, "seat_channel": SEAT, "channel": LEAD}
        session.add(Supervision(id=1, account_id=LEADER, call_id=CALL, ordered_at=T, **where, **states))


async def test_a_leaders_press_and_a_fact_of_his_call_wait_for_each_other_in_one_order(
    database_url: str, tmp_path: Path
) -> None:
    async with a_call(database_url, tmp_path) as both:
        await has_taken_over(both)
        his = {"presser": Presser.LEADER_CALL, "seat_id": None, "account_id": LEADER, "supervision_id": 1}
        calls = CallService(both.sessions, Bus(), both.house.clock)
        pressing = both.house.press("p1:first-press", **his)
        held = CallHeld(at=T, call_id=CALL)
        done = await one_between(both, NOTHING_IS_READ_OF_EARS, pressing, lambda: calls.apply(held))
        assert done == [1, True]
