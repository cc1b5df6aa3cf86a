"""Consultations whose orders are lost and whose signs come late or never: the caller is never left alone.

A Hypothesis state machine: operators order, phones answer and hang up, the link is cut, the process dies. At
each quiet moment the caller is with somebody, hears music while somebody is there or on the way, or is in the
queue; nobody was rung twice; afterwards no channel and no room remains.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from core.bridge_words import COLLEAGUE, BridgeKind, BridgeState, LegAim, LegState
from core.errors import HotlineError
from core.vocabulary import CallState, SeatState
from db.base import Base
from db.models import Bridge, BridgeLeg, Call, Seat
from db.session import make_engine, make_sessions, transaction
from telephony.bridge_key import Ask
from telephony.bridge_states import LIVE
from telephony.consult_service import ConsultService
from telephony.consult_states import Order
from tests.fakes.exchange import Channel
from tests.integration.test_bridge_lives import CALL, CALLER, SEAT, House, T


class ConsultHouse(House):
    """The house of conferences, with two seats and consultations."""

    def start(self) -> None:
        """A new process: nothing is remembered but the rows."""
        super().start()
        self.consults = ConsultService(self.service, self.service._parts)

    async def begin(self, *, seat: bool, blind: bool) -> None:
        more = {"roles": (COLLEAGUE,), "seats": {COLLEAGUE: 2}} if seat else {"roles": ("grid_worker",)}
        await self.press(kind=BridgeKind.CONSULT, blind=blind, **more)

    @property
    def caller(self) -> Channel | None:
        return self.exchange.channels_by_id.get(f"own-{CALLER}")


async def furnish(folder: Path) -> tuple[ConsultHouse, Callable[[], Awaitable[None]]]:
    engine = make_engine(f"sqlite+aiosqlite:///{folder}/t.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = make_sessions(engine)
    call = {"caller": "13812345678", "dialled": "5", "channel": CALLER, "arrived_at": T, "seat_channel": SEAT}
    async with transaction(sessions) as session:
        session.add(Call(id=CALL, state=CallState.TALKING, seat_id=1, **call))
        session.add(Seat(id=1, state=SeatState.WRAP_UP, since=T, phone_online=True))
        session.add(Seat(id=2, state=SeatState.READY, since=T, phone_online=True))
    house = ConsultHouse(folder, sessions)
    house.exchange.bring(CALLER)
    house.exchange.bring(SEAT)

    async def close() -> None:
        await house.service.close()
        await engine.dispose()

    return house, close


def in_room(house: ConsultHouse) -> list[Channel]:
    return [one for one in house.exchange.channels_by_id.values() if one.room is not None]


def never_moved(channel: Channel) -> bool:
    """Where it was before anybody consulted: in the talk of caller and seat."""
    return not (channel.leg or channel.room or channel.music or channel.queued)


def talk_goes_on(house: House, bridge: Bridge) -> bool:
    """Every order was lost, the last one too: the two talk as if nothing had been asked."""
    pair = [house.exchange.channels_by_id.get(f"own-{which}") for which in (CALLER, SEAT)]
    return bridge.state is BridgeState.ENDED and all(one is not None and never_moved(one) for one in pair)


class Consultation(RuleBasedStateMachine):
    """One call, one operator, as many consultations as the rules make."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.house, self.close = self.runner.run(furnish(Path(self.folder.name)))

    def teardown(self) -> None:
        try:
            self.run(self.all_is_well())
            self.run(self.everybody_goes())
        finally:
            self.run(self.close())
            self.runner.close()
            self.folder.cleanup()

    def run(self, work: Awaitable[None]) -> None:
        async def tried() -> None:
            with contextlib.suppress(HotlineError):  # refused, or the link is cut: the person sees it
                await work

        self.runner.run(tried())

    @initialize(seat=st.booleans(), blind=st.booleans(), lost=st.sampled_from(["", "", "before", "after"]))
    def begins(self, seat: bool, blind: bool, lost: str) -> None:
        self.house.exchange.faults += [lost] if lost else []
        self.run(self.house.begin(seat=seat, blind=blind))

    @rule(order=st.sampled_from(list(Order)), lost=st.sampled_from(["", "", "before", "after"]))
    def orders(self, order: Order, lost: str) -> None:
        self.house.exchange.faults += [lost] if lost else []
        self.run(self.house.consults.order(1, order))

    @rule(blind=st.booleans())
    def asks_another(self, blind: bool) -> None:
        self.run(self.house.consults.ask(1, Ask(seat_id=2, blind=blind)))

    @rule(lost=st.sampled_from(["", "before", "after"]))
    def help_is_called(self, lost: str) -> None:
        """一键三方 in the room that runs: it becomes the conference."""
        self.house.exchange.faults += [lost] if lost else []
        self.run(self.calls_help())

    async def calls_help(self) -> None:
        rows, _ = await self.house.rows()
        if rows and rows[0].state is not BridgeState.ENDED:
            await self.house.press("help-is-called")

    @rule(which=st.integers(0, 2), what=st.sampled_from(["answer", "join", "busy", "leave"]))
    def a_phone_does(self, which: int, what: str) -> None:
        legs = self.house.exchange.legs()
        if not legs:
            return
        leg = legs[which % len(legs)]
        if what == "answer":
            self.house.exchange.answer(leg)
        elif what == "join":
            self.house.exchange.join(leg)
        elif what == "busy" and not leg.up:
            self.house.exchange.end(leg, 17)
        elif what == "leave" and leg.room is not None:
            self.house.exchange.end(leg, 16)

    @rule(which=st.sampled_from([CALLER, SEAT]))
    def somebody_hangs_up(self, which: str) -> None:
        found = self.house.exchange.channels_by_id.get(f"own-{which}")
        if found is not None and (found.room or found.music):
            self.house.exchange.end(found, 16)

    @rule(count=st.integers(1, 4))
    def signs_arrive(self, count: int) -> None:
        self.run(self.house.deliver(count))

    @rule()
    def the_link_is_cut(self) -> None:
        self.house.exchange.signs.clear()

    @rule()
    def the_process_dies(self) -> None:
        self.run(self.house.service.close())
        self.house.start()

    @rule()
    def is_compared(self) -> None:
        self.run(self.house.resync.sweep())

    async def all_is_well(self) -> None:
        """At a quiet moment."""
        house = self.house
        await house.heal()
        rung = Counter(channel_id for _, channel_id in house.exchange.dialled)
        assert max(rung.values(), default=1) == 1
        assert not set(house.exchange.thanked) - {"room"}  # nobody is thanked who waits
        rows, legs = await house.rows()
        if not rows:
            return
        bridge, caller = rows[0], house.caller
        if caller is not None and not talk_goes_on(house, bridge):
            on_the_way = [one for one in house.exchange.legs() if one.room is None]
            company = [one for one in in_room(house) if one is not caller]
            where = (caller.room, caller.music, caller.queued)
            assert caller.queued or company or on_the_way, (where, [(leg.role, leg.state) for leg in legs])
            assert not (caller.queued and (caller.room or caller.music))
            assert caller.queued or caller.room == bridge.id or caller.music == bridge.id, where
        for leg in legs:
            self._agrees(bridge, leg)
            if leg.role != "caller" and leg.state is LegState.HELD:
                own = [one for one in legs if one.seat_id == bridge.seat_id and one.state in LIVE]
                assert own, "nobody waits on music for nobody"
                assert caller is not None
                assert caller.room

    def _agrees(self, bridge: Bridge, leg: BridgeLeg) -> None:
        channels = self.house.exchange.channels_by_id.values()
        found = [one for one in channels if (one.leg and one.leg.leg_id == leg.id) or one.name == leg.channel]
        here = found[0] if found and not found[0].queued else None
        if here is not None and never_moved(here) and bridge.state is BridgeState.ENDED:
            return
        assert (leg.state in LIVE) == (here is not None), (leg.role, leg.state, found)
        if here is not None:
            assert (leg.state is LegState.JOINED) == (here.room is not None)
            assert (leg.state is LegState.HELD) == (here.music is not None)
            assert leg.aim is (LegAim.MUSIC if here.music else LegAim.ROOM)

    async def everybody_goes(self) -> None:
        """Afterwards nothing is left: no channel, no room that runs."""
        house = self.house
        for _ in range(12):
            for one in list(house.exchange.channels_by_id.values()):
                if one.uniqueid in house.exchange.channels_by_id:
                    house.exchange.end(one, 16)
            await house.heal()
            if not house.exchange.channels_by_id:
                break
        rows, legs = await house.rows()
        assert not house.exchange.channels_by_id
        assert all(row.state is BridgeState.ENDED for row in rows)
        assert not [leg for leg in legs if leg.state in LIVE]


Consultation.TestCase.settings = settings(
    max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestConsultation = Consultation.TestCase


async def test_help_is_called_also_where_it_was_consulted_in_vain(tmp_path: Path) -> None:
    house, close = await furnish(tmp_path)
    try:
        await house.begin(seat=False, blind=False)
        for _ in range(2):
            await house.deliver()
            house.exchange.end(house.exchange.legs()[0], 17)
        await house.deliver()
        assert (await house.states())["grid_worker"] is LegState.BUSY
        await house.press("help-is-called")
        await house.deliver()
        legs = {one.leg.leg_id for one in house.exchange.legs() if one.leg}
        roles = {leg.role for leg in (await house.rows())[1] if leg.id in legs}
        assert roles == {"grid_worker", "internet_office", "handling_unit"}
        assert [digits[-1] for digits, _ in house.exchange.dialled] == ["1", "2", "3", "5", "1"]
    finally:
        await close()
