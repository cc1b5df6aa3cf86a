"""Order to the target's INVITE, and hand-over to talking: ours beside bare AMI, turn by turn in one run.

The bare side writes one Redirect and one Originate, then one Redirect and one Hangup, into an open control
connection. `MINSHENG_BENCH_PRESSES` says how many turns.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path

import pytest

from ops.carrier import Carrier
from ops.phone import ScriptedPhone
from tests.bench.bench_bridge import FLOOR_ROOM, RawAmi, percentile
from tests.e2e.hotline import wait_for
from tests.e2e.transfer_house import TransferHouse

TURNS = int(os.environ.get("MINSHENG_BENCH_PRESSES", "10"))


class TransferBench:
    """One operator, one phone outside that answers at once and presses 1; each turn is a new call."""

    def __init__(self, house: TransferHouse, seat: ScriptedPhone) -> None:
        self.house, self.seat, self.calls = house, seat, 0
        self.watch = RawAmi(house, house.settings.ami.watch_user, events=True)
        self.act = RawAmi(house, house.settings.ami.act_user, events=False)

    def turn(self, *, bare: bool) -> tuple[float, float]:
        """Seconds from the order to the INVITE, and from the hand-over to the caller's talk."""
        self.house.on_duty()
        skip, invites = self.calls, len(self.house.carrier.invites)
        self.calls += 1
        with ScriptedPhone.citizen(self.house.settings, f"139{skip:08d}") as caller:
            caller.call(self.house.settings.asterisk.hotline_number)
            caller.wait("media")
            caller.dtmf("1")
            self.seat.wait("state", state="CONFIRMED", skip=skip, timeout_s=30)
            self.house.operator.seat_is(1, "talking", 30)
            found = (self._bare if bare else self._ours)(skip, invites)
            caller.hang_up()
            self.seat.wait("state", state="DISCONNECTED", skip=skip, timeout_s=30)
        self.house.operator.seat_is(1, "wrap_up", 30)
        return found

    def _ours(self, number: int, invites: int) -> tuple[float, float]:
        del number
        began = time.monotonic()
        bridge_id = self.house.consult(number_id=self.house.outside_id)["id"]
        invited = self._invited(invites) - began
        self.house.until(bridge_id, caller="held", seat="joined", **{"extra-1": "joined"})
        began = time.monotonic()
        self.house.order(bridge_id, "complete")
        return invited, self._third(f"ms-{bridge_id}") - began

    def _bare(self, number: int, invites: int) -> tuple[float, float]:
        with closing(sqlite3.connect(self.house.settings.state_dir / "minsheng.db")) as rows:
            query = "SELECT channel, seat_channel FROM calls ORDER BY arrived_at DESC LIMIT 1"
            caller, seat = rows.execute(query).fetchone()
        room = FLOOR_ROOM + number
        move = {"Channel": caller, "Context": "bridge-hold", "Exten": str(room), "Priority": "1"}
        extra = {"ExtraChannel": seat, "ExtraContext": "bridge-seat", "ExtraExten": str(room)}
        dial = {
            "Channel": f"PJSIP/{self.house.outside_number}@outbound",
            "ChannelId": f"bare-{room}",
            "Async": "true",
            "Context": "bridge-leg",
            "Exten": f"{room}x1x1",
            "Priority": "1",
            "Variable": "MS_ABOUT=01,MS_BY=caller",
        }
        began = time.monotonic()
        self.act.send(("Redirect", {**move, **extra, "ExtraPriority": "1"}), ("Originate", dial))
        invited = self._invited(invites) - began
        wait_for("the private talk", lambda: len(self.watch.entered[f"ms-{room}"]) >= 2, 30)
        began = time.monotonic()
        fetch = {**move, "Context": "bridge-caller"}
        self.act.send(("Redirect", fetch), ("Hangup", {"Channel": seat}))
        talking = self._third(f"ms-{room}")
        self.act.send(("Hangup", {"Channel": f"bare-{room}"}))  # nobody looks after the bare room
        return invited, talking - began

    def _invited(self, invites: int) -> float:
        wait_for("the INVITE", lambda: len(self.house.carrier.invites) > invites)
        return self.house.carrier.invites[invites].t

    def _third(self, room: str) -> float:
        wait_for("the caller in the room", lambda: len(self.watch.entered[room]) >= 3, 30)
        return self.watch.entered[room][2]


@pytest.mark.bench
@pytest.mark.timeout(120 + 60 * TURNS)
def test_order_to_invite_and_hand_over_to_talking_beside_bare_ami(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures: dict[str, list[tuple[float, float]]] = {"bare": [], "ours": []}
    with Carrier() as carrier:
        house = TransferHouse(tmp_path / "house", carrier)
        try:
            house.start(through_link=False)
            how = {"auto_answer": True, "keys": "1"}
            with (
                ScriptedPhone.outside(carrier, house.settings, house.outside_number, **how),
                ScriptedPhone.seat(house.settings, 1, auto_answer=True) as seat,
            ):
                bench = TransferBench(house, seat)
                for _ in range(TURNS):
                    figures["bare"].append(bench.turn(bare=True))
                    figures["ours"].append(bench.turn(bare=False))
        finally:
            house.stop()
    with capsys.disabled():
        for name, found in figures.items():
            for index, what in enumerate(("order to INVITE", "hand-over to talking")):
                values = [1000 * one[index] for one in found]
                median, worst = statistics.median(values), percentile(values, 0.99)
                print(f"{name}: {what}: p50 {median:.0f} ms, p99 {worst:.0f} ms over {len(values)}")
    invites = [statistics.median(one[0] for one in figures[name]) for name in ("bare", "ours")]
    assert invites[1] - invites[0] < 0.1
