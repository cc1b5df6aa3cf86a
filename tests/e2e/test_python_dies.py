"""Every Python process is killed, or stopped, during a call: the talk goes on and nothing is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.phone import ScriptedPhone, tone, tone_power
from tests.e2e.hotline import Hotline, Person, wait_for


def kill(hotline: Hotline) -> Callable[[], None]:
    """kill -9; afterwards the supervisor starts them again."""
    for pid in hotline.python_processes():
        os.kill(pid, signal.SIGKILL)
    return lambda: None


def stop(hotline: Hotline) -> Callable[[], None]:
    """kill -STOP: connections stay open and nobody answers; afterwards they go on."""
    stopped = hotline.python_processes()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    return lambda: [os.kill(pid, signal.SIGCONT) for pid in stopped] and None


@pytest.mark.parametrize("fault", [kill, stop])
def test_calls_go_on_and_are_kept_once(
    hotline: Hotline, tmp_path: Path, fault: Callable[[Hotline], Callable[[], None]]
) -> None:
    before = {call["id"] for call in hotline.sign_in("leader").get("/api/calls")["calls"]}
    sound = str(tone(tmp_path / "tone.wav", hz=520, seconds=60))
    with (
        ScriptedPhone.seat(hotline.settings, 4, record=str(tmp_path / "fourth.wav")) as fourth,
        ScriptedPhone.seat(hotline.settings, 5, record=str(tmp_path / "fifth.wav")) as fifth,
        ScriptedPhone.citizen(hotline.settings, "13700000001") as first,
        ScriptedPhone.citizen(hotline.settings, "13700000002", play=sound) as second,
    ):
        people = [on_duty(hotline, f"op{seat:02}", seat) for seat in (4, 5)]
        first.call("56564444")
        ringing = wait_for("a seat to ring", lambda: next((p for p in (fourth, fifth) if rang(p)), None))
        ringing.answer()
        first.wait_answered()
        people[0].seat_is(4, "talking") if ringing is fourth else people[1].seat_is(5, "talking")
        mend = fault(hotline)
        other = fifth if ringing is fourth else fourth
        second.call("56564444")
        other.wait("incoming")
        other.answer()
        other.wait_answered()
        heard = tmp_path / ("fifth.wav" if other is fifth else "fourth.wav")
        wait_for("the caller's tone", lambda: tone_power(heard, 520) > 0.5)
        assert not [event for event in first.events if event.get("state") == "DISCONNECTED"]
        for caller in (first, second):
            caller.hang_up()
            caller.wait_ended()
        mend()
        assert hotline.supervisor.wait_ready(120), hotline.logs()
        kept(hotline, before)
        for person, seat in zip(people, (4, 5), strict=True):
            person.post(f"/api/seats/{seat}/sign-off")


def rang(phone: ScriptedPhone) -> bool:
    return any(event["event"] == "incoming" for event in phone.events)


def on_duty(hotline: Hotline, login: str, seat: int) -> Person:
    person = hotline.sign_in(login)
    person.post(f"/api/seats/{seat}/take", {"phone": "desk"})
    person.post(f"/api/seats/{seat}/start")
    return person


def kept(hotline: Hotline, before: set[str]) -> None:
    """Both calls, each once, ended, with their recordings."""
    leader = hotline.sign_in("leader")

    def look() -> list[dict[str, object]] | None:
        new = [call["id"] for call in leader.get("/api/calls")["calls"] if call["id"] not in before]
        calls = [leader.call(call_id) for call_id in new]
        whole = [
            call for call in calls if call["state"] == "ended" and (call["recording"] or {}).get("ready")
        ]
        return whole if len(whole) == 2 else None

    try:
        calls = wait_for("both calls with their recordings", look, 60)
    except AssertionError as error:
        seen = [
            leader.call(call["id"]) for call in leader.get("/api/calls")["calls"] if call["id"] not in before
        ]
        raise AssertionError(f"{error}; saw {seen}\n{hotline.logs()}") from error
    assert [call["outcome"] for call in calls] == ["answered", "answered"]
    assert all(
        call["ticket_id"] or wait_for("a ticket", lambda c=call: leader.call(str(c["id"]))["ticket_id"])
        for call in calls
    )
