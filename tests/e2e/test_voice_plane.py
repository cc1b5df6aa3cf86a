"""The voice plane with no Python at all: never a dead line, and nothing that a caller says is lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ops.phone import ScriptedPhone, read_wav, recorded_s, tone, tone_power
from ops.supervisor import Supervisor
from tests.e2e.hotline import Person, wait_for
from tests.e2e.voice_plane import VoicePlane, first_sound_s, longest_silence_s

QUIET_S = 3.0
"""A caller who hears nothing for so long takes the line for dead."""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VoicePlane]:
    made = VoicePlane(tmp_path_factory.mktemp("voice-plane"))
    yield made
    made.asterisk.stop()


@pytest.fixture(autouse=True)
def empty_queue(plane: VoicePlane) -> Iterator[None]:
    yield
    plane.nobody()
    plane.empty()


def speaking(folder: Path, hz: float) -> str:
    return str(tone(folder / f"{hz:.0f}.wav", hz=hz, seconds=90))


def has_ended(phone: ScriptedPhone) -> bool:
    return any(event.get("state") == "DISCONNECTED" for event in phone.events)


def test_a_seat_is_reached_and_both_sides_are_recorded(plane: VoicePlane, tmp_path: Path) -> None:
    heard_by_caller, heard_by_seat = tmp_path / "caller.wav", tmp_path / "seat.wav"
    with (
        plane.seat(1, play=speaking(tmp_path, 660), record=str(heard_by_seat)) as seat,
        plane.citizen(play=speaking(tmp_path, 440), record=str(heard_by_caller)) as caller,
    ):
        plane.member(1)
        caller.call("56564444")
        caller.wait_answered()
        seat.wait("incoming")
        seat.answer()
        seat.wait_answered()
        wait_for("the caller at the seat", lambda: tone_power(heard_by_seat, 440) > 0.5)
        wait_for("the seat at the caller", lambda: tone_power(heard_by_caller, 660) > 0.5)
        caller.hang_up()
        caller.wait_ended()
    assert first_sound_s(heard_by_caller) < QUIET_S
    legs = wait_for("both legs' files", lambda: plane.captured("caller")[-1:] + plane.captured("seat")[-1:])
    assert tone_power(legs[0], 440) > 0.5
    assert tone_power(legs[1], 660) > 0.5

    def alike() -> bool:
        return abs(recorded_s(legs[0]) - recorded_s(legs[1])) < 0.04

    wait_for("both written to the same end", alike)


def test_sound_never_stops_from_greeting_to_message(plane: VoicePlane, tmp_path: Path) -> None:
    """A member who never answers: greeting, music, ringing, music, then the message prompt and its beep."""
    heard = tmp_path / "heard.wav"
    before = len(plane.captured("message"))
    with plane.seat(1) as seat, plane.citizen(play=speaking(tmp_path, 440), record=str(heard)) as caller:
        plane.member(1)
        caller.call("56564444")
        caller.wait_answered()
        seat.wait("incoming")
        message = wait_for("the message's file", lambda: plane.captured("message")[before:], 60)[0]
        wait_for("the caller's tone in it", lambda: tone_power(message, 440) > 0.5)
        recording_began = recorded_s(heard)
        caller.hang_up()
        caller.wait_ended()
    assert first_sound_s(heard) < QUIET_S
    assert longest_silence_s(heard) < QUIET_S, recording_began


def test_with_no_seat_the_message_becomes_a_ticket_once_python_lives(
    plane: VoicePlane, tmp_path: Path
) -> None:
    before = len(plane.captured("message"))
    with plane.citizen("13900007777", play=speaking(tmp_path, 440)) as caller:
        caller.call("56564444")
        caller.wait_answered()
        message = wait_for("the message's file", lambda: plane.captured("message")[before:], 60)[0]
        wait_for("the caller's tone in it", lambda: tone_power(message, 440) > 0.5)
        caller.hang_up()
        caller.wait_ended()
    with revived(plane) as leader:
        call = wait_for("the call with its message", lambda: voicemail(leader, "139****7777"))
        assert call["queued_at"]
        assert call["outcome"] == "voicemail"
        ticket = leader.get(f"/api/tickets/{call['ticket_id']}")
        assert (ticket["status"], ticket["channel"]) == ("pending_accept", "voicemail")


@contextmanager
def revived(plane: VoicePlane) -> Iterator[Person]:
    """Python begins to live beside an Asterisk that went on without it; whoever may see everything."""
    supervisor = Supervisor(plane.settings, lambda _line: None)
    supervisor.start()
    try:
        assert supervisor.wait_ready(120)
        password = (plane.settings.state_dir / "demo-password.txt").read_text().strip()
        leader = Person(supervisor.base_url(), "leader", password)
        with closing(leader.http):
            yield leader
    finally:
        supervisor.stop(keep_asterisk=True)


def test_one_who_hangs_up_in_the_message_prompt_is_called_back(plane: VoicePlane, tmp_path: Path) -> None:
    number, heard = "13900008888", tmp_path / "heard.wav"
    with plane.citizen(number, record=str(heard)) as caller:
        caller.call("56564444")
        caller.wait_answered()
        wait_for("the message's prompt", lambda: plane.place(number) == "message Playback", 40)
        began_s = recorded_s(heard)
        wait_for("its words at the caller", lambda: loud_since(heard, began_s))
        caller.hang_up()
        caller.wait_ended()
    plane.empty()
    with revived(plane) as leader:
        call = wait_for("the call", lambda: ended_call(leader, "139****8888"))
        assert (call["outcome"], call["ticket_id"]) == ("no_message", None)
        line = wait_for("the call-back", lambda: callback(leader, call["id"]))
        assert line["source"] == "no_message"


def loud_since(file: Path, from_s: float) -> bool:
    """Whether there was any sound from that second on."""
    samples, rate_hz = read_wav(file)
    return bool(np.abs(samples[int(from_s * rate_hz) :]).max(initial=0) > 200)


def test_one_who_says_nothing_after_the_beep_is_called_back_and_his_recording_kept(
    plane: VoicePlane, tmp_path: Path
) -> None:
    """A line that hisses, and a knock against the receiver: nobody can work a ticket of that."""
    noise = np.random.default_rng(1).normal(0, 30, 90 * 16000)
    noise[::160000] += 8000
    soundfile.write(tmp_path / "hiss.wav", noise.astype(np.int16), 16000)
    before = len(plane.captured("message"))
    with plane.citizen("13900009999", play=str(tmp_path / "hiss.wav")) as caller:
        caller.call("56564444")
        caller.wait_answered()
        message = wait_for("the message's file", lambda: plane.captured("message")[before:], 60)[0]
        wait_for("more than a second of it", lambda: recorded_s(message) > 2)
        caller.hang_up()
        caller.wait_ended()
    plane.empty()
    with revived(plane) as leader:
        call = wait_for("the call", lambda: ended_call(leader, "139****9999"))
        assert (call["outcome"], call["ticket_id"]) == ("no_message", None)
        line = wait_for("the call-back", lambda: callback(leader, call["id"]))
        assert line["source_label"] == "未留言"
        sound = wait_for("the recording", lambda: recording(leader, call["id"]))
        assert sound["duration_s"] > 1


def recording(leader: Person, call_id: object) -> dict[str, Any] | None:
    found = leader.call(str(call_id))["recording"]
    return found if found and found["ready"] else None


def ended_call(leader: Person, masked: str) -> dict[str, object] | None:
    calls = [leader.call(row["id"]) for row in leader.get("/api/calls")["calls"]]
    return next((one for one in calls if one["caller_masked"] == masked and one["ended_at"]), None)


def callback(leader: Person, call_id: object) -> dict[str, object] | None:
    lines = leader.get("/api/v1/callbacks")["open"]
    return next((line for line in lines if line["call_id"] == call_id), None)


def voicemail(leader: Person, masked: str) -> dict[str, object] | None:
    for row in leader.get("/api/calls")["calls"]:
        call = leader.call(row["id"])
        if call["caller_masked"] == masked and call["ticket_id"] and (call["recording"] or {}).get("ready"):
            return call
    return None


def test_everybody_on_a_break_means_a_message(plane: VoicePlane, tmp_path: Path) -> None:
    before, waited = len(plane.captured("message")), plane.queue_log().count("ENTERQUEUE")
    with plane.seat(2), plane.citizen(play=speaking(tmp_path, 440)) as caller:
        plane.member(2)
        plane.pause(2, penalty=9)
        caller.call("56564444")
        caller.wait_answered()
        wait_for("the message's file", lambda: plane.captured("message")[before:], 40)
        caller.hang_up()
        caller.wait_ended()
    # Were the penalty 0, the caller would get his message too: at the queue's limit
    assert plane.queue_log().count("ENTERQUEUE") == waited


def test_after_call_work_is_waited_for(plane: VoicePlane, tmp_path: Path) -> None:
    before, waited = len(plane.captured("message")), plane.queue_log().count("ENTERQUEUE")
    with plane.seat(2) as seat, plane.citizen(play=speaking(tmp_path, 440)) as caller:
        plane.member(2)
        plane.pause(2, penalty=0)
        caller.call("56564444")
        caller.wait_answered()
        wait_for("the caller in the queue", lambda: "1. PJSIP" in plane.asterisk.rx("queue show hotline"))
        assert not [event for event in seat.events if event["event"] == "incoming"]
        plane.ready(2)
        seat.wait("incoming")
        seat.answer()
        seat.wait_answered()
        caller.hang_up()
        caller.wait_ended()
    assert len(plane.captured("message")) == before
    assert plane.queue_log().count("ENTERQUEUE") == waited + 1


def test_key_1_goes_before_those_who_came_earlier(plane: VoicePlane, tmp_path: Path) -> None:
    with (
        plane.seat(3) as seat,
        plane.citizen("13900000001") as first,
        plane.citizen("13900000002") as urgent,
    ):
        plane.member(3)
        plane.pause(3, penalty=0)
        first.call("56564444")
        first.wait_answered()
        wait_for("the first in the queue", lambda: "1. PJSIP" in plane.asterisk.rx("queue show hotline"))
        urgent.call("56564444")
        urgent.wait_answered()
        urgent.dtmf("1")
        wait_for("priority", lambda: "prio: 40" in plane.asterisk.rx("queue show hotline"))
        plane.ready(3)
        ring = seat.wait("incoming")
        assert "13900000002" in ring["headers"]["From"]
        for caller in (urgent, first):
            caller.hang_up()
            caller.wait_ended()


def test_a_key_without_a_meaning_in_the_greeting_drops_nobody(plane: VoicePlane) -> None:
    with plane.seat(3) as seat, plane.citizen() as caller:
        plane.member(3)
        caller.call("56564444")
        caller.wait_answered()
        caller.dtmf("9")
        seat.wait("incoming")
        assert not has_ended(caller)
        caller.hang_up()
        caller.wait_ended()


def test_key_2_and_a_python_that_never_answers(plane: VoicePlane, tmp_path: Path) -> None:
    """Stopped between its heartbeat and its answer: the caller is back in the queue after the limit."""
    agi = plane.settings.agi
    with socket.create_server((agi.host, agi.port)), plane.seat(4) as seat, plane.citizen() as caller:
        plane.member(4)
        plane.pause(4, penalty=0)
        plane.beat()
        caller.call("56564444")
        caller.wait_answered()
        plane.beat()
        caller.dtmf("2")
        wait_for("the AGI branch", lambda: "AGI" in plane.asterisk.rx("core show channels concise"))
        wait_for("the queue again", lambda: "1. PJSIP" in plane.asterisk.rx("queue show hotline"))
        plane.ready(4)
        seat.wait("incoming")
        assert not has_ended(caller)
        caller.hang_up()
        caller.wait_ended()
