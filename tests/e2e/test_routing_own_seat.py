"""The operator who has a caller's open ticket is rung first, in the whole hotline with real phones."""

from __future__ import annotations

import os
import signal

from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.routing_house import Desks, citizen, desks, dial, ended, house, last_call, on_board, rings

__all__ = ["desks", "house"]


def talk_once(house: Hotline, number: str, desks: Desks, seat: int) -> None:
    """A call at that seat which leaves a draft: from now on this operator has the caller's open ticket."""
    other = 3 - seat
    desks[other][0].post(f"/api/seats/{other}/pause", {"reason": "break"})
    person, phone = desks[seat]
    with citizen(house, number) as caller:
        before = rings(phone)
        dial(house, caller, number)
        phone.wait("incoming", skip=before)
        phone.answer()
        caller.wait_answered()
        person.seat_is(seat, "talking")
        leader = house.sign_in("leader")
        wait_for("a ticket", lambda: leader.call(last_call(leader, number)["id"])["ticket_id"])  # type: ignore[index]
        caller.hang_up()
        caller.wait_ended()
    person.seat_is(seat, "ready")
    desks[other][0].post(f"/api/seats/{other}/resume")
    desks[other][0].seat_is(other, "ready")


def test_the_operator_with_the_ticket_is_rung_first_and_answers(house: Hotline, desks: Desks) -> None:
    number = "13811110001"
    talk_once(house, number, desks, 1)
    (person, own), (_, other) = desks[1], desks[2]
    # Seat 1 has just talked, seat 2 never: the queue itself would ring seat 2
    before = rings(own)
    with citizen(house, number) as caller:
        dial(house, caller, number, "MS_STICKY=")
        ring = own.wait("incoming", skip=before)
        assert rings(other) == 0
        call = wait_for("why, on the board", lambda: on_board(person, number))
        assert [why["label"] for why in call["why"]] == ["回头客·原坐席1号"]
        assert ring["headers"]["X-Minsheng-Call"] == call["call_id"]
        # The telephone rings before it is written whose ring it is; until then the call is nobody's (403),
        # and the seat's page asks again at the board's next word
        person.seat_is(1, "ringing")
        assert person.call(call["call_id"])["why"][0]["word"] == "own_seat"
        own.answer()
        person.seat_is(1, "talking")
        caller.hang_up()
        caller.wait_ended()
    row = ended(house, number)
    assert (row["outcome"], row["seat_id"]) == ("answered", 1)
    assert (rings(own), rings(other)) == (before + 1, 0)


def test_an_operator_who_lets_it_pass_is_not_paused_and_the_queue_answers(
    house: Hotline, desks: Desks
) -> None:
    number = "13811110002"
    talk_once(house, number, desks, 1)
    (person, own), (second, other) = desks[1], desks[2]
    before = rings(own)
    with citizen(house, number) as caller:
        dial(house, caller, number, "MS_STICKY=")
        own.wait("incoming", skip=before)
        person.seat_is(1, "ringing")
        other.wait("incoming")
        person.seat_is(1, "ready")
        other.answer()
        second.seat_is(2, "talking")
        caller.hang_up()
        caller.wait_ended()
    row = ended(house, number)
    assert (row["outcome"], row["seat_id"]) == ("answered", 2)
    assert row["wait_s"] > 5
    assert person.seat(1)["pause_reason"] is None


def test_a_kill_of_every_python_process_during_the_own_ring_leaves_sound_rows(
    house: Hotline, desks: Desks
) -> None:
    number = "13811110003"
    talk_once(house, number, desks, 1)
    (person, own), (_, other) = desks[1], desks[2]
    first = ended(house, number)["id"]
    before = rings(own)
    with citizen(house, number) as caller:
        dial(house, caller, number, "MS_STICKY=")
        own.wait("incoming", skip=before)
        person.seat_is(1, "ringing")
        for pid in house.python_processes():
            os.kill(pid, signal.SIGKILL)
        other.wait("incoming")
        other.answer()
        other.wait_answered()
        caller.hang_up()
        caller.wait_ended()
    assert house.supervisor.wait_ready(120), house.logs()
    row = ended(house, number, {first})
    assert (row["outcome"], row["seat_id"], row["recovered"]) == ("answered", 2, True)
    assert [why["word"] for why in row["why"]] == ["own_seat"]
    person.seat_is(1, "ready")
