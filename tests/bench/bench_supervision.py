"""Order to listen → the leader hears: ours beside a bare ChanSpy Originate, turn by turn in one run.

Both call the same telephone, which picks up by itself, at the same call; the moment is Asterisk's own
ChanSpyStart on a connection that only watches. `MINSHENG_BENCH_LISTENS` says how many turns.
"""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from core.config import Settings
from telephony.ami_protocol import Framer, parse_message
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.leader_house import Three, three

TURNS = int(os.environ.get("MINSHENG_BENCH_LISTENS", "20"))


class RawAmi:
    """A bare control connection that notes when which leader's channel begins to hear."""

    def __init__(self, settings: Settings, user: str, *, events: bool) -> None:
        ami = settings.ami
        secret = (ami.watch_secret if user == ami.watch_user else ami.act_secret).get_secret_value()
        self._socket = socket.create_connection((ami.host, ami.port))
        self.began: dict[str, float] = {}
        self.send("Login", Username=user, Secret=secret, Events="on" if events else "off")
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, name: str, **headers: str) -> None:
        text = "".join(f"{key}: {value}\r\n" for key, value in {"Action": name, **headers}.items())
        self._socket.sendall(text.encode() + b"\r\n")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        framer = Framer()
        while data := self._socket.recv(65_536):
            now = time.monotonic()
            for frame in framer.feed(data):
                event = parse_message(frame)
                if event.get("Event") == "ChanSpyStart":
                    self.began.setdefault(event["SpyerUniqueid"], now)


class Bench:
    """One call, one leader's phone; each turn listens once."""

    def __init__(self, hotline: Hotline, people: Three) -> None:
        self.people, self.turns = people, 0
        self.watch = RawAmi(hotline.settings, hotline.settings.ami.watch_user, events=True)
        self.act = RawAmi(hotline.settings, hotline.settings.ami.act_user, events=False)
        board = self.people.leader.get("/api/supervision")
        self.lead = f"leaddesk{board['phone']}"
        channels = hotline.supervisor.asterisk.rx("core show channels concise").splitlines()
        self.seat = next(line.split("!")[0] for line in channels if line.startswith("PJSIP/desk1-"))

    def turn(self, begin: Callable[[int], str], end: Callable[[], None]) -> float:
        """Seconds from the order to the ear."""
        skip = self.turns
        self.turns += 1
        began = time.monotonic()
        name = begin(skip)
        wait_for("the leader to hear", lambda: name in self.watch.began, 20)
        end()
        self.people.lead.wait("state", state="DISCONNECTED", skip=skip)
        return self.watch.began[name] - began

    def ours(self, _number: int) -> str:
        return f"sv-{self.people.order('listen')['id']}-2147483000.1"

    def end_ours(self) -> None:
        self.people.until("listening")
        self.people.leader.post("/api/supervision/end")
        self.people.until("over")

    def bare(self, number: int) -> str:
        how = {"Application": "ChanSpy", "Data": f"{self.seat},qES", "Async": "true"}
        self.act.send("Originate", Channel=f"PJSIP/{self.lead}", ChannelId=f"bare-{number}", **how)
        return f"bare-{number}"

    def end_bare(self) -> None:
        self.people.lead.hang_up()


@pytest.mark.bench
@pytest.mark.timeout(120 + 20 * TURNS)
def test_order_to_ear_beside_bare_ami(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures: dict[str, list[float]] = {"ours": [], "bare": []}
    hotline = Hotline(tmp_path / "hotline")
    try:
        hotline.start()
        with three(hotline, tmp_path, "13800007701") as people:
            bench = Bench(hotline, people)
            for _ in range(TURNS):
                figures["bare"].append(bench.turn(bench.bare, bench.end_bare))
                people.leader.post("/api/supervision/keep")
                figures["ours"].append(bench.turn(bench.ours, bench.end_ours))
            bench.watch.close()
            bench.act.close()
    finally:
        hotline.stop()
    with capsys.disabled():
        report(figures)
    assert len(figures["ours"]) == TURNS


def report(figures: dict[str, list[float]]) -> None:
    """The figures are the purpose of a bench."""
    load = f"load {psutil.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores"
    middle = {side: statistics.median(values) * 1000 for side, values in figures.items()}
    print(f"\n{TURNS} orders a side, {load} (ms)")
    for side, values in figures.items():
        print(f"order to ear {side}: p50 {middle[side]:5.0f}  worst {max(values) * 1000:5.0f}")
    ratio, more = middle["ours"] / middle["bare"], middle["ours"] - middle["bare"]
    print(f"ratio {ratio:.2f}, {more:.0f} ms over the floor")
