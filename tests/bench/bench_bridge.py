"""Press to last outside INVITE, press to everyone in the room: ours beside bare AMI, turn by turn in one run.

Both sides move the same two and dial the same phones into the same dialplan (key 1 joins). The bare side
writes one Redirect and three Originates into an open control connection, and does nothing else.
`MINSHENG_BENCH_PRESSES` says how many turns, `MINSHENG_BENCH_BARE_EVERY` before which of ours a bare one
goes; runs that name the same file in `MINSHENG_BENCH_KEEP` add up: presses can be made in pieces.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from ops.carrier import Carrier
from ops.phone import ScriptedPhone
from telephony.ami_protocol import Framer, parse_message
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.hotline import wait_for

PRESSES = int(os.environ.get("MINSHENG_BENCH_PRESSES", "10"))
BARE_EVERY = int(os.environ.get("MINSHENG_BENCH_BARE_EVERY", "1"))
KEEP = os.environ.get("MINSHENG_BENCH_KEEP", "")
FLOOR_ROOM = 900_000
PARTIES = 5
PHONE_LASTS = 60
"""Presses after which the seat gets a new phone: after 254 calls its library takes no more."""


class RawAmi:
    """A bare control connection that counts who enters which room."""

    def __init__(self, house: BridgeHouse, user: str, *, events: bool) -> None:
        ami = house.settings.ami
        secret = (ami.watch_secret if user == ami.watch_user else ami.act_secret).get_secret_value()
        self._socket = socket.create_connection((ami.host, ami.port))
        self.entered: dict[str, list[float]] = defaultdict(list)
        self.send(("Login", {"Username": user, "Secret": secret, "Events": "on" if events else "off"}))
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, *actions: tuple[str, dict[str, str]]) -> None:
        text = ""
        for name, headers in actions:
            text += (
                "".join(f"{key}: {value}\r\n" for key, value in {"Action": name, **headers}.items()) + "\r\n"
            )
        self._socket.sendall(text.encode())

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        framer = Framer()
        while data := self._socket.recv(65_536):
            now = time.monotonic()
            for frame in framer.feed(data):
                event = parse_message(frame)
                if event.get("Event") == "ConfbridgeJoin":
                    self.entered[event["Conference"]].append(now)


class Bench:
    """One house, one operator, three phones; each turn is a new call."""

    seat: ScriptedPhone

    def __init__(self, house: BridgeHouse) -> None:
        self.house, self.calls, self._before = house, 0, 0
        self.watch = RawAmi(house, house.settings.ami.watch_user, events=True)
        self.act = RawAmi(house, house.settings.ami.act_user, events=False)

    @contextmanager
    def seat_phone(self) -> Generator[None]:
        """A phone at the seat that has had no calls yet."""
        with ScriptedPhone.seat(self.house.settings, 1, auto_answer=True) as self.seat:
            self._before = self.calls
            yield

    def close(self) -> None:
        """Sign off both connections."""
        self.watch.close()
        self.act.close()

    def turn(
        self, press: Callable[[int], tuple[str, float]], end: Callable[[str], None]
    ) -> tuple[float, float]:
        """Seconds from the press to the last INVITE, and to everyone in the room."""
        self.house.on_duty()
        number, skip, invites = self.calls, self.calls - self._before, len(self.house.carrier.invites)
        self.calls += 1
        with ScriptedPhone.citizen(self.house.settings, f"139{number:08d}") as caller:
            caller.call(self.house.settings.asterisk.hotline_number)
            caller.wait("media")
            caller.dtmf("1")
            self.seat.wait("state", state="CONFIRMED", skip=skip, timeout_s=30)
            self.house.operator.seat_is(1, "talking", 30)
            room, began = press(number)
            wait_for("all in the room", lambda: len(self.watch.entered[room]) >= PARTIES, 30)
            end(room)
            caller.hang_up()
            self.seat.wait("state", state="DISCONNECTED", skip=skip, timeout_s=30)
        self.house.operator.seat_is(1, "wrap_up", 30)
        rang = [invite.t for invite in self.house.carrier.invites[invites:]]
        assert len(rang) == PARTIES - 2
        return max(rang) - began, max(self.watch.entered[room]) - began

    def ours(self, number: int) -> tuple[str, float]:
        began = time.monotonic()
        return f"ms-{self.house.press(f'bench-press-{number}')['id']}", began

    def end_ours(self, room: str) -> None:
        self.house.operator.post(f"/api/v1/bridges/{room.removeprefix('ms-')}/end")

    def bare(self, number: int) -> tuple[str, float]:
        with closing(sqlite3.connect(self.house.settings.state_dir / "minsheng.db")) as rows:
            query = "SELECT channel, seat_channel FROM calls ORDER BY arrived_at DESC LIMIT 1"
            caller, seat = rows.execute(query).fetchone()
        room = FLOOR_ROOM + number
        move = {"Channel": caller, "Context": "bridge-caller", "Exten": str(room), "Priority": "1"}
        extra = {"ExtraChannel": seat, "ExtraContext": "bridge-seat", "ExtraExten": str(room)}
        actions = [("Redirect", {**move, **extra, "ExtraPriority": "1"})]
        for place, digits in enumerate(self.house.place.numbers.values()):
            how = {
                "Channel": f"PJSIP/{digits}@outbound",
                "ChannelId": f"bare-{room}-{place}",
                "Async": "true",
            }
            where = {"Context": "bridge-leg", "Exten": f"{room}x1x1", "Priority": "1"}
            actions.append(("Originate", {**how, **where, "Variable": "MS_ABOUT=01,MS_BY=caller"}))
        began = time.monotonic()
        self.act.send(*actions)
        return f"ms-{room}", began

    def end_bare(self, room: str) -> None:
        number = room.removeprefix("ms-")
        self.act.send(*(("Hangup", {"Channel": f"bare-{number}-{place}"}) for place in range(PARTIES - 2)))
        self.seat.hang_up()


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


@pytest.mark.bench
@pytest.mark.timeout(120 + 60 * PRESSES)
def test_press_to_invite_and_to_talking_beside_bare_ami(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
    with Carrier() as carrier:
        house = BridgeHouse(tmp_path / "house", carrier)
        try:
            house.start(through_link=False)
            with house.outside(), closing(Bench(house)) as bench:
                for first in range(0, PRESSES, PHONE_LASTS):
                    with bench.seat_phone():
                        for number in range(first, min(first + PHONE_LASTS, PRESSES)):
                            if number % BARE_EVERY == 0:
                                figures["bare"].append(bench.turn(bench.bare, bench.end_bare))
                            figures["ours"].append(bench.turn(bench.ours, bench.end_ours))
        finally:
            house.stop()
    assert len(figures["ours"]) == PRESSES
    with capsys.disabled():
        report(add_up(figures, Path(KEEP)) if KEEP else figures)


def add_up(figures: dict[str, list[tuple[float, float]]], kept: Path) -> dict[str, list[tuple[float, float]]]:
    """These and those of the runs before them."""
    before: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    whole = {side: [*before.get(side, []), *rows] for side, rows in figures.items()}
    kept.write_text(json.dumps(whole))
    return whole


def report(figures: dict[str, list[tuple[float, float]]]) -> None:
    """The figures are the purpose of a bench."""
    lines = [
        f"\n{len(figures['ours'])} presses, {len(figures['bare'])} bare,"
        f" load {psutil.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores (ms)"
    ]
    for what, place in (("press to last INVITE", 0), ("press to all in the room", 1)):
        for side, rows in figures.items():
            values = [row[place] * 1000 for row in rows]
            p50, p99 = statistics.median(values), percentile(values, 0.99)
            lines.append(f"{what:26} {side}: p50 {p50:6.0f}  p99 {p99:6.0f}")
    print("\n".join(lines))
