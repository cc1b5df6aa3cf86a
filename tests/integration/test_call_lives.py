"""Facts lost, doubled and out of order; Asterisk's file cut at any byte and read twice: rows stay sound."""

import asyncio
import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.bus import Bus
from core.clock import SystemClock
from core.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallHeld,
    CallQueued,
    CallResumed,
    MessageLeft,
    MessageStarted,
    SeatMissed,
    SeatOffered,
)
from core.routing_events import (
    CallRouted,
    CallTurnedAway,
    EmergencyKeyPressed,
    OwnSeatOffered,
    OwnSeatPassed,
)
from core.vocabulary import CallOutcome, CallState, EndedBy
from db.base import Base
from db.models import account, call, reference, seat, ticket  # noqa: F401 - tables
from db.models.call import Call, EventLogEntry, SeatRing
from db.session import make_engine, make_sessions, transaction
from telephony.call_service import CallService
from telephony.cel_ingest import CelIngest
from telephony.control import PolicyRows
from telephony.file_pieces import pieces
from telephony.message_sound import MessageSound

T = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
ID = "ms-1764000000.1"
LIFE = [
    CallArrived(at=T, call_id=ID, pii_caller="138", dialled="5", channel="PJSIP/trunk-00000001"),
    CallRouted(at=T, call_id=ID, own_seat=3, after_cut_off=True, flood=True),
    CallTurnedAway(at=T, call_id=ID, reason="challenge"),
    OwnSeatOffered(at=T, call_id=ID, seat_id=3),
    OwnSeatPassed(at=T, call_id=ID, seat_id=3, ring_s=6),
    EmergencyKeyPressed(at=T, call_id=ID),
    CallQueued(at=T, call_id=ID, position=1),
    SeatOffered(at=T, call_id=ID, seat_id=1),
    SeatMissed(at=T, call_id=ID, seat_id=1, ring_s=15),
    SeatOffered(at=T, call_id=ID, seat_id=2),
    CallAnswered(at=T, call_id=ID, seat_id=2, wait_s=3, seat_channel="PJSIP/seat2-00000001"),
    CallHeld(at=T, call_id=ID),
    CallResumed(at=T, call_id=ID),
    CallEnded(at=T, call_id=ID, cause=16, ended_by=EndedBy.CALLER),
]


async def house(work):
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite+aiosqlite:///{folder}/t.db")
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        sessions = make_sessions(engine)
        try:
            await work(Path(folder), sessions, CallService(sessions, Bus(), SystemClock()))
        finally:
            await engine.dispose()


async def all_calls(sessions):
    async with transaction(sessions) as session:
        return list(await session.scalars(select(Call)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(LIFE), max_size=25))
def test_any_disorder_leaves_one_sound_row(facts):
    async def work(folder, sessions, service):
        kept = sum([await service.apply(fact) for fact in [LIFE[0], *facts, LIFE[-1]]])
        (row,) = await all_calls(sessions)
        assert row.state is CallState.ENDED
        assert (row.outcome is CallOutcome.ANSWERED) == (row.answered_at is not None)
        async with transaction(sessions) as session:
            rings = list(await session.scalars(select(SeatRing).where(SeatRing.own)))
        assert all(ring.answered_at or ring.passed_at for ring in rings)
        assert len(rings) <= 1
        async with transaction(sessions) as session:
            assert len(list(await session.scalars(select(EventLogEntry)))) == kept
        assert not any([await service.apply(fact) for fact in LIFE])

    asyncio.run(house(work))


def a_message(seconds):
    name = f"{ID}-message.wav16"
    return MessageLeft(at=T, call_id=ID, file_name=name, duration_s=seconds)


@pytest.mark.parametrize("told_late", [False, True])
@pytest.mark.parametrize(
    ("seconds", "outcome"), [(0.0, CallOutcome.NO_MESSAGE), (1.0, CallOutcome.VOICEMAIL)]
)
def test_who_said_nothing_after_the_beep_left_no_message(seconds, outcome, told_late):
    async def work(folder, sessions, service):
        left, ended = a_message(seconds), LIFE[-1]
        end = [ended, left] if told_late else [left, ended]
        begun = MessageStarted(at=T, call_id=ID, reason="empty")
        kept = [await service.apply(fact) for fact in (LIFE[0], LIFE[6], begun, *end)]
        (row,) = await all_calls(sessions)
        assert (row.outcome, row.message_file is not None) == (outcome, seconds > 0)
        # A fact that is refused opens no ticket: nobody is told of it
        assert kept.count(False) == (seconds == 0)

    asyncio.run(house(work))


@pytest.mark.parametrize(
    ("sound", "outcome"),
    [
        (np.zeros(80_000), CallOutcome.NO_MESSAGE),
        (np.sin(np.arange(80_000) / 5) / 4, CallOutcome.VOICEMAIL),
        (None, CallOutcome.VOICEMAIL),  # what cannot be measured is believed
    ],
)
@pytest.mark.parametrize("told_late", [False, True])
def test_a_message_in_which_nobody_spoke_is_none(sound, outcome, told_late):
    async def work(folder, sessions, service):
        left, ended = a_message(8.0), LIFE[-1]
        if sound is not None:
            soundfile.write(folder / left.file_name, sound, 16000, subtype="PCM_16", format="WAV")
        hears = CallService(sessions, Bus(), SystemClock(), MessageSound(folder, PolicyRows(sessions)))
        begun = MessageStarted(at=T, call_id=ID, reason="empty")
        for fact in (LIFE[0], LIFE[6], begun, *([ended, left] if told_late else [left, ended])):
            await hears.apply(fact)
        assert not await hears.apply(left), "told again, by Asterisk's own records"
        (row,) = await all_calls(sessions)
        assert (row.outcome, row.message_file is not None) == (outcome, outcome is CallOutcome.VOICEMAIL)
        assert (folder / left.file_name).exists() is (sound is not None)

    asyncio.run(house(work))


def line(event, n, at, channel="trunk", user="", extra="", unique=0):
    call_id = f"ms-17640000{n:02d}.1"
    own = f"{call_id}{unique}" if unique else call_id
    return (
        f'"{event}","{1764000000 + at}.000000","{own}","{call_id}",'
        f'"PJSIP/{channel}-0000000{n}","138001380{n:02d}","56564444","from-trunk","","","{user}","{extra}",""\n'
    )


def a_call(n):
    cause = f'{{""hangupcause"":16,""hangupsource"":""PJSIP/trunk-0000000{n}""}}'
    return [
        line("CHAN_START", n, 0),
        # The own operator of the second answers before the queue, that of the third lets it pass
        *([line("MsOwnSeat", n, 0, user="MsOwnSeat", extra=f'{{""extra"":""{n}""}}')] if n else []),
        *([] if n == 1 else [line("MsQueued", n, 1, user="MsQueued")]),
        line("BRIDGE_ENTER", n, 5, "seat1", unique=7),
        line("HANGUP", n, 9, extra=cause),
        line("CHAN_END", n, 9),
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.integers(0, 10_000), max_size=6),
    st.randoms(use_true_random=False),
    st.sampled_from([None, 1, 700]),
    st.booleans(),
)
def test_cel_cut_anywhere_and_read_by_readers_that_die_gives_each_call_once(cuts, dice, cut_at, one_reader):
    calls = [a_call(n) for n in range(3)]
    lines = []
    while any(calls):
        lines.append(dice.choice([one for one in calls if one]).pop(0))
    data = "".join(lines).encode()

    async def work(folder, sessions, service):
        file = folder / "cel.csv"
        kept = CelIngest(file, sessions, service, cut_at)
        written = 0
        for end in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data), len(data)]:
            # Asterisk writes whole lines: a file is begun with one, though a reader may see half of the last
            before, end = written, end if cut_at is None else data.rfind(b"\n", 0, end) + 1
            with file.open("ab") as out:
                out.write(data[before:end])
            written = max(written, end)
            await (kept if one_reader else CelIngest(file, sessions, service, cut_at)).sweep()
        assert (len(pieces(file)) > 0) == (cut_at is not None)
        rows = await all_calls(sessions)
        assert len(rows) == 3
        for row in rows:
            assert row.outcome is CallOutcome.ANSWERED
            assert row.ended_by is EndedBy.CALLER
            assert (row.seat_id, row.recovered) == (1, True)
            assert (row.ended_at - row.arrived_at).total_seconds() == 9

    asyncio.run(house(work))
