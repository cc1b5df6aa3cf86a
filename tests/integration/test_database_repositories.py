"""What the repositories promise, on both databases: facts in one order, one seat a person, lines whole."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from core.events import CallAnswered, CallHeld
from core.vocabulary import RecordingKind, RecordingState, Role, Speaker
from db.models import Account, Call, EventLogEntry, Recording, Seat, SeatRing, Utterance
from db.repositories import calls, event_log, ingest, recordings, seats, utterances
from db.session import make_engine, make_sessions, reading, transaction
from tests.fakes.web_house import a_call

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


@pytest.fixture
async def sessions(database_url):
    engine = make_engine(database_url)
    made = make_sessions(engine)
    async with transaction(made) as session:
        for n in (1, 2):
            session.add(
                Account(
                    id=n, login=f"op{n}", name="甲", role=Role.OPERATOR, password_hash="-", created_at=NOW
                )
            )
        await session.flush()
        session.add_all([a_call("ms-1"), a_call("ms-2", "op02", arrived_at=NOW + dt.timedelta(hours=1))])
        await seats.ensure(session, 5, NOW)
    yield made
    await engine.dispose()


def held(n: int) -> CallHeld:
    return CallHeld(at=NOW, call_id=f"ms-{n}")  # pyright: ignore[reportArgumentType]


async def after(sessions, seq: int) -> list[int]:
    async with reading(sessions) as session:
        return [entry.seq for entry in await event_log.since(session, seq)]


async def somebody_waits_for_a_lock(sessions) -> bool:
    async with reading(sessions) as session:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(await session.scalar(waiting))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_reads_on_from_the_last_number_misses_no_fact_of_a_slower_transaction(sessions):
    """Numbers are given before the commit: without turns, 2 would show before 1 and 1 never be read."""

    async def quick() -> None:
        async with transaction(sessions) as session:
            await event_log.append(session, held(2))

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        async with transaction(sessions) as slow:
            await event_log.append(slow, held(1))
            second = group.create_task(quick())
            while not (second.done() or await somebody_waits_for_a_lock(sessions)):
                pass
            seen = await after(sessions, 0)
        await second
    seen += await after(sessions, seen[-1] if seen else 0)
    async with reading(sessions) as session:
        assert seen == list(await session.scalars(select(EventLogEntry.seq).order_by(EventLogEntry.seq)))
    assert len(seen) == 2


async def test_many_writers_and_one_reader_that_only_looks_ahead(sessions):
    seen: list[int] = []

    async def write(n: int) -> None:
        async with transaction(sessions) as session:
            await event_log.append(session, held(n))
            await session.scalar(select(Call.id).limit(1))
        seen.extend(await after(sessions, seen[-1] if seen else 0))

    async with asyncio.timeout(60):
        for _ in range(4):
            await asyncio.gather(*(write(n) for n in range(6)))
    assert sorted(set(seen)) == await after(sessions, 0)
    assert len(set(seen)) == 24


async def test_a_number_of_a_fact_that_was_taken_back_is_never_read_twice(sessions):
    async def break_off() -> None:
        async with transaction(sessions) as session:
            await event_log.append(session, held(1))
            raise ZeroDivisionError

    async with transaction(sessions) as session:
        first = await event_log.append(session, held(1))
    with pytest.raises(ZeroDivisionError):
        await break_off()
    async with transaction(sessions) as session:
        await session.delete(await session.get_one(EventLogEntry, first))
    async with transaction(sessions) as session:
        assert await event_log.append(session, held(1)) > first


async def test_a_fact_comes_back_as_it_was_said(sessions):
    fact = CallAnswered(at=NOW, call_id="ms-1", seat_id=3, wait_s=1.5, seat_channel="PJSIP/座席-1")
    async with transaction(sessions) as session:
        seq = await event_log.append(session, fact)
    async with reading(sessions) as session:
        (entry,) = await event_log.of_call(session, "ms-1")
        assert await event_log.last_seq(session) == seq
    assert (entry.seq, entry.kind, entry.seat_id, entry.at) == (seq, "CallAnswered", 3, NOW)
    assert entry.payload == {
        "at": "2026-11-24T08:00:00+00:00",
        "call_id": "ms-1",
        "seat_id": 3,
        "wait_s": 1.5,
        "seat_channel": "PJSIP/座席-1",
    }


async def test_moments_come_back_aware_and_in_utc_whatever_zone_they_were_given_in(sessions):
    shanghai = dt.timezone(dt.timedelta(hours=8))
    given = dt.datetime(2026, 11, 24, 23, 59, 59, 123456, tzinfo=shanghai)
    async with transaction(sessions) as session:
        (await session.get_one(Call, "ms-1")).ended_at = given
    async with reading(sessions) as session:
        stored = (await session.get_one(Call, "ms-1")).ended_at
        assert stored == given
        assert stored.tzinfo is dt.UTC
        assert [call.id for call in await calls.since(session, NOW + dt.timedelta(hours=1))] == ["ms-2"]
        assert await calls.since(session, NOW + dt.timedelta(hours=2)) == []


async def test_the_database_lets_nobody_sit_at_two_seats(sessions):
    async def sit(seat_id: int, operator_id: int) -> None:
        async with transaction(sessions) as session:
            (await session.get_one(Seat, seat_id)).operator_id = operator_id

    await sit(1, 1)
    with pytest.raises(IntegrityError):
        await sit(2, 1)
    await sit(2, 2)
    async with reading(sessions) as session:
        assert [seat.operator_id for seat in await seats.every(session)] == [1, 2, None, None, None]


async def test_a_row_that_points_nowhere_is_refused_by_both_databases(sessions):
    async def lose() -> None:
        async with transaction(sessions) as session:
            session.add(SeatRing(call_id="ms-nobody", seat_id=1, rang_at=NOW))

    with pytest.raises(IntegrityError):
        await lose()


async def test_more_seats_later_keep_the_ones_there_are(sessions):
    async with transaction(sessions) as session:
        (await session.get_one(Seat, 1)).operator_id = 1
    for count in (5, 7, 3):
        async with transaction(sessions) as session:
            await seats.ensure(session, count, NOW)
    async with reading(sessions) as session:
        assert [seat.id for seat in await seats.every(session)] == [1, 2, 3, 4, 5, 6, 7]
        assert (await seats.of_operator(session, 1)).id == 1


async def test_of_several_rings_the_open_one_is_found(sessions):
    async with transaction(sessions) as session:
        for second in range(3):
            at = NOW + dt.timedelta(seconds=second)
            session.add(SeatRing(call_id="ms-1", seat_id=1, rang_at=at, missed_at=at if second < 2 else None))
            await session.flush()
        session.add(SeatRing(call_id="ms-1", seat_id=2, rang_at=NOW, answered_at=NOW))
    async with reading(sessions) as session:
        found = await calls.open_ring(session, "ms-1", 1)
        assert found is not None
        assert found.rang_at == NOW + dt.timedelta(seconds=2)
        assert await calls.open_ring(session, "ms-1", 2) is None
        assert [ring.seat_id for ring in await calls.rings_of(session, "ms-1")] == [1, 2, 1, 1]


async def test_a_call_has_one_recording_of_a_kind(sessions):
    def one() -> Recording:
        kind, state = RecordingKind.CONVERSATION, RecordingState.CAPTURED
        return Recording(call_id="ms-1", kind=kind, state=state, caller_file="a.wav", started_at=NOW)

    async def add() -> None:
        async with transaction(sessions) as session:
            session.add(one())

    await add()
    with pytest.raises(IntegrityError):
        await add()
    async with reading(sessions) as session:
        (found,) = await recordings.in_state(session, RecordingState.CAPTURED)
        assert found.call_id == "ms-1"
        assert await recordings.of_kind(session, "ms-1", RecordingKind.VOICEMAIL) is None


def a_line(words: str, start_s: float) -> Utterance:
    times = {"start_s": start_s, "end_s": start_s + 1, "confidence": 0.5}
    return Utterance(
        speaker=Speaker.CALLER, text=words, raw_text=words, words=[[words, start_s, 1, 1]], **times
    )


async def test_the_second_pass_takes_the_place_of_all_earlier_lines_however_often_it_runs(sessions):
    async with transaction(sessions) as session:
        for n in range(3):
            line = a_line("猜", float(n))
            line.call_id = "ms-1"
            session.add(line)
    for _ in range(2):
        async with transaction(sessions) as session:
            await utterances.replace_with_final(session, "ms-1", [a_line("二", 2.0), a_line("一", 1.0)])
    async with reading(sessions) as session:
        lines = await utterances.of_call(session, "ms-1")
    assert [(line.text, line.source) for line in lines] == [("一", "final"), ("二", "final")]
    assert lines[0].words == [["一", 1.0, 1, 1]]


async def test_the_place_in_a_file_is_kept_beyond_four_gigabytes(sessions):
    for offset in (5, 2**40):
        async with transaction(sessions) as session:
            await ingest.save(session, "cel.csv", inode=2**50, offset=offset)
    async with transaction(sessions) as session:
        row = await ingest.get(session, "cel.csv")
        assert row is not None
        assert (row.inode, row.offset) == (2**50, 2**40)
        assert await ingest.get(session, "other.csv") is None
