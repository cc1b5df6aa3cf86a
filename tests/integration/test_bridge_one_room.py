"""Two different keys pressed on one call at the same moment: one room, and every phone rings once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select

from core.errors import IllegalTransition
from core.supervision_words import Mode, SupervisionState
from core.vocabulary import CallState, Role, SeatState
from db.migrate import alembic_config, upgrade
from db.models import Account, Bridge, Call, Seat, Supervision
from db.session import make_engine, make_sessions, transaction
from tests.integration.test_bridge_lives import CALL, CALLER, SEAT, House, T, open_house


def test_two_rooms_that_run_already_do_not_stop_the_upgrade(empty_url: str) -> None:
    command.upgrade(alembic_config(empty_url), "lookups")

    async def rooms(*written: str) -> list[str]:
        engine = make_engine(empty_url)
        async with engine.begin() as connection:
            for text in written:
                await connection.exec_driver_sql(text)
            found = await connection.exec_driver_sql("SELECT state FROM bridges ORDER BY id")
            states = [str(row["state"]) for row in found.mappings()]
        await engine.dispose()
        return states

    call = (
        "INSERT INTO calls (id, state, caller, dialled, channel, arrived_at, recovered)"
        " VALUES ('ms-1.1', 'talking', '138', '5', 'PJSIP/trunk-1', '2026-11-24 08:00:00', false)"
    )
    room = (
        "INSERT INTO bridges (id, key, kind, presser, call_id, about, state, pressed_at)"
        " VALUES ({0}, 'press-{0}', 'emergency', 'seat_call', 'ms-1.1', '', 'open', '2026-11-24 08:00:00')"
    )
    asyncio.run(rooms(call, room.format(1), room.format(2)))
    upgrade(empty_url)
    assert asyncio.run(rooms()) == ["open", "ended"]


async def test_two_keys_at_once_on_one_call_are_one_room(database_url: str, tmp_path: Path) -> None:
    engine = make_engine(database_url)
    sessions = make_sessions(engine)
    call = {"caller": "138", "dialled": "5", "channel": CALLER, "arrived_at": T, "seat_channel": SEAT}
    async with transaction(sessions) as session:
        session.add(Call(id=CALL, state=CallState.TALKING, seat_id=1, **call))
        session.add(Seat(id=1, state=SeatState.TALKING, since=T))
    house = House(tmp_path, sessions)
    house.exchange.bring(CALLER)
    house.exchange.bring(SEAT)
    try:
        pressed = await asyncio.gather(*(house.press(f"key-number-{n}") for n in range(6)))
        await house.deliver()
        assert len(set(pressed)) == 1
        async with transaction(sessions) as session:
            assert len(list(await session.scalars(select(Bridge)))) == 1
        assert set(Counter(digits for digits, _ in house.exchange.dialled).values()) == {1}
        assert len(house.exchange.dialled) == 3
        await house.service.end(pressed[0])
        await house.deliver()
    finally:
        await house.service.close()
        await engine.dispose()


async def test_no_press_while_a_leader_takes_the_call_over() -> None:
    """Both would move the caller: he must be told before, not found alone in a room."""

    async def work(house: House) -> None:
        async with transaction(house.sessions) as session:
            session.add(
                Account(id=7, login="p7", name="p7", role=Role.SHIFT_LEADER, password_hash="", created_at=T)
            )
            await session.flush()
            ear = {"account_id": 7, "lead": 1, "phone": "lead", "seat_id": 1, "call_id": CALL, "told": False}
            how = {"seat_channel": SEAT, "wanted": Mode.TAKE_OVER, "ordered_at": T, "modes": []}
            session.add(Supervision(id=1, state=SupervisionState.LISTENING, **ear, **how))
        with pytest.raises(IllegalTransition) as refused:
            await house.press("while-he-takes-over")
        assert "班长" in str(refused.value.facts["reason"])
        assert not house.exchange.dialled
        async with transaction(house.sessions) as session:  # his telephone rings, and may never be picked up
            (await session.get_one(Supervision, 1)).state = SupervisionState.RINGING
        assert await house.press("before-he-hears")

    await open_house(work)
