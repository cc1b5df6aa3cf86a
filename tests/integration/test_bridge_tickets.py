"""Presses without a ticket get one each; one that cannot have it costs the others nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select

from core.bridge_words import BridgeState, LegState, Presser
from core.bus import Bus
from core.clock import SteppedClock
from core.config import load_settings
from core.events import Fact
from core.vocabulary import RecordingState, TicketStatus
from db.base import Base
from db.models import Bridge, BridgeAttempt, BridgeLeg, Ticket
from db.session import make_engine, make_sessions, transaction
from telephony.bridge_control import BridgeControl

T = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


class Desk:
    """Has no ticket for the first."""

    async def ticket_for(self, session: Any, bridge: Bridge) -> tuple[int, Fact | None]:
        if bridge.id == 1:
            raise RuntimeError("its rows are broken")
        number = {"number": f"2611240000{bridge.id}", "status": TicketStatus.DRAFT}
        row = Ticket(**number, channel="bridge", created_at=T, updated_at=T)
        session.add(row)
        await session.flush()
        return row.id, None


async def test_a_press_that_cannot_have_a_ticket_costs_the_others_nothing(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/t.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = make_sessions(engine)
    async with transaction(sessions) as session:
        for number in (1, 2):
            key = {"key": f"press-{number}", "presser": Presser.GRID, "state": BridgeState.ENDED}
            session.add(Bridge(id=number, pressed_at=T, ended_at=T, **key))
        await session.flush()
        session.add(BridgeLeg(id=1, bridge_id=1, role="grid_worker", state=LegState.LEFT, since=T))
        await session.flush()
        name = "br-1x1x1-2147483000.1"
        session.add(
            BridgeAttempt(leg_id=1, number=1, place=0, channel_id=name, ordered_at=T, joined_at=T, ended_at=T)
        )
    clock = SteppedClock(T + dt.timedelta(minutes=1))
    control = BridgeControl(load_settings(tmp_path), sessions, Bus(), clock, cast(Any, None))
    vars(control).update(_tickets=Desk())
    await control.tick()
    async with transaction(sessions) as session:
        tickets = list(await session.scalars(select(Bridge.ticket_id).order_by(Bridge.id)))
        (sound,) = list(await session.scalars(select(BridgeAttempt.sound_state)))
    await engine.dispose()
    assert tickets[0] is None
    assert tickets[1] is not None
    assert sound is RecordingState.FAILED  # its file is looked for all the same
