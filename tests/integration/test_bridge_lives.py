"""Conferences whose orders are lost and whose signs come late, twice or never: one leg a role, always."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.bridge_words import BridgeState, LegState, Presser
from core.bus import Bus
from core.clock import SteppedClock
from core.errors import IllegalTransition, InvalidField
from core.vocabulary import CallState, SeatState
from db.base import Base
from db.models import Bridge, BridgeLeg, Call, EventLogEntry, Policy, Seat
from db.session import SessionMaker, make_engine, make_sessions, transaction
from telephony.bridge_key import Press
from telephony.bridge_limits import NobodyToCall, TooManyBridges
from telephony.bridge_resync import BridgeResync
from telephony.bridge_service import BridgeService, Parts
from telephony.bridge_states import LIVE
from tests.fakes.exchange import Exchange

T = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
CALL, CALLER, SEAT = "ms-1764000000.1", "PJSIP/trunk-00000001", "PJSIP/seat1-00000002"


class Line:
    def __init__(self, digits: str) -> None:
        self.digits, self.label, self.name = digits, "值班电话", "张三"


class Roster:
    """Two numbers for each role, but none for `nobody`."""

    async def numbers_of(self, roles: Sequence[str], *_: object) -> dict[str, list[Line]]:
        known = {"grid_worker": (1, 2), "internet_office": (3, 4), "handling_unit": (5, 6)}
        return {role: [Line(f"1380000000{n}") for n in known.get(role, ())] for role in roles}


class House:
    """Service, comparison and exchange over one database."""

    def __init__(self, folder: Path, sessions: SessionMaker) -> None:
        self.sessions = sessions
        self.exchange = Exchange(folder / "cel.csv")
        self.clock = SteppedClock(T)
        self.start()

    def start(self) -> None:
        """A new process: nothing is remembered but the rows."""
        parts = Parts(self.sessions, Bus(), self.clock, self.exchange, Roster())  # type: ignore[arg-type]
        self.service = BridgeService(parts)
        self.resync = BridgeResync(
            self.sessions,
            self.clock,
            self.exchange,  # type: ignore[arg-type]
            self.service,
            self.exchange.cel,
        )

    async def press(self, key: str = "first-press", **more: object) -> int:
        order = {
            "presser": Presser.SEAT_CALL,
            "roles": ("grid_worker", "internet_office", "handling_unit"),
            "seat_id": 1,
            "call_id": CALL,
            "category": "0101",
            **more,
        }
        return await self.service.press(Press(key=key, **order))  # type: ignore[arg-type]

    async def deliver(self, count: int = 1000) -> None:
        """Asterisk's signs, in order; what they cause may bring more."""
        while count and self.exchange.signs:
            await self.service.hear(self.exchange.signs.pop(0))
            await asyncio.gather(*self.service._tasks._tasks)
            count -= 1

    async def heal(self) -> None:
        """No more faults: compare until nothing is left to do."""
        self.exchange.faults.clear()
        for _ in range(8):
            await self.deliver()
            await self.resync.sweep()

    async def rows(self) -> tuple[list[Bridge], list[BridgeLeg]]:
        async with transaction(self.sessions) as session:
            legs = await session.scalars(select(BridgeLeg).order_by(BridgeLeg.id))
            return list(await session.scalars(select(Bridge))), list(legs)

    async def states(self) -> dict[str, LegState]:
        return {leg.role: leg.state for leg in (await self.rows())[1]}


async def open_house(work: Callable[[House], Awaitable[None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite+aiosqlite:///{folder}/t.db")
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        sessions = make_sessions(engine)
        async with transaction(sessions) as session:
            session.add(
                Call(
                    id=CALL,
                    state=CallState.TALKING,
                    caller="13812345678",
                    dialled="56564444",
                    channel=CALLER,
                    seat_id=1,
                    seat_channel=SEAT,
                    arrived_at=T,
                )
            )
            session.add(Seat(id=1, state=SeatState.TALKING, since=T))
        house = House(Path(folder), sessions)
        house.exchange.bring(CALLER)
        house.exchange.bring(SEAT)
        try:
            await work(house)
        finally:
            await house.service.close()
            await engine.dispose()


def check(house: House) -> None:
    """Nobody was dialled twice: each channel began once, each number was called once."""
    assert not [one for one, count in Counter(house.exchange.dialled).items() if count > 1]
    assert not [one for one, count in Counter(d for d, _ in house.exchange.dialled).items() if count > 1]
    assert not [
        leg for leg, count in Counter(one.leg.leg_id for one in house.exchange.legs()).items() if count > 1
    ]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["answer", "join", "busy", "leave", "lose", "repeat"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["deliver", "fault"]), st.integers(0, 3)),
        st.tuples(st.sampled_from(["sweep", "restart", "press", "gap"]), st.just(0)),
    ),
    max_size=25,
)
FAULTS = st.lists(st.sampled_from(["before", "after", "none"]), max_size=6)


async def step(house: House, what: str, which: int) -> None:
    exchange = house.exchange
    if what in ("answer", "join", "busy", "leave"):
        phone(exchange, what, which)
    elif what == "lose":
        del exchange.signs[: which + 1]
    elif what == "gap":
        exchange.signs.clear()
    elif what == "repeat":
        exchange.signs[:0] = exchange.signs[: which + 1]
    elif what == "fault":
        exchange.faults.append(("before", "after", "none", "before")[which])
    elif what == "restart":
        await house.service.close()
        house.start()
    elif what == "deliver":
        await house.deliver(which)
    else:
        await {"sweep": house.resync.sweep, "press": house.press}[what]()


def phone(exchange: Exchange, what: str, which: int) -> None:
    legs = exchange.legs()
    if not legs:
        return
    leg = legs[which % len(legs)]
    if what == "answer":
        exchange.answer(leg)
    elif what == "join":
        exchange.join(leg)
    elif (what == "busy" and not leg.up) or (what == "leave" and leg.room is not None):
        exchange.end(leg, 17 if what == "busy" else 16)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FAULTS, STEPS)
@example([], [("busy", 0), ("gap", 0)])
@example([], [("deliver", 3), ("answer", 0), ("join", 0), ("gap", 0), ("leave", 0), ("gap", 0)])
@example(["none", "before", "after", "before"], [("gap", 0), ("restart", 0), ("press", 0)])
def test_whatever_is_lost_late_or_twice_each_role_has_one_leg(
    faults: list[str], steps: list[tuple[str, int]]
) -> None:
    async def work(house: House) -> None:
        house.exchange.faults += faults
        assert await house.press() == 1
        for what, which in steps:
            await step(house, what, which)
            check(house)
        await house.heal()
        check(house)
        await agrees(house)

    asyncio.run(open_house(work))


async def agrees(house: House) -> None:
    """Rows say what the exchange shows, and every role was called."""
    (bridge,), legs = await house.rows()
    shown = {one.leg.leg_id: one for one in house.exchange.legs()}
    names = {one.name: one for one in house.exchange.channels_by_id.values()}
    for leg in legs:
        channel = shown.get(leg.id) or names.get(leg.channel or "")
        assert (leg.state in LIVE) == (channel is not None), (leg.role, leg.state, channel)
        if channel is not None:
            assert (leg.state is LegState.JOINED) == (channel.room is not None)
    dialled = {int(channel_id.split("x")[1]) for _, channel_id in house.exchange.dialled}
    if bridge.state is not BridgeState.ENDED:
        assert {leg.id for leg in legs if leg.role not in ("caller", "seat")} == dialled


async def test_the_straight_way() -> None:
    async def work(house: House) -> None:
        first, second = await asyncio.gather(house.press(), house.press())
        assert first == second == 1
        await house.deliver()
        for channel in house.exchange.legs():
            house.exchange.answer(channel)
        await house.deliver()
        assert set((await house.states()).values()) == {LegState.JOINED, LegState.ANSWERED}
        for channel in house.exchange.legs():
            house.exchange.join(channel)
        await house.deliver()
        assert set((await house.states()).values()) == {LegState.JOINED}
        assert await house.press("another-key-on-the-same-call") == 1
        for leg in house.exchange.legs():
            house.exchange.end(leg, 16)
        await house.deliver()
        (bridge,), _ = await house.rows()
        assert bridge.state is BridgeState.OPEN  # caller and seat talk on
        house.exchange.end(house.exchange.channels_by_id[f"own-{SEAT}"], 16)
        await house.deliver()
        (bridge,), _ = await house.rows()
        assert (bridge.state, house.exchange.channels_by_id) == (BridgeState.ENDED, {})
        async with transaction(house.sessions) as session:
            kinds = Counter(await session.scalars(select(EventLogEntry.kind)))
        assert (kinds["BridgePressed"], kinds["LegJoined"], kinds["BridgeEnded"]) == (1, 5, 1)

    await open_house(work)


async def test_busy_goes_to_the_next_number_and_redial_to_the_first() -> None:
    async def work(house: House) -> None:
        await house.press(roles=("grid_worker", "nobody"))
        for _ in range(2):
            await house.deliver()
            house.exchange.end(house.exchange.legs()[0], 17)
        await house.deliver()
        assert [digits[-1] for digits, _ in house.exchange.dialled] == ["1", "2"]
        states = await house.states()
        assert (states["grid_worker"], states["nobody"]) == (LegState.BUSY, LegState.FAILED)
        leg = next(leg for leg in (await house.rows())[1] if leg.role == "grid_worker")
        await house.service.redial(1, leg.id)
        with pytest.raises(IllegalTransition):
            await house.service.redial(1, leg.id)
        await house.deliver()
        assert [digits[-1] for digits, _ in house.exchange.dialled] == ["1", "2", "1"]
        await house.service.remove(1, leg.id)
        await house.deliver()
        assert (await house.states())["grid_worker"] is LegState.REMOVED
        assert house.exchange.legs() == []

    await open_house(work)


async def test_what_may_not_be_pressed() -> None:
    async def work(house: House) -> None:
        with pytest.raises(NobodyToCall):
            await house.press(roles=("nobody",))
        with pytest.raises(InvalidField):
            await house.press(roles=("caller",))
        with pytest.raises(InvalidField):
            await house.press("short")
        with pytest.raises(IllegalTransition):
            await house.press(seat_id=2)
        async with transaction(house.sessions) as session:
            session.add(Policy(key="bridge_seat_day", value="1", unit="次", label="上限", source="测试"))
        bridge_id = await house.press()
        await house.service.end(bridge_id)
        with pytest.raises(TooManyBridges):
            await house.press("second-press")
        async with transaction(house.sessions) as session:
            session.add(Policy(key="bridge_allowed", value="110", unit="", label="外呼", source="测试"))
        with pytest.raises(NobodyToCall):
            await house.press("third-press")
        assert len((await house.rows())[0]) == 1

    await open_house(work)
