"""A real call through real Asterisk by scripted phones becomes rows; Asterisk killed leaves nothing stuck."""

import asyncio
import datetime as dt
import secrets
import socket

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.bus import Bus
from core.clock import SystemClock
from core.config import load_settings
from core.vocabulary import CallOutcome, CallState, LinkState, PauseReason, RecordingState, Role, SeatState
from db.migrate import upgrade
from db.models.account import Account
from db.models.call import Call, Recording
from db.models.seat import Seat
from db.session import make_engine, make_sessions, transaction
from ops.phone import ScriptedPhone, tone
from telephony.asterisk_config import render
from telephony.asterisk_runtime import AsteriskProcess
from telephony.control import TelephonyControl


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until(what, read, deadline_s=60.0):
    async with asyncio.timeout(deadline_s):
        while not (found := await read()):  # noqa: ASYNC110 - a row has no event
            await asyncio.sleep(0.05)
    assert found, what
    return found


@pytest.fixture
def settings(tmp_path):
    rtp = free_port(socket.SOCK_DGRAM) // 4 * 4
    made = load_settings(
        tmp_path,
        asterisk={
            "sip_port": free_port(socket.SOCK_DGRAM),
            "http_port": free_port(),
            "rtp_start": min(rtp, 60000),
            "rtp_end": min(rtp, 60000) + 200,
            "seat_secrets": {f"seat{n}": SecretStr(secrets.token_hex(8)) for n in range(1, 6)},
        },
        ami={
            "port": free_port(),
            "watch_secret": SecretStr(secrets.token_hex(8)),
            "act_secret": SecretStr(secrets.token_hex(8)),
        },
    )
    made.prompts_dir.mkdir(parents=True, exist_ok=True)
    for name in ("ms-greeting", "ms-busy", "ms-message", "ms-beep", "ms-thanks", "ms-message-thanks"):
        tone(made.prompts_dir / f"{name}.wav", hz=440, seconds=0.3, rate_hz=8000)
    render(made)
    return made


@pytest.fixture
def asterisk(settings):
    process = AsteriskProcess(settings)
    process.start()
    yield process
    process.stop()


@pytest.fixture
async def control(settings, asterisk):
    await asyncio.to_thread(upgrade, settings.db_url)
    engine = make_engine(settings.db_url)
    sessions = make_sessions(engine)
    async with transaction(sessions) as session:
        session.add(
            Account(
                login="op1",
                name="张三",
                work_number="001",
                role=Role.OPERATOR,
                password_hash="-",
                active=True,
                demo=True,
                created_at=dt.datetime.now(dt.UTC),
            )
        )
    made = TelephonyControl(settings, sessions, Bus(), SystemClock())
    made.sessions = sessions
    await made.start()
    yield made
    await made.close()
    await engine.dispose()


async def rows(control, kind):
    async with transaction(control.sessions) as session:
        return list(await session.scalars(select(kind).order_by(kind.id)))


async def call_in(control, state):
    found = await rows(control, Call)
    return found and found[-1].state is state and found[-1]


async def seat_in(control, state):
    found = (await rows(control, Seat))[0]
    return found.state is state and found


async def link_up(control):
    return control.link_state is LinkState.UP


async def joined(control):
    found = await rows(control, Recording)
    return found and found[0].state is RecordingState.JOINED and found[0]


async def ring_and_talk(control, citizen, seat):
    await asyncio.to_thread(citizen.call, "56564444")
    await until("the seat rings", lambda: call_in(control, CallState.RINGING))
    await asyncio.to_thread(seat.answer)
    return await until("they talk", lambda: call_in(control, CallState.TALKING))


async def test_a_call_becomes_rows_and_a_killed_asterisk_leaves_nothing_stuck(settings, control, asterisk):
    await until("the link is up", lambda: link_up(control))
    with ScriptedPhone.seat(settings, 1) as seat, ScriptedPhone.citizen(settings) as citizen:
        await asyncio.to_thread(seat.wait, "registered")
        await control.seats.take(1, 1, "desk")
        assert (await control.seats.start_duty(1)).state is SeatState.READY
        call = await ring_and_talk(control, citizen, seat)
        assert (call.caller, call.seat_id, call.operator_id) == ("13800001234", 1, 1)

        async def a_second_is_captured():
            files = list((settings.recordings_dir / "capture").glob("*-caller.*"))
            return files and files[0].stat().st_size > 32_000

        await until("a second of sound", a_second_is_captured)
        await asyncio.to_thread(citizen.hang_up)
        call = await until("the call is over", lambda: call_in(control, CallState.ENDED))
        assert (call.outcome, str(call.ended_by)) == (CallOutcome.ANSWERED, "caller")
        await until("wrap-up", lambda: seat_in(control, SeatState.WRAP_UP))
        recording = await until("the recording is joined", lambda: joined(control))
        assert (settings.recordings_dir / recording.joined_file).exists()
        assert recording.duration_s > 0.5

        await control.seats.finish_wrap_up(1)
        await ring_and_talk(control, citizen, seat)
        await asyncio.to_thread(asterisk.kill)
        await asyncio.to_thread(asterisk.start)
        await until("nothing is stuck", lambda: call_in(control, CallState.ENDED))
        await until("the link is up again", lambda: link_up(control))
        assert len(await rows(control, Call)) == 2


async def shown(asterisk, words):
    return words in await asyncio.to_thread(asterisk.rx, "queue show hotline")


async def test_a_penalty_that_was_lost_or_left_over_is_put_right(settings, control, asterisk):
    async def becomes(number):
        answer = await asyncio.to_thread(asterisk.rx, f"queue set penalty {number} on PJSIP/desk1 in hotline")
        assert "Set penalty on interface" in answer

    await until("the link is up", lambda: link_up(control))
    with ScriptedPhone.seat(settings, 1) as seat:
        await asyncio.to_thread(seat.wait, "registered")
        await control.seats.take(1, 1, "desk")
        await control.seats.start_duty(1)
        await becomes(9)
        await until("a ready seat to count", lambda: shown(asterisk, "(PJSIP/desk1) (ringinuse"))
        await control.seats.pause(1, PauseReason.BREAK)
        await becomes(0)
        await until("a break to count as absent", lambda: shown(asterisk, "(PJSIP/desk1) with penalty 9"))
        assert await shown(asterisk, "paused:break")
