"""INVITE → seat ringing: the whole hotline beside a bare Asterisk with a static queue, call by call in turn.

The greeting is cut to 20 ms on our side, so that what is compared is machinery and not a spoken sentence. Our
hotline is measured with and without the decision who is answered first, for a caller whom the rows know well.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.config import Settings
from ops import setup_steps
from ops.phone import ScriptedPhone, tone
from telephony.asterisk_runtime import AsteriskProcess
from tests.e2e.hotline import Hotline

CALLS = 20
BARE_DIALPLAN = """[from-trunk]
exten => 56564444,1,Answer()
 same => n,Queue(bare)
[seats]
"""
BARE_QUEUE = """[general]
[bare]
strategy = leastrecent
ringinuse = no
member => PJSIP/desk1
"""

pytestmark = pytest.mark.bench


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared: its telephones and how its seat becomes free again."""

    settings: Settings
    seat: ScriptedPhone
    free: Callable[[], object]
    decide: Callable[[bool], object] = bool
    """Switches the decision who is answered first on or off."""


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Side]:
    house = Hotline(tmp_path / "ours")
    tone(tmp_path / "short.wav", hz=440, seconds=0.02)
    (house.settings.prompts_dir / "ms-greeting.wav16").write_bytes((tmp_path / "short.wav").read_bytes())
    house.decide(flood_calls=1_000_000)
    try:
        house.start()
        operator = house.sign_in("op01")
        operator.post("/api/seats/1/take", {"phone": "desk"})
        with ScriptedPhone.seat(house.settings, 1) as seat:
            operator.post("/api/seats/1/start")
            free = lambda: operator.seat_is(1, "ready")  # noqa: E731
            yield Side(house.settings, seat, free, lambda on: house.decide(routing_on=int(on)))
    finally:
        house.stop()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Side]:
    settings = setup_steps.prepare(tmp_path / "bare", lambda _line: None, free_ports=True).settings
    etc = settings.asterisk_dir / "etc"
    (etc / "extensions.conf").write_text(BARE_DIALPLAN)
    (etc / "queues.conf").write_text(BARE_QUEUE)
    asterisk = AsteriskProcess(settings)
    asterisk.start()
    try:
        with ScriptedPhone.seat(settings, 1) as seat:
            yield Side(settings, seat, lambda: None)
    finally:
        asterisk.stop()


def one_call(side: Side, skip: int) -> float:
    """Seconds from dialling to the seat's ring."""
    with ScriptedPhone.citizen(side.settings, "13900000001") as caller:
        began = time.monotonic()
        caller.call("56564444")
        rang = side.seat.wait("incoming", timeout_s=20, skip=skip)
        caller.hang_up()
        caller.wait_ended()
    side.seat.wait("state", state="DISCONNECTED", skip=skip)
    side.free()
    return float(rang["t"]) - began


def test_invite_to_ring(ours: Side, bare: Side) -> None:
    times: dict[str, list[float]] = {"ours": [], "undecided": [], "bare": []}
    for number in range(CALLS):
        times["bare"].append(one_call(bare, number))
        ours.decide(True)
        times["ours"].append(one_call(ours, 2 * number))
        ours.decide(False)
        times["undecided"].append(one_call(ours, 2 * number + 1))
    middle = {name: statistics.median(found) * 1000 for name, found in times.items()}
    worst = {name: max(found) * 1000 for name, found in times.items()}
    parts = [f"{name} {middle[name]:.0f} ms (worst {worst[name]:.0f})" for name in times]
    ratio, added = middle["ours"] / middle["bare"], middle["ours"] / middle["undecided"]
    print(f"\nINVITE → seat ringing, {CALLS} calls each: {', '.join(parts)}, ratio {ratio:.2f}")
    print(f"the decision who is answered first: ratio {added:.2f} to the same hotline without it")
