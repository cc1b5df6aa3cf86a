"""A hotline with two operators at desk phones, and what tests of who is answered first ask of it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ops.phone import ScriptedPhone
from telephony.asterisk_runtime import AsteriskProcess
from tests.e2e.hotline import Hotline, Person, wait_for

Desks = dict[int, tuple[Person, ScriptedPhone]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    # Who is first is decided while the greeting plays: here it has its whole length
    made = Hotline(tmp_path_factory.mktemp("routing-house"), transcribed=False, greets_briefly=False)
    made.decide(flood_calls=3, cutoff_wait_s=1, wrap_up_s=1, challenge_key_s=1)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def desks(house: Hotline) -> Iterator[Desks]:
    """Two operators on duty with desk phones: seat 1 has op01, seat 2 has op02."""
    with ExitStack() as stack:
        found: Desks = {}
        for seat in (1, 2):
            phone = stack.enter_context(ScriptedPhone.seat(house.settings, seat))
            person = house.sign_in(f"op{seat:02}")
            person.post(f"/api/seats/{seat}/take", {"phone": "desk"})
            person.post(f"/api/seats/{seat}/start")
            wait_for("its phone on the board", lambda p=person, s=seat: p.seat(s)["phone_online"])
            found[seat] = (person, phone)
        yield found
        for seat, (person, _) in found.items():
            person.seat_is(seat, "ready")
            person.post(f"/api/seats/{seat}/sign-off")


def citizen(house: Hotline, number: str) -> ScriptedPhone:
    return ScriptedPhone.citizen(house.settings, number)


def dial(house: Hotline, caller: ScriptedPhone, number: str, told: str = "") -> None:
    """Call, and end the greeting by a key without a meaning; first `told`, if something is to be told."""
    caller.call(house.settings.asterisk.hotline_number)
    caller.wait("media")
    if told:
        wait_for(f"{told} of {number}", lambda: told in variables(house, number))
    caller.dtmf("9")


def variables(house: Hotline, number: str) -> str:
    """What Asterisk shows of that caller's channel."""
    asterisk = AsteriskProcess(house.settings)
    rows = [line.split("!") for line in asterisk.rx("core show channels concise").splitlines()]
    channel = next((row[0] for row in rows if len(row) > 7 and row[7] == number), None)
    return asterisk.rx(f"core show channel {channel}") if channel else ""


def rings(phone: ScriptedPhone) -> int:
    return sum(event["event"] == "incoming" for event in phone.events)


def on_board(person: Person, number: str) -> dict[str, Any] | None:
    found = person.get("/api/board")["waiting"]
    return next((call for call in found if call["caller_masked"].endswith(number[-4:])), None)


def last_call(person: Person, number: str) -> dict[str, Any] | None:
    rows = person.get("/api/calls")["calls"]
    return next((row for row in rows if row["caller_masked"].endswith(number[-4:])), None)


def ended(house: Hotline, number: str, besides: set[str] = frozenset()) -> dict[str, Any]:
    leader = house.sign_in("leader")

    def look() -> dict[str, Any] | None:
        row = last_call(leader, number)
        return row if row and row["state"] == "ended" and row["id"] not in besides else None

    return wait_for(f"the end of {number}", look, 60)


def place(house: Hotline, channel: str) -> str:
    """Context and application of the first channel of that kind; empty for none."""
    shown = AsteriskProcess(house.settings).rx("core show channels concise").splitlines()
    rows = [line.split("!") for line in shown if line.startswith(f"PJSIP/{channel}-")]
    return f"{rows[0][1]} {rows[0][5]}" if rows else ""


def hang_up_leg(house: Hotline, channel: str) -> None:
    """Asterisk itself ends a leg, as it does when no sound comes from it any more."""
    asterisk = AsteriskProcess(house.settings)
    found = re.search(rf"PJSIP/{channel}-[0-9a-f]+", asterisk.rx("core show channels concise"))
    assert found is not None
    asterisk.rx(f"channel request hangup {found[0]}")


def queue_line(house: Hotline) -> list[int]:
    """The priorities of those who wait, first to last."""
    shown = AsteriskProcess(house.settings).rx("queue show hotline")
    return [int(found) for found in re.findall(r"prio: ([0-9]+)", shown)]


def waiting_s(person: Person, number: str) -> float:
    """How long that caller has been in the queue, by the board."""
    board, call = person.get("/api/board"), on_board(person, number)
    if call is None or not call["queued_at"]:
        return 0.0
    return (
        dt.datetime.fromisoformat(board["now"]) - dt.datetime.fromisoformat(call["queued_at"])
    ).total_seconds()
