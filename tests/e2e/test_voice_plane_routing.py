"""Who is answered first, by the dialplan alone: what the control plane would tell it is said by console."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from ops.phone import tone, tone_power
from tests.e2e.hotline import wait_for
from tests.e2e.routing_plane import (
    CUT_OFF,
    LOST,
    PLAIN,
    URGENT,
    dial,
    empty_queue,
    leave,
    past_greeting,
    plane,
    rings,
)
from tests.e2e.voice_plane import VoicePlane, longest_silence_s

__all__ = ["empty_queue", "plane"]


def test_the_own_operator_is_rung_first_and_talks(plane: VoicePlane, tmp_path: Path) -> None:
    voice = str(tone(tmp_path / "voice.wav", hz=440, seconds=60))
    heard = tmp_path / "seat.wav"
    with (
        plane.seat(1) as other,
        plane.seat(2, record=str(heard)) as own,
        plane.citizen(PLAIN, play=voice) as caller,
    ):
        plane.member(1)
        plane.member(2)
        dial(caller)
        plane.tell(PLAIN, MS_STICKY=2, MS_DESK=1)
        ring = own.wait("incoming")
        assert plane.channel(PLAIN) in plane.asterisk.rx("core show channels concise")
        assert ring["headers"]["X-Minsheng-Call"]
        own.answer()
        own.wait_answered()
        wait_for("the caller at the own seat", lambda: tone_power(heard, 440) > 0.5)
        assert rings(other) == []
        own.hang_up()
        caller.wait_ended()


def test_who_does_not_answer_lets_the_queue_have_the_caller(plane: VoicePlane, tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    with plane.seat(1) as other, plane.seat(2) as own, plane.citizen(PLAIN, record=str(heard)) as caller:
        plane.member(1)
        plane.member(2)
        plane.pause(1, penalty=0)
        dial(caller)
        plane.tell(PLAIN, MS_STICKY=2, MS_DESK=1)
        own.wait("incoming")
        assert plane.priority(PLAIN) is None
        plane.pause(2, penalty=0)
        own.wait("state", state="DISCONNECTED", timeout_s=10)
        plane.waits(PLAIN, 0)
        plane.ready(1)
        other.wait("incoming")
        leave(caller)
    assert longest_silence_s(heard) < 3.0


@pytest.mark.parametrize("why", ["paused", "talking", "no member", "no such seat"])
def test_a_seat_that_cannot_be_rung_is_not(plane: VoicePlane, why: str) -> None:
    with plane.seat(1) as other, plane.seat(2) as own, plane.citizen(PLAIN) as caller, ExitStack() as rest:
        plane.member(1)
        if why != "no member":
            plane.member(2)
        if why == "paused":
            plane.pause(2, penalty=0)
        if why == "talking":
            talker = rest.enter_context(plane.citizen(CUT_OFF))
            plane.pause(1, penalty=0)
            dial(talker)
            past_greeting(talker)
            own.wait("incoming")
            own.answer()
            own.wait_answered()
            plane.ready(1)
        dial(caller)
        plane.tell(PLAIN, MS_STICKY=99 if why == "no such seat" else 2, MS_DESK=1)
        if why == "no such seat":
            plane.pause(2, penalty=0)
        past_greeting(caller)
        other.wait("incoming")
        assert len(rings(own)) == (1 if why == "talking" else 0)
        leave(caller)


def test_while_an_emergency_is_here_nobody_is_rung_out_of_turn(plane: VoicePlane) -> None:
    with (
        plane.seat(1) as seat,
        plane.seat(2) as own,
        plane.citizen(URGENT) as urgent,
        plane.citizen(PLAIN) as caller,
    ):
        plane.member(1)
        dial(urgent)
        urgent.dtmf("1")
        seat.wait("incoming")
        seat.answer()
        seat.wait_answered()
        plane.member(2)
        dial(caller)
        plane.tell(PLAIN, MS_STICKY=2, MS_DESK=1)
        past_greeting(caller)
        own.wait("incoming")
        assert plane.priority(PLAIN) == 0
        leave(caller, urgent)


def test_key_1_during_the_own_ring_goes_to_the_head_of_the_queue(plane: VoicePlane) -> None:
    with plane.seat(2) as own, plane.citizen(PLAIN) as caller:
        plane.member(2)
        dial(caller)
        plane.tell(PLAIN, MS_STICKY=2, MS_DESK=1)
        past_greeting(caller)
        own.wait("incoming")
        plane.pause(2, penalty=0)
        caller.dtmf("1")
        own.wait("state", state="DISCONNECTED", timeout_s=5)
        plane.waits(PLAIN, 40)
        leave(caller)


def test_key_1_in_the_greeting_passes_the_own_seat_and_the_question(plane: VoicePlane) -> None:
    with plane.seat(2) as own, plane.citizen(PLAIN) as caller:
        plane.member(2)
        plane.pause(2, penalty=0)
        dial(caller)
        plane.tell(PLAIN, MS_STICKY=2, MS_DESK=1, MS_CHALLENGE=1)
        caller.dtmf("1")
        plane.waits(PLAIN, 40)
        # Another key brings the caller back with the same priority, and asks nothing either
        before = plane.entries()
        caller.dtmf("2")
        wait_for("the queue left and entered again", lambda: plane.entries() > before)
        plane.waits(PLAIN, 40)
        assert rings(own) == []
        leave(caller)


def test_seats_get_emergency_then_lost_then_cut_off_then_the_rest(plane: VoicePlane) -> None:
    with ExitStack() as stack:
        seat = stack.enter_context(plane.seat(3))
        plane.member(3)
        plane.pause(3, penalty=0)
        callers = {
            number: stack.enter_context(plane.citizen(number)) for number in (PLAIN, CUT_OFF, LOST, URGENT)
        }
        for number, caller in callers.items():
            dial(caller)
            plane.tell(number, **({"MS_PRIO": 20} if number == CUT_OFF else {}))
            past_greeting(caller)
            plane.waits(number, 20 if number == CUT_OFF else 0)
        plane.redirect(LOST, "requeue")
        plane.waits(LOST, 30)
        callers[URGENT].dtmf("1")
        plane.waits(URGENT, 40)
        plane.ready(3)
        for turn, number in enumerate((URGENT, LOST, CUT_OFF, PLAIN)):
            ring = seat.wait("incoming", skip=turn)
            assert number in ring["headers"]["From"], (turn, rings(seat))
            leave(callers[number])
            seat.wait("state", state="DISCONNECTED", skip=turn)


def test_an_emergency_whose_seat_dies_stays_an_emergency(plane: VoicePlane) -> None:
    with plane.seat(3) as seat, plane.citizen(URGENT) as caller:
        plane.member(3)
        dial(caller)
        caller.dtmf("1")
        seat.wait("incoming")
        seat.answer()
        seat.wait_answered()
        plane.pause(3, penalty=0)
        plane.redirect(URGENT, "requeue")
        plane.waits(URGENT, 40)
        leave(caller)
