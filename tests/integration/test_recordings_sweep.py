"""Captured files of calls become rows once; what is settled is not looked at again, however much there is."""

from __future__ import annotations

import asyncio
import datetime as dt
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import event, select

from core.bus import Bus
from core.clock import SteppedClock
from core.vocabulary import CallState, RecordingKind, RecordingState
from db.base import Base
from db.models import Call, Recording
from db.session import SessionMaker, make_engine, make_sessions, transaction
from telephony.recordings import Recordings

T = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
OLD = [f"ms-1763990000.{n}" for n in range(1, 21)]
NEW = "ms-1764000000.1"


def capture(folder: Path, call_id: str, part: str, seconds: float = 0.1) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(folder / f"{call_id}-{part}.wav16"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(2 * int(16000 * seconds)))


def a_call(call_id: str, *, ended: bool = True, answered: bool = True) -> Call:
    return Call(
        id=call_id,
        state=CallState.ENDED if ended else CallState.TALKING,
        caller="138",
        dialled="5",
        channel="PJSIP/trunk-00000001",
        arrived_at=T,
        answered_at=T if answered else None,
        message_at=None if answered else T,
        ended_at=T if ended else None,
        recovered=False,
    )


async def house(
    folder: Path, work: Callable[[SessionMaker, Recordings, SteppedClock, list[str]], Awaitable[None]]
) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{folder}/t.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    asked: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    clock, sessions = SteppedClock(T), make_sessions(engine)
    try:
        await work(sessions, Recordings(folder, sessions, Bus(), clock), clock, asked)
    finally:
        await engine.dispose()


async def kept(sessions: SessionMaker) -> dict[tuple[str, RecordingKind], RecordingState]:
    async with transaction(sessions) as session:
        return {(row.call_id, row.kind): row.state for row in await session.scalars(select(Recording))}


async def sweep(recordings: Recordings, asked: list[str], alive: set[str] | None = None) -> list[str]:
    asked.clear()
    await recordings.sweep(alive or set())
    return list(asked)


def test_what_is_settled_costs_nothing_any_more_and_a_new_call_is_seen_all_the_same(tmp_path: Path) -> None:
    async def work(
        sessions: SessionMaker, recordings: Recordings, clock: SteppedClock, asked: list[str]
    ) -> None:
        async with transaction(sessions) as session:
            session.add_all([a_call(call_id, answered=bool(n % 2)) for n, call_id in enumerate(OLD)])
        for n, call_id in enumerate(OLD):
            capture(tmp_path / "capture", call_id, "caller")
            capture(tmp_path / "capture", call_id, "seat" if n % 2 else "message")
        await sweep(recordings, asked)
        clock.advance(
            30 * 86_400
        )  # past the files' own times too: from here the folder is read when it changes
        await sweep(recordings, asked)
        assert set((await kept(sessions)).values()) == {RecordingState.JOINED}
        idle = await sweep(recordings, asked)
        assert len([one for one in idle if one.startswith("SELECT")]) == 1, idle  # what waits to be joined

        async with transaction(sessions) as session:
            session.add(a_call(NEW, ended=False))
        capture(tmp_path / "capture", NEW, "caller")
        await sweep(recordings, asked, {NEW})
        assert (NEW, RecordingKind.CONVERSATION) not in await kept(sessions)
        async with transaction(sessions) as session:
            row = await session.get(Call, NEW)
            assert row is not None
            row.state, row.ended_at = CallState.ENDED, clock.now()
        await sweep(recordings, asked)
        assert (await kept(sessions))[NEW, RecordingKind.CONVERSATION] is RecordingState.JOINED
        assert len(await kept(sessions)) == len(OLD) + 1

    asyncio.run(house(tmp_path, work))


def test_a_message_that_is_written_after_the_call_was_looked_at_is_not_lost(tmp_path: Path) -> None:
    async def work(
        sessions: SessionMaker, recordings: Recordings, clock: SteppedClock, asked: list[str]
    ) -> None:
        async with transaction(sessions) as session:
            session.add(a_call(NEW, answered=False))
        capture(tmp_path / "capture", NEW, "caller")
        capture(tmp_path / "capture", NEW, "message", 0)  # a header, and no sound yet
        await sweep(recordings, asked)
        assert await kept(sessions) == {}
        capture(tmp_path / "capture", NEW, "message")
        await sweep(recordings, asked)
        assert await kept(sessions) == {(NEW, RecordingKind.VOICEMAIL): RecordingState.JOINED}

    asyncio.run(house(tmp_path, work))
