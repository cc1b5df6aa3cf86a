"""What went on while the link to Asterisk was down: nobody is pulled out of a talk by what was so before."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.bus import Bus
from core.clock import SystemClock
from core.config import load_settings
from core.vocabulary import CallState, Role, SeatState, SeatWish
from db.base import Base
from db.models import Account, Call, Seat
from db.session import SessionMaker, make_engine, make_sessions, reading, transaction
from telephony.control import TelephonyControl
from tests.fakes.ami_server import Action, Connection, FakeAmi
from tests.fakes.waiting import until

ID = "ms-1764000000.1"
CALLER, OLD, NEW = "PJSIP/trunk-00000001", "PJSIP/seat1-00000002", "PJSIP/seat2-00000003"
AGAIN = "PJSIP/seat1-00000004"
T = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def channel(name: str, uniqueid: str) -> list[str]:
    return [
        "Event: CoreShowChannel",
        f"Channel: {name}",
        f"Uniqueid: {uniqueid}",
        f"Linkedid: {ID}",
        "Context: hotline-wait",
        "Exten: s",
        "CallerIDNum: 13800001234",
        "ChannelState: 6",
        "BridgeId: b1",
        "Duration: 00:01:00",
    ]


class Asterisk(FakeAmi):
    """The caller talks with whom `seat_channel` is; the phones of `registered` are there."""

    def __init__(self) -> None:
        super().__init__()
        self.registered: set[str] = set()
        self.answers["Getvar"] = self._contact

    async def _contact(self, connection: Connection, action: Action) -> None:
        name = action["Variable"].removeprefix("PJSIP_DIAL_CONTACTS(").rstrip(")")
        uri = f"PJSIP/{name}/sip:{name}@here" if name in self.registered else ""
        connection.respond(action, "Success", "ok", f"Variable: {action['Variable']}", f"Value: {uri}")

    def show(self, seat_channel: str) -> None:
        self.lists["CoreShowChannels"] = [channel(CALLER, ID), channel(seat_channel, "ms-1764000000.9")]
        self.lists["QueueStatus"] = [
            ["Event: QueueMember", f"Location: PJSIP/seat{seat}", "Paused: 0", "Penalty: 0"]
            for seat in (1, 2)
        ]


@pytest.fixture
async def asterisk() -> AsyncIterator[Asterisk]:
    made = Asterisk()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[SessionMaker]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/t.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    made = make_sessions(engine)
    person = {"role": Role.OPERATOR, "password_hash": "-", "active": True, "demo": True, "created_at": T}
    async with transaction(made) as session:
        session.add_all([Account(id=n, login=f"op{n}", name=f"人{n}", **person) for n in (1, 2)])
    yield made
    await engine.dispose()


async def write(sessions: SessionMaker, state: CallState) -> None:
    """Seat 1 has the caller, as the rows stood when the link went down; seat 2 is ready."""
    async with transaction(sessions) as session:
        call = {
            "caller": "13800001234",
            "dialled": "5",
            "channel": CALLER,
            "arrived_at": T,
            "recovered": False,
        }
        session.add(Call(id=ID, state=state, seat_id=1, seat_channel=OLD, answered_at=T, **call))
        await session.flush()
        for number, here in ((1, SeatState.TALKING), (2, SeatState.READY)):
            call_id = ID if here is SeatState.TALKING else None
            row = Seat(id=number, state=here, since=T, operator_id=number, phone="seat", call_id=call_id)
            row.phone_online, row.wish = True, SeatWish.NONE
            session.add(row)


class Watch:
    """The control plane over these rows, and what they say."""

    def __init__(self, tmp_path: Path, sessions: SessionMaker, port: int) -> None:
        secret = SecretStr("x")
        ami = {"port": port, "watch_secret": secret, "act_secret": secret}
        settings = load_settings(tmp_path, ami=ami)
        self.control = TelephonyControl(settings, sessions, Bus(), SystemClock())
        self._sessions = sessions

    async def call(self) -> Call:
        async with reading(self._sessions) as session:
            found = await session.get(Call, ID)
            assert found is not None
            return found

    async def seat(self, number: int) -> Seat:
        async with reading(self._sessions) as session:
            found = await session.get(Seat, number)
            assert found is not None
            return found

    async def until_holds(self, channel: str) -> Call:
        async with asyncio.timeout(40):
            while (found := await self.call()).seat_channel != channel:  # noqa: ASYNC110 - a row has no event
                await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def watch(tmp_path: Path, sessions: SessionMaker, asterisk: Asterisk) -> AsyncIterator[Watch]:
    made = Watch(tmp_path, sessions, asterisk.port)
    yield made
    await made.control.close()


@pytest.mark.parametrize("before", [CallState.TALKING, CallState.HELD, CallState.RECONNECTING])
async def test_a_caller_whom_another_seat_has_by_now_is_left_there(
    before: CallState, watch: Watch, sessions: SessionMaker, asterisk: Asterisk
) -> None:
    await write(sessions, before)
    asterisk.registered = {"seat1", "seat2"}
    asterisk.show(NEW)
    await watch.control.start()
    call = await watch.until_holds(NEW)
    assert (call.state, call.seat_id, call.operator_id) == (CallState.TALKING, 2, 2)
    async with asyncio.timeout(40):
        while (await watch.seat(2)).state is not SeatState.TALKING:  # noqa: ASYNC110 - a row has no event
            await asyncio.sleep(0.02)
    assert (await watch.seat(2)).call_id == ID
    assert (await watch.seat(1)).state is not SeatState.TALKING
    assert asterisk.asked("Redirect") == []


async def test_a_seat_that_came_back_meanwhile_has_its_new_leg(
    watch: Watch, sessions: SessionMaker, asterisk: Asterisk
) -> None:
    await write(sessions, CallState.RECONNECTING)
    asterisk.registered = {"seat1", "seat2"}
    asterisk.show(AGAIN)
    await watch.control.start()
    call = await watch.until_holds(AGAIN)
    assert (call.state, call.seat_id) == (CallState.TALKING, 1)
    assert (await watch.seat(1)).state is SeatState.TALKING
    assert asterisk.asked("Redirect") == []


async def test_a_caller_with_a_deaf_leg_is_still_brought_back(
    watch: Watch, sessions: SessionMaker, asterisk: Asterisk
) -> None:
    await write(sessions, CallState.RECONNECTING)
    asterisk.registered = {"seat2"}
    asterisk.show(OLD)
    await watch.control.start()
    await until("the caller hears music", lambda: asterisk.asked("Redirect"))
    assert asterisk.asked("Redirect")[0]["Context"] == "seat-lost"
