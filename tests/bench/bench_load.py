"""CPU and memory of every process with 5 talking and 20 waiting, over 15 seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from ops.phone import ScriptedPhone, tone
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.raw_sip import RawPhone

TALKING, WAITING, SECONDS = 5, 20, 15

pytestmark = pytest.mark.bench


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Hotline]:
    made = Hotline(tmp_path / "hotline")
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_five_talking_twenty_waiting(house: Hotline, tmp_path: Path) -> None:
    sound = str(tone(tmp_path / "tone.wav", hz=440, seconds=120))
    leader = house.sign_in("leader")
    with ExitStack() as phones:
        for number in range(1, TALKING + 1):
            phones.enter_context(ScriptedPhone.seat(house.settings, number, play=sound, auto_answer=True))
            operator = house.sign_in(f"op{number:02d}")
            operator.post(f"/api/seats/{number}/take", {"phone": "desk"})
            operator.post(f"/api/seats/{number}/start")
            caller = ScriptedPhone.citizen(house.settings, f"1380000{number:04d}", play=sound)
            phones.enter_context(caller).call("56564444")
        wait_for("all to talk", lambda: states(leader.get("/api/board")).count("talking") == TALKING, 60)
        for number in range(WAITING):
            caller = phones.enter_context(RawPhone(house.settings, "127.0.0.2", f"1390000{number:04d}"))
            assert caller.invite() == 200
        wait_for("all to wait", lambda: len(leader.get("/api/board")["waiting"]) == WAITING, 60)
        print(f"\n{TALKING} talking, {WAITING} waiting, {SECONDS} s:")
        for line in measure(house):
            print(line)


def states(board: dict[str, list[dict[str, str]]]) -> list[str]:
    return [seat["state"] for seat in board["seats"]]


def measure(house: Hotline) -> list[str]:
    """A line a process: share of one core, resident memory."""
    found = {"asterisk": psutil.Process(house.supervisor.asterisk.pid)}
    for child in house.supervisor.children:
        if child.process is not None:
            found[child.name] = psutil.Process(child.process.pid)
    before = {name: cpu_s(process) for name, process in found.items()}
    began = time.monotonic()
    wait_for("the span to pass", lambda: time.monotonic() - began > SECONDS, SECONDS + 5)
    span_s = time.monotonic() - began
    return [
        f"  {name:16} {(cpu_s(process) - before[name]) / span_s:5.0%} of a core, "
        f"{resident_mb(process):5.0f} MB"
        for name, process in found.items()
    ]


def resident_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
