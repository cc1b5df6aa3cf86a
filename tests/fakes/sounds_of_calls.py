"""A house with recordings: calls whose sides were joined by the real code, in a folder and a database."""

from __future__ import annotations

import datetime as dt
import os
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import update

from core.bus import Bus
from core.clock import SteppedClock
from core.config import Settings, load_settings
from core.supervision_words import Mode
from core.vocabulary import CallState, RecordingState, Role
from db.base import Base
from db.models import Account, Call, Recording
from db.models.supervision import Supervision
from db.session import SessionMaker, make_engine, make_sessions, transaction
from telephony.recordings import Recordings
from telephony.thinning import Thinning

T = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
ONE = "ms-1764000000.1"
DAY_S = 86_400


@dataclass
class SoundHouse:
    """Rows, files and a clock that is moved; joining and thinning as the control plane has them."""

    settings: Settings
    sessions: SessionMaker
    clock: SteppedClock

    def __post_init__(self) -> None:
        self.folder = self.settings.recordings_dir
        self.recordings = Recordings(self.folder, self.sessions, Bus(), self.clock)
        self.thinning = Thinning(self.settings, self.sessions, self.clock)

    def sound(self, name: str, seconds: float = 0.5) -> Path:
        """A capture of that name, written to when the clock stands now."""
        file = self.folder / "capture" / f"{name}.wav16"
        file.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16000)
            out.writeframes(b"\x01\x02" * int(16000 * seconds))
        self.touch(file)
        return file

    def touch(self, file: Path) -> None:
        """As if it had been written to when the clock stands now."""
        now_s = self.clock.now().timestamp()
        os.utime(file, (now_s, now_s))

    def names(self) -> set[str]:
        """What lies in the folder of captures."""
        return {file.stem for file in (self.folder / "capture").iterdir()}

    async def add(self, *rows: Any) -> None:
        """Put rows there, each after those it points at."""
        async with transaction(self.sessions) as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def heard(self, call_id: str = ONE) -> None:
        """The second pass over this call is done."""
        await self.set_state(call_id, RecordingState.TRANSCRIBED)

    async def set_state(self, call_id: str, state: RecordingState) -> None:
        """As the after-call work would leave the call's recordings."""
        async with transaction(self.sessions) as session:
            await session.execute(update(Recording).where(Recording.call_id == call_id).values(state=state))

    async def a_talk(self, call_id: str = ONE) -> None:
        """Two sides, a leader who barged in, a message after the talk: joined, and not heard again yet."""
        leader = Account(
            login="leader", name="l", role=Role.SHIFT_LEADER, password_hash="", created_at=T, active=True
        )
        await self.add(leader, ended_call(call_id, message_at=T))
        ear = an_ear(leader.id, call_id)
        await self.add(ear)
        for part in ("caller", "seat", "message"):
            self.sound(f"{call_id}-{part}")
        said_ms = int(T.timestamp() * 1000) + 100
        self.sound(f"sv-{ear.id}-2147483000.1-{said_ms}-lead", 0.2)
        assert await self.recordings.sweep(set()) == 2


@asynccontextmanager
async def sound_house(folder: Path, *, at: dt.datetime = T, **retention: int) -> AsyncIterator[SoundHouse]:
    """A house in that folder; its rows and files stay for the next one there."""
    settings = load_settings(folder, retention=retention)
    engine = make_engine(settings.db_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    try:
        yield SoundHouse(settings, make_sessions(engine), SteppedClock(at))
    finally:
        await engine.dispose()


def ended_call(call_id: str, **more: Any) -> Call:
    """An answered call that is over."""
    values: dict[str, Any] = {
        "id": call_id,
        "state": CallState.ENDED,
        "caller": "138",
        "dialled": "5",
        "channel": "PJSIP/trunk-00000001",
        "arrived_at": T,
        "answered_at": T,
        "ended_at": T,
        "recovered": False,
    }
    return Call(**{**values, **more})


def an_ear(account_id: int, call_id: str) -> Supervision:
    """A leader who was at that call."""
    return Supervision(
        account_id=account_id,
        lead=1,
        phone="lead",
        seat_id=1,
        seat_channel="PJSIP/seat1-00000001",
        call_id=call_id,
        wanted=Mode.BARGE,
        ordered_at=T,
        ended_at=T,
        modes=[],
    )
