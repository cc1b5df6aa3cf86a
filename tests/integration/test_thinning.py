"""Raw sides go when the joined recording is proven and was heard; whatever is in doubt stays."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import select

from core.bridge_words import BridgeState, Presser
from core.config import PROJECT_ROOT
from core.vocabulary import CallState, RecordingKind, RecordingState
from db.models import Bridge, Call, Recording
from db.session import reading, transaction
from telephony.sound_files import sha256_of
from telephony.thinning import Keep
from tests.fakes.sounds_of_calls import DAY_S, ONE, SoundHouse, T, an_ear, ended_call, sound_house

Doubt = Callable[[SoundHouse], Awaitable[None]]


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[SoundHouse]:
    async with sound_house(tmp_path) as made:
        yield made


async def joined(house: SoundHouse) -> dict[RecordingKind, Recording]:
    async with reading(house.sessions) as session:
        return {row.kind: row for row in await session.scalars(select(Recording))}


async def test_what_is_proven_and_heard_goes_after_its_days_and_not_before(house):
    await house.a_talk()
    await house.heard()
    before = house.names()
    house.clock.advance(7 * DAY_S - 60)
    assert (await house.thinning.sweep(set())).calls == 0
    assert house.names() == before
    assert len(before) == 4
    house.clock.advance(120)
    done = await house.thinning.sweep(set())
    assert (done.calls, dict(done.kept)) == (1, {})
    assert done.freed == 3 * (44 + 16000) + 44 + 6400
    assert house.names() == set()
    for row in (await joined(house)).values():
        assert sha256_of(house.folder / row.joined_file) == row.sha256


async def test_a_nearly_full_disk_shortens_the_days_and_loosens_nothing_else(house):
    await house.a_talk()
    house.clock.advance(2 * 3600)
    assert (await house.thinning.sweep(set(), pressed=True)).kept == {Keep.UNHEARD: 1}
    assert len(house.names()) == 4
    await house.heard()
    house.clock.advance(DAY_S + 1)
    assert (await house.thinning.sweep(set())).calls == 0
    assert (await house.thinning.sweep(set(), pressed=True)).calls == 1
    assert house.names() == set()


@pytest.mark.parametrize(
    ("state", "goes"),
    [(RecordingState.JOINED, True), (RecordingState.FAILED, False), (RecordingState.CAPTURED, False)],
)
async def test_without_a_model_the_centre_may_set_a_time_after_which_unheard_sides_go(tmp_path, state, goes):
    async with sound_house(tmp_path, unheard_days=90) as house:
        await house.a_talk()
        await house.set_state(ONE, state)
        house.clock.advance(89 * DAY_S)
        assert (await house.thinning.sweep(set())).kept == {Keep.UNHEARD: 1}
        house.clock.advance(2 * DAY_S)
        assert (await house.thinning.sweep(set())).calls == int(goes)
        assert len(house.names()) == (0 if goes else 4)


async def _talks(house: SoundHouse) -> None:
    async with transaction(house.sessions) as session:
        call = await session.get_one(Call, ONE)
        call.state, call.ended_at = CallState.TALKING, None


async def _is_in_a_conference(house: SoundHouse) -> None:
    await house.add(
        Bridge(
            key="k", presser=Presser.SEAT_CALL, call_id=ONE, state=BridgeState.OPEN, pressed_at=T, opened_at=T
        )
    )


async def _was_not_heard(house: SoundHouse) -> None:
    await house.set_state(ONE, RecordingState.JOINED)


async def _failed(house: SoundHouse) -> None:
    await house.set_state(ONE, RecordingState.FAILED)


async def _waits_to_be_joined(house: SoundHouse) -> None:
    await house.set_state(ONE, RecordingState.CAPTURED)


async def _one_byte_is_another(house: SoundHouse) -> None:
    file = house.folder / "joined" / f"{ONE}-conversation.wav"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


async def _is_cut_short(house: SoundHouse) -> None:
    file = house.folder / "joined" / f"{ONE}-voicemail.wav"
    file.write_bytes(file.read_bytes()[:-100])


async def _is_gone(house: SoundHouse) -> None:
    (house.folder / "joined" / f"{ONE}-conversation.wav").unlink()


async def _has_no_hash(house: SoundHouse) -> None:
    async with transaction(house.sessions) as session:
        for row in await session.scalars(select(Recording)):
            row.sha256 = None


async def _a_side_grew_after_it_was_joined(house: SoundHouse) -> None:
    house.sound(f"{ONE}-seat", 0.6)


async def _a_second_leader_is_in_no_recording(house: SoundHouse) -> None:
    ear = an_ear(1, ONE)
    await house.add(ear)
    house.sound(f"sv-{ear.id}-2147483000.1-{int(T.timestamp() * 1000)}-lead")


async def _the_talk_was_never_taken_in(house: SoundHouse) -> None:
    async with transaction(house.sessions) as session:
        await session.delete((await session.scalars(select(Recording).order_by(Recording.id))).first())


@pytest.mark.parametrize(
    ("doubt", "why"),
    [
        (_talks, Keep.OPEN),
        (_is_in_a_conference, Keep.OPEN),
        (_the_talk_was_never_taken_in, Keep.UNJOINED),
        (_a_second_leader_is_in_no_recording, Keep.UNJOINED),
        (_was_not_heard, Keep.UNHEARD),
        (_failed, Keep.UNHEARD),
        (_waits_to_be_joined, Keep.UNHEARD),
        (_one_byte_is_another, Keep.DAMAGED),
        (_is_cut_short, Keep.DAMAGED),
        (_is_gone, Keep.DAMAGED),
        (_has_no_hash, Keep.DAMAGED),
        (_a_side_grew_after_it_was_joined, Keep.DAMAGED),
    ],
)
@pytest.mark.parametrize("pressed", [False, True])
async def test_whatever_is_in_doubt_keeps_all_its_sides(house, doubt, why, pressed):
    await house.a_talk()
    await house.heard()
    await doubt(house)
    before = house.names()
    house.clock.advance(30 * DAY_S)
    done = await house.thinning.sweep(set(), pressed=pressed)
    assert (done.calls, dict(done.kept)) == (0, {why: 1})
    assert house.names() == before


async def test_what_asterisk_still_has_stays_whatever_the_rows_say(house):
    await house.a_talk()
    await house.heard()
    house.clock.advance(30 * DAY_S)
    done = await house.thinning.sweep({ONE})
    assert (done.calls, dict(done.kept), len(house.names())) == (0, {}, 4)


async def test_a_file_that_is_still_written_to_keeps_its_call(house):
    await house.a_talk()
    await house.heard()
    house.clock.advance(30 * DAY_S)
    house.touch(house.folder / "capture" / f"{ONE}-seat.wav16")
    assert (await house.thinning.sweep(set())).calls == 0
    assert len(house.names()) == 4


async def test_greetings_of_calls_that_nobody_answered_go_and_parties_of_conferences_and_strangers_stay(
    house,
):
    gave_up, left_word = "ms-1764000000.2", "ms-1764000000.3"
    await house.add(
        ended_call(gave_up, answered_at=None), ended_call(left_word, answered_at=None, message_at=T)
    )
    for call_id in (gave_up, left_word, "ms-1764000000.9"):
        house.sound(f"{call_id}-caller")
        house.sound(f"{call_id}-seat")
    house.sound(f"{left_word}-message")
    house.sound("br-1x2x1-2147483000.1-leg")
    house.sound("sv-77-2147483000.1-1764000000000-lead")
    house.clock.advance(30 * DAY_S)
    done = await house.thinning.sweep(set())
    assert (done.calls, dict(done.kept)) == (1, {Keep.OPEN: 1, Keep.UNJOINED: 1})
    assert len(house.names()) == 7
    assert not [name for name in house.names() if name.startswith(gave_up)]
    await house.recordings.sweep(set())
    await house.heard(left_word)
    house.clock.advance(2 * DAY_S)
    assert (await house.thinning.sweep(set())).calls == 1
    assert house.names() == {
        "ms-1764000000.9-caller",
        "ms-1764000000.9-seat",
        "br-1x2x1-2147483000.1-leg",
        "sv-77-2147483000.1-1764000000000-lead",
    }


async def test_one_file_that_cannot_be_removed_keeps_none_that_come_after_it(house):
    calls = [f"ms-1764000000.{n}" for n in (2, 3)]
    await house.add(*(ended_call(call_id, answered_at=None) for call_id in calls))
    stuck = house.folder / "capture" / f"{calls[0]}-caller.wav16"
    stuck.mkdir(parents=True)
    house.touch(stuck)
    house.sound(f"{calls[1]}-caller")
    house.clock.advance(8 * DAY_S)
    assert (await house.thinning.sweep(set())).calls == 1
    assert house.names() == {stuck.stem}


async def test_a_kill_before_any_step_loses_nothing_and_the_next_look_goes_on(house):
    """Each time the whole process dies; then the joining looks, as it does after a start."""
    await house.a_talk()
    await house.heard()
    rows = {kind: (row.sha256, row.state) for kind, row in (await joined(house)).items()}
    left: list[int] = []
    # Two joined files are opened, then four sides removed: who dies at the fourth step has removed one
    for at in (1, 2, 3, 4, 4, 4, 4):
        command = [sys.executable, "-m", "tests.fakes.thinning_that_dies", house.settings.state_dir, str(at)]
        died = await asyncio.to_thread(subprocess.run, command, cwd=PROJECT_ROOT, timeout=60)
        left.append(len(house.names()))
        assert died.returncode == (-signal.SIGKILL if left[-1] else 0), left
        async with sound_house(house.settings.state_dir, at=T + dt.timedelta(days=8)) as again:
            assert await again.recordings.sweep(set()) == 0
        found = await joined(house)
        assert {kind: (row.sha256, row.state) for kind, row in found.items()} == rows
        assert all(sha256_of(house.folder / row.joined_file) == row.sha256 for row in found.values())
    assert left == [4, 4, 4, 3, 2, 1, 0]
