"""Consulting, changing between the two, handing over, giving away at once: ours beside bare AMI, in one run.

Both sides move the same channels through the same dialplan to the same phone (key 1 joins). The bare side
writes Redirect, Originate and Hangup into an open control connection and does nothing else: no rows, no
rules, no page. After every order both sides must prove by ear that those talk who should; a side that does
not join them fails the run. `MINSHENG_BENCH_TRANSFERS` says how many turns a side.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import psutil
import pytest

from ops.carrier import Carrier
from ops.phone import read_wav
from tests.bench.bench_bridge import RawAmi, percentile
from tests.e2e.hotline import wait_for
from tests.e2e.transfer_house import TONES_HZ, Parties, TransferHouse

TURNS = int(os.environ.get("MINSHENG_BENCH_TRANSFERS", "10"))
ROOM, MUSIC = 910_000, 920_000
"""Bare rooms; who is alone in one hears music."""
STEP_S: Final = 0.01
WINDOW_S: Final = 0.04
FIGURES = defaultdict[tuple[str, str], list[float]]


class Side(Protocol):
    """Orders of one side for one call at a time."""

    def consult(self, *, blind: bool) -> None: ...
    def swap(self, *, to_caller: bool) -> None: ...
    def complete(self) -> None: ...


class Ours:
    """What the page sends."""

    def __init__(self, house: TransferHouse) -> None:
        self._house = house
        self._room = 0

    def consult(self, *, blind: bool) -> None:
        self._room = self._house.consult(number_id=self._house.outside_id, blind=blind)["id"]

    def swap(self, *, to_caller: bool) -> None:
        self._house.order(self._room, "swap")

    def complete(self) -> None:
        self._house.order(self._room, "complete")


class Bare:
    """A program that knows the channels by heart and asks nobody."""

    def __init__(self, house: TransferHouse) -> None:
        self._house = house
        self._act = RawAmi(house, house.settings.ami.act_user, events=False)
        self._number = 0
        self._caller = self._seat = ""

    def learn(self) -> None:
        """The channels of the call that talks now; not part of what is measured."""
        with closing(sqlite3.connect(self._house.settings.state_dir / "minsheng.db")) as rows:
            query = "SELECT channel, seat_channel FROM calls ORDER BY arrived_at DESC LIMIT 1"
            self._caller, self._seat = rows.execute(query).fetchone()
        self._number += 1

    def consult(self, *, blind: bool) -> None:
        away = {
            "Channel": self._caller,
            "Context": "bridge-caller",
            "Exten": str((ROOM if blind else MUSIC) + self._number),
            "Priority": "1",
        }
        seat = {
            "ExtraChannel": self._seat,
            "ExtraContext": "bridge-seat",
            "ExtraExten": str(ROOM + self._number),
            "ExtraPriority": "1",
        }
        dial = {
            "Channel": f"PJSIP/{self._house.outside_number}@outbound",
            "ChannelId": self._asked,
            "Context": "bridge-leg",
            "Exten": f"{ROOM + self._number}x1x1",
            "Priority": "1",
            "Async": "true",
            "Variable": "MS_ABOUT=01,MS_BY=caller",
        }
        self._act.send(("Redirect", away if blind else {**away, **seat}), ("Originate", dial))

    def swap(self, *, to_caller: bool) -> None:
        room, music = str(ROOM + self._number), str(MUSIC + self._number)
        places = {
            "Channel": self._caller,
            "Context": "bridge-caller",
            "Exten": room if to_caller else music,
            "Priority": "1",
            "ExtraChannel": self._asked,
            "ExtraContext": "bridge-seat",
            "ExtraExten": music if to_caller else room,
            "ExtraPriority": "1",
        }
        self._act.send(("Redirect", places))

    def complete(self) -> None:
        where = {"Context": "bridge-caller", "Exten": str(ROOM + self._number), "Priority": "1"}
        self._act.send(("Redirect", {"Channel": self._caller, **where}), ("Hangup", {"Channel": self._seat}))

    @property
    def _asked(self) -> str:
        return f"bare-transfer-{self._number}"

    def close(self) -> None:
        self._act.close()


class Bench:
    """Turns of one side and the other, each with calls of its own."""

    def __init__(self, house: TransferHouse, folder: Path) -> None:
        self._house, self._folder, self._calls = house, folder, 0
        self.figures: FIGURES = defaultdict(list)

    def turn(self, name: str, side: Side, *, blind: bool) -> None:
        folder = self._folder / str(self._calls)
        folder.mkdir()
        self._calls += 1
        with self._house.parties(folder, outside={"auto_answer": True, "keys": "1"}) as here:
            if isinstance(side, Bare):
                side.learn()
            self._given(name, side, here) if blind else self._consulted(name, side, here)
            here.caller.hang_up()
            here.caller.wait_ended(30)
            assert here.outside
            here.outside.hang_up()
            here.outside.wait_ended(30)
        self._house.operator.seat_is(1, "wrap_up", 30)

    def _given(self, name: str, side: Side, here: Parties) -> None:
        self.figures["blind: press to INVITE", name].append(self._invited(lambda: side.consult(blind=True)))
        here.talk(caller={"outside"}, outside={"caller"})

    def _consulted(self, name: str, side: Side, here: Parties) -> None:
        self.figures["consult: press to INVITE", name].append(
            self._invited(lambda: side.consult(blind=False))
        )
        here.talk(seat={"outside"}, outside={"seat"})
        here.on_music()
        for to_caller in (True, False):
            who, other = ("caller", "outside") if to_caller else ("outside", "caller")
            swap = "swap: press to hearing each other"
            heard = self._heard(here, (who, "seat"), lambda to=to_caller: side.swap(to_caller=to))
            self.figures[swap, name].append(heard)
            here.talk(seat={who}, **{who: {"seat"}})
            here.on_music(other)
            self._settled()
        heard = self._heard(here, ("caller", "outside"), side.complete)
        self.figures["complete: press to hearing each other", name].append(heard)
        here.talk(caller={"outside"}, outside={"caller"})

    def _settled(self) -> None:
        """The rows have seen the last move, or the next order is refused."""
        room = self._house.leader.get("/api/v1/bridges")["bridges"][:1]
        if room and room[0]["state"] != "ended":
            states = {"held", "joined"}
            wait_for("the room", lambda: set(self._house.states(room[0]["id"]).values()) <= states)

    def _invited(self, order: Callable[[], None]) -> float:
        """Seconds from the order to the INVITE at the phone outside."""
        before, began = len(self._house.carrier.invites), time.monotonic()
        order()
        wait_for("the INVITE", lambda: len(self._house.carrier.invites) > before, 30)
        return self._house.carrier.invites[before].t - began

    def _heard(self, here: Parties, pair: tuple[str, str], order: Callable[[], None]) -> float:
        """Seconds from the order until each of the two hears the other's tone."""
        files = {who: here.files / f"{who}-hears.wav" for who in pair}
        # Files are written in pieces: right after one their lengths are the present moment
        begun = {who: self._grown(file) for who, file in files.items()}
        began = time.monotonic()
        lag = {who: began - at for who, (_, at) in begun.items()}
        order()
        longest = 0.0
        for who, other in (pair, pair[::-1]):
            from_s, hz = begun[who][0], TONES_HZ[other]
            found = wait_for(
                f"{who} to hear {other}", lambda f=files[who], s=from_s, h=hz: onset_s(f, h, s), 30
            )
            longest = max(longest, found - lag[who])
        return longest

    @staticmethod
    def _grown(file: Path) -> tuple[float, float]:
        """How long the sound is, and when that was, at the moment it grows."""
        size = file.stat().st_size
        while file.stat().st_size == size:
            time.sleep(0.001)
        samples, rate_hz = read_wav(file)
        return len(samples) / rate_hz, time.monotonic()


def onset_s(file: Path, hz: float, from_s: float) -> float | None:
    """Seconds from `from_s` until this tone is the loudest thing heard, and stays so for a moment."""
    samples, rate_hz = read_wav(file)
    samples = samples[int(from_s * rate_hz) :]
    width, step = int(WINDOW_S * rate_hz), int(STEP_S * rate_hz)
    wave = np.exp(-2j * np.pi * hz * np.arange(width) / rate_hz)
    run = 0
    for at in range(0, len(samples) - width, step):
        part = samples[at : at + width]
        energy = float((part**2).sum())
        share = 2 * abs(complex((part * wave).sum())) ** 2 / (width * energy) if energy > width * 1e4 else 0.0
        run = run + 1 if share > 0.5 else 0
        if run >= 10:
            return (at - (run - 1) * step + width) / rate_hz
    return None


@pytest.mark.bench
@pytest.mark.timeout(300 + 240 * TURNS)
def test_transfers_beside_bare_ami(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Carrier() as carrier:
        house = TransferHouse(tmp_path / "house", carrier)
        try:
            house.start(through_link=False)
            ours, bare = Ours(house), Bare(house)
            bench = Bench(house, tmp_path)
            for blind in (False, True):
                for _ in range(TURNS):
                    bench.turn("bare", bare, blind=blind)
                    bench.turn("ours", ours, blind=blind)
            bare.close()
        finally:
            house.stop()
    with capsys.disabled():
        report(bench.figures)
    assert all(len(values) >= TURNS for values in bench.figures.values())
    assert len(bench.figures) == 8


def report(figures: FIGURES) -> None:
    """The figures are the purpose of a bench."""
    load = f"load {psutil.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores"
    print(f"\n{TURNS} turns a side, {load} (ms)")
    for what in dict.fromkeys(name for name, _ in figures):
        middle = {side: statistics.median(figures[what, side]) * 1000 for side in ("bare", "ours")}
        worst = {side: percentile(figures[what, side], 0.99) * 1000 for side in ("bare", "ours")}
        print(
            f"{what:40} bare p50 {middle['bare']:5.0f} p99 {worst['bare']:5.0f}   "
            f"ours p50 {middle['ours']:5.0f} p99 {worst['ours']:5.0f}   "
            f"ratio p50 {middle['ours'] / middle['bare']:.2f}"
        )
