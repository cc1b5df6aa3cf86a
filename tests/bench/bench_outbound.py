"""Order to the other side's INVITE for a call out: ours beside a bare AMI Originate, turn by turn in one run.

`MINSHENG_BENCH_PRESSES` says how many turns.
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import psutil
import pytest

from ops.carrier import Carrier
from ops.phone import ScriptedPhone
from tests.bench.bench_bridge import RawAmi, percentile
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.hotline import wait_for

TURNS = int(os.environ.get("MINSHENG_BENCH_PRESSES", "20"))
NUMBER = "13812349999"


class Bench:
    """One operator with a desk phone, and one phone outside that rings."""

    def __init__(self, house: BridgeHouse) -> None:
        self.house = house
        self.act = RawAmi(house, house.settings.ami.act_user, events=False)

    def invited_s(self, began: float, before: int) -> float:
        invites = self.house.carrier.invites
        wait_for("the INVITE", lambda: len(invites) > before, 20)
        return invites[before].t - began

    def ours(self, turn: int) -> float:
        self.house.on_duty()
        before, began = len(self.house.carrier.invites), time.monotonic()
        answer = self.house.operator.http.post(
            "/api/v1/outbound",
            json={"digits": NUMBER},
            headers={"X-CSRF-Token": self.house.operator.csrf, "Idempotency-Key": f"bench-turn-{turn}"},
        )
        assert answer.status_code == 200, answer.text
        seconds = self.invited_s(began, before)
        bridge_id = answer.json()["id"]
        self.house.operator.post(f"/api/v1/bridges/{bridge_id}/end")
        wait_for("the end", lambda: self.house.bridge(bridge_id)["state"] == "ended", 20)
        wait_for("a free seat", lambda: self.house.operator.seat(1)["bridge_id"] is None, 20)
        return seconds

    def bare(self, turn: int) -> float:
        before, began = len(self.house.carrier.invites), time.monotonic()
        name = f"bare-{turn}"
        how = {"Channel": f"PJSIP/{NUMBER}@outbound", "ChannelId": name, "Async": "true"}
        where = {"Context": "bridge-join", "Exten": f"9{turn:05d}x1x1", "Priority": "1"}
        self.act.send(("Originate", {**how, **where}))
        seconds = self.invited_s(began, before)
        self.act.send(("Hangup", {"Channel": name}))
        return seconds


@pytest.mark.bench
@pytest.mark.timeout(120 + 20 * TURNS)
def test_order_to_invite_beside_bare_ami(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures: dict[str, list[float]] = {"bare": [], "ours": []}
    with Carrier() as carrier:
        house = BridgeHouse(tmp_path / "house", carrier)
        try:
            house.start(through_link=False)
            with (
                ScriptedPhone.seat(house.settings, 1, auto_answer=True),
                ScriptedPhone.outside(carrier, house.settings, NUMBER),
            ):
                bench = Bench(house)
                for turn in range(TURNS):
                    figures["bare"].append(bench.bare(turn))
                    figures["ours"].append(bench.ours(turn))
                bench.act.close()
        finally:
            house.stop()
    with capsys.disabled():
        load = psutil.getloadavg()[0]
        print(f"\n{TURNS} calls out a side, load {load:.1f} on {psutil.cpu_count()} cores (ms)")
        for side, values in figures.items():
            p50, p99 = statistics.median(values) * 1000, percentile(values, 0.99) * 1000
            print(f"order to INVITE {side}: p50 {p50:6.0f}  p99 {p99:6.0f}")
    assert len(figures["ours"]) == TURNS
