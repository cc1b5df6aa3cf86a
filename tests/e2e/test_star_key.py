"""The star key while waiting: call me back. Heard, written down, and found again when no Python was there."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline, Person, wait_for


@pytest.fixture
def leader(hotline: Hotline) -> Person:
    return hotline.sign_in("leader")


def line_of(leader: Person, number: str) -> dict[str, Any] | None:
    lines = leader.get("/api/v1/callbacks")["open"]
    return next((line for line in lines if line["number"].endswith(number[-4:])), None)


def call_of(leader: Person, number: str) -> dict[str, Any] | None:
    found = leader.call_of(number)
    return found if found and found["state"] == "ended" else None


def ask_back(phone: ScriptedPhone) -> None:
    """In the greeting, which a busy machine may begin late: a person presses again until the goodbye."""
    phone.call("56564444")
    phone.wait("media")

    def thanked() -> bool:
        phone.dtmf("*")
        return any(event.get("state") == "DISCONNECTED" for event in phone.events)

    wait_for("the goodbye", thanked, pause_s=0.7)


def written(hotline: Hotline, call_id: str) -> list[str]:
    """Which came first, by the log: the seat's freedom, or the end of the call."""
    query = "SELECT kind FROM event_log WHERE call_id = ? AND kind IN ('SeatFreed', 'CallEnded') ORDER BY seq"
    with closing(sqlite3.connect(hotline.settings.state_dir / "minsheng.db")) as rows:
        return [kind for (kind,) in rows.execute(query, (call_id,))]


def adds_up(figures: dict[str, int]) -> bool:
    parts = ("answered", "abandoned", "voicemail", "callback", "in_progress")
    return figures["offered"] == sum(figures[part] for part in parts)


def test_in_the_greeting_and_in_the_queue(hotline: Hotline, leader: Person) -> None:
    with (
        ScriptedPhone.seat(hotline.settings, 3),
        ScriptedPhone.citizen(hotline.settings, "13600000101") as greeted,
        ScriptedPhone.citizen(hotline.settings, "13600000102") as waits,
    ):
        ask_back(greeted)
        operator = hotline.sign_in("op03")
        operator.post("/api/seats/3/take", {"phone": "desk"})
        operator.post("/api/seats/3/start")
        waits.call("56564444")
        waits.wait("media")
        operator.seat_is(3, "ringing")
        waits.dtmf("*")
        operator.seat_is(3, "ready")
        waits.wait_ended()
        for number in ("13600000101", "13600000102"):
            call = wait_for("the call's end", lambda number=number: call_of(leader, number))
            assert (call["outcome"], call["outcome_label"]) == ("callback_requested", "已登记回拨")
            line = wait_for("its line", lambda number=number: line_of(leader, number))
            assert (line["source"], line["state"], line["call_id"]) == ("requested", "waiting", call["id"])
        assert written(hotline, call["id"]) == ["SeatFreed", "CallEnded"]  # not only after the goodbye
        board = leader.get("/api/board")
        assert adds_up(board["today"]), board["today"]
        assert board["today"]["callback"] >= 2
        assert board["callbacks"]["open"] >= 2
        operator.post("/api/seats/3/sign-off")


def test_without_a_number_the_caller_stays_on_the_line(hotline: Hotline, leader: Person) -> None:
    with (
        ScriptedPhone.seat(hotline.settings, 3) as seat,
        ScriptedPhone.citizen(hotline.settings, "anonymous") as caller,
    ):
        operator = hotline.sign_in("op03")
        operator.post("/api/seats/3/take", {"phone": "desk"})
        operator.post("/api/seats/3/start")
        caller.call("56564444")
        caller.wait("media")
        caller.dtmf("*")
        seat.wait("incoming", timeout_s=40)
        seat.answer()
        caller.wait_answered()
        operator.seat_is(3, "talking")
        call_id = operator.seat(3)["call_id"]
        caller.hang_up()
        caller.wait_ended()
        wait_for("the end of the call", lambda: leader.call(call_id)["state"] == "ended")
        assert call_id not in [line["call_id"] for line in leader.get("/api/v1/callbacks")["open"]]
        operator.post("/api/seats/3/sign-off")


def test_with_python_dead_the_line_stands_after_the_restart(hotline: Hotline, tmp_path: Path) -> None:
    number = "13600000103"
    for pid in hotline.python_processes():
        os.kill(pid, signal.SIGKILL)
    with ScriptedPhone.citizen(hotline.settings, number, record=str(tmp_path / "heard.wav")) as caller:
        ask_back(caller)
    assert hotline.supervisor.wait_ready(120), hotline.logs()
    leader = hotline.sign_in("leader")
    line = wait_for("the line", lambda: line_of(leader, number))
    assert (line["source"], line["times"]) == ("requested", 1)
    call = leader.call(line["call_id"])
    assert (call["outcome"], call["recovered"]) == ("callback_requested", True)
    assert adds_up(leader.get("/api/board")["today"])
