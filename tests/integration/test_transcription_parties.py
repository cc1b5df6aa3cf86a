"""A conference's parties heard live and afterwards: joined is tapped, left is not, a restart loses nobody."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil

from core.bridge_events import LegJoined, LegLeft
from core.bridge_words import BridgeState, LegState, Presser
from core.events import EngineChanged
from core.vocabulary import RecordingState, Speaker
from core.words_events import LegFinalised, LegGuessed, LegSettled
from db.models import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber
from db.repositories import utterances
from db.session import transaction
from tests.fakes.waiting import until
from tests.integration.test_transcription_worker import Room, engine, room, sessions, speech, worker

__all__ = ["engine", "room", "sessions", "speech", "worker"]

OUTSIDE, SEAT_LEG = "PJSIP/outbound-00000003", "PJSIP/desk1-00000004"


async def conference(room) -> None:
    """A ticket's conference without a call: the handling unit and the presser's own seat are in."""
    now = dt.datetime.now(dt.UTC)
    async with transaction(room.sessions) as session:
        bridge = Bridge(id=1, key="p1:press", presser=Presser.TICKET, state=BridgeState.OPEN, pressed_at=now)
        session.add(bridge)
        await session.flush()
        for leg_id, role, channel in ((1, "handling_unit", OUTSIDE), (2, "seat", SEAT_LEG)):
            session.add(
                BridgeLeg(
                    id=leg_id,
                    bridge_id=1,
                    role=role,
                    attempt=1,
                    state=LegState.JOINED,
                    channel=channel,
                    seat_id=1 if role == "seat" else None,
                    since=now,
                )
            )
            await session.flush()
            session.add(
                BridgeAttempt(
                    id=leg_id,
                    leg_id=leg_id,
                    number=1,
                    place=0,
                    channel_id=f"br-{leg_id}",
                    ordered_at=now,
                    joined_at=now,
                )
            )
        session.add(
            BridgeNumber(leg_id=1, place=0, digits="02356560000", label="值班电话", name="供电公司值班")
        )


def fact(kind, leg_id: int):
    about = {"bridge_id": 1, "leg_id": leg_id, "role": "handling_unit", "attempt": 1}
    return kind(at=dt.datetime.now(dt.UTC), **about)


async def lines(room):
    async with transaction(room.sessions) as session:
        return await utterances.of_bridge(session, 1)


async def test_parties_are_heard_with_their_names_until_they_leave(room, speech):
    room.taps.sounds |= {OUTSIDE: speech, SEAT_LEG: speech}
    room.taps.go_on()
    await conference(room)
    await room.service.on_leg_joined(fact(LegJoined, 1))
    await until("both are tapped", lambda: len(room.taps.streams) == 2)
    await room.service.on_leg_joined(fact(LegJoined, 2))
    await until("the unit's words", lambda: room.of(LegSettled, leg_id=1), 60)
    await until("the seat's words", lambda: room.of(LegSettled, leg_id=2), 60)
    assert len(room.taps.streams) == 2
    assert {told.pii_who for told in room.of(LegSettled)} == {"承办单位 供电公司值班", "坐席"}
    assert {told.pii_who for told in room.of(LegGuessed, leg_id=1)} == {"承办单位 供电公司值班"}
    assert {(line.speaker, line.bridge_leg_id, line.call_id) for line in await lines(room)} == {
        (Speaker.OUTSIDE, 1, None),
        (Speaker.SEAT, 2, None),
    }
    async with transaction(room.sessions) as session:
        for leg_id in (1, 2):
            (await session.get(BridgeLeg, leg_id)).state = LegState.LEFT
    for leg_id in (1, 2):
        await room.service.on_leg_left(fact(LegLeft, leg_id))
    await until("nobody is listened to", lambda: not room.service._legs)
    assert sorted(room.taps.untapped) == sorted(leg for _, leg, _ in room.taps.streams)


async def test_a_control_plane_that_starts_again_goes_on_with_the_parties_it_finds(room, speech, worker):
    room.taps.sounds |= {OUTSIDE: speech, SEAT_LEG: speech}
    room.taps.go_on()
    await conference(room)
    await room.service.on_leg_joined(fact(LegJoined, 1))
    await until("the unit's words", lambda: room.of(LegSettled, leg_id=1), 60)
    await room.service.close()
    again = Room(worker, room.sessions, room.taps)
    await again.service.start()
    await until("it knows them", lambda: len(again.service._legs) == 2 and again.of(EngineChanged), 60)
    await until("the words go on, with the name", lambda: again.of(LegSettled, leg_id=1), 60)
    assert again.of(LegSettled, leg_id=1)[0].pii_who == "承办单位 供电公司值班"
    assert len(room.taps.streams) == 2
    room.taps.end()
    async with transaction(room.sessions) as session:
        for leg_id in (1, 2):
            (await session.get(BridgeLeg, leg_id)).state = LegState.LEFT
    await until("no leg is left", lambda: not again.service._legs, 60)
    room.service._legs.clear()
    await again.service.close()


async def test_each_recording_is_heard_again_and_one_that_cannot_be_read_is_given_up(room, speech, worker):
    await conference(room)
    name = "capture/br-1-leg.wav16"
    target = worker.settings.recordings_dir / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(speech["narrow_file"], target)
    async with transaction(room.sessions) as session:
        for leg_id, file in ((1, name), (2, "capture/nowhere.wav16")):
            (await session.get(BridgeLeg, leg_id)).state = LegState.LEFT
            row = await session.get(BridgeAttempt, leg_id)
            row.recording_file, row.sha256, row.sound_state = file, "0" * 64, RecordingState.JOINED
            row.joined_at = row.ordered_at + dt.timedelta(seconds=100)
    await until("the unit is heard", lambda: room.of(LegFinalised, leg_id=1), 60)
    found = await lines(room)
    assert room.of(LegFinalised)[0].lines == len(found) > 0
    assert {(line.speaker, line.source, line.bridge_attempt_id) for line in found} == {
        (Speaker.OUTSIDE, "final", 1)
    }
    assert all(line.start_s >= 100 for line in found)

    async def states() -> list[RecordingState | None]:
        async with transaction(room.sessions) as session:
            return [(await session.get(BridgeAttempt, leg_id)).sound_state for leg_id in (1, 2)]

    async with asyncio.timeout(60):
        while await states() != [RecordingState.TRANSCRIBED, RecordingState.FAILED]:
            pass  # each look is a query
