"""Many conferences of five at once: do all hear all, and what does a party cost Asterisk and the API?

`MINSHENG_BENCH_CONFERENCES` says how many. Every party is a real SIP call that sends a tone of its own.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from core.clock import SystemClock
from db.repositories import api_keys
from db.session import make_engine, make_sessions, transaction
from ops.carrier import Carrier
from ops.smoke_bridge import CATEGORY, TONES_HZ
from tests.bench.light_phones import LightPhones
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.hotline import aside, wait_for

CONFERENCES = int(os.environ.get("MINSHENG_BENCH_CONFERENCES", "30"))
PARTIES = 5
STEADY_S = 20.0
BEGIN_S = 180.0


def key_of(house: BridgeHouse) -> str:
    """A key for another system that presses."""

    async def make() -> str:
        engine = make_engine(house.settings.db_url)
        try:
            async with transaction(make_sessions(engine)) as session:
                _, key = await api_keys.create(session, "bench", ("bridges",), 1, SystemClock().now())
        finally:
            await engine.dispose()
        return key

    return aside(lambda: asyncio.run(make()))


def two_more(house: BridgeHouse) -> dict[str, int]:
    """Two numbers of the directory that no role of the place has, with their ids."""
    taken = tuple(house.place.numbers.values())
    with closing(sqlite3.connect(house.settings.state_dir / "minsheng.db")) as rows:
        found = rows.execute("SELECT number, id FROM phone_numbers WHERE length(number) = 11 ORDER BY id")
        kept: dict[str, int] = {}
        for number, row in found:
            if number not in taken and number.startswith("1") and len(kept) < PARTIES - len(taken):
                kept.setdefault(number, row)
    assert len(kept) == PARTIES - len(taken)
    return kept


class Presser:
    """Another system with a key: no seat, no caller, five parties outside."""

    def __init__(self, house: BridgeHouse, more: dict[str, int]) -> None:
        self._house, self._more = house, more
        self._http = httpx.Client(
            base_url=house.hotline.url, timeout=30, headers={"X-API-Key": key_of(house)}
        )

    def press(self, number: int) -> int:
        place = self._house.place
        where = {"category": CATEGORY, "town_code": place.town, "village_id": place.village}
        bridge = self._post(
            "", {"presser": "api", **where}, {"Idempotency-Key": f"bench-conference-{number}"}
        )
        for number_id in self._more.values():
            self._post(f"/{bridge['id']}/legs", {"number_id": number_id})
        return int(bridge["id"])

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def end(self, bridge_id: int) -> None:
        self._post(f"/{bridge_id}/end", {})

    def _post(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self._http.post(f"/api/v1/bridges{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


def processes(house: BridgeHouse) -> dict[str, psutil.Process]:
    """Asterisk and the API."""
    state, found = str(house.settings.state_dir), dict[str, psutil.Process]()
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if state in words and "api.serve" in words:
            found["API"] = process
        elif str(house.settings.asterisk_dir) in words and "asterisk.conf" in words and " -f" in words:
            found["Asterisk"] = process
    assert set(found) == {"API", "Asterisk"}, found
    return found


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def in_rooms(house: BridgeHouse) -> int:
    with closing(sqlite3.connect(house.settings.state_dir / "minsheng.db")) as rows:
        (count,) = rows.execute("SELECT count(*) FROM bridge_legs WHERE state = 'joined'").fetchone()
    return int(count)


def steady(house: BridgeHouse, phones: LightPhones) -> dict[str, float]:
    """What a while of talk costs: shares of one core, and packets that came of those that should."""
    watched = processes(house)
    before, begin = {name: cpu_s(one) for name, one in watched.items()}, time.monotonic()
    packets = sum(leg.received for leg in phones.live())
    wait_for("a while", lambda: time.monotonic() > begin + STEADY_S, STEADY_S + 30)
    took = time.monotonic() - begin
    cost = {name: (cpu_s(one) - before[name]) / took for name, one in watched.items()}
    came = sum(leg.received for leg in phones.live()) - packets
    return {**cost, "packets": came / (took * 50 * len(phones.live()))}


@dataclass
class Found:
    """What a run showed."""

    all_in_s: float
    cost: dict[str, float]
    heard: Counter[int]


def run(house: BridgeHouse, carrier: Carrier) -> Found:
    """Press, talk for a while, end."""
    more = two_more(house)
    first, second = more
    numbers = {**house.place.numbers, "first": first, "second": second}
    tones = dict(zip(numbers, TONES_HZ.values(), strict=True))
    who = {number: name for name, number in numbers.items()}
    with LightPhones({number: tones[name] for name, number in numbers.items()}) as phones:
        for number in who:
            carrier.connect(number, phones.address)
        with closing(Presser(house, more)) as presser:
            began = time.monotonic()
            running = [presser.press(number) for number in range(CONFERENCES)]
            wait_for("everybody", lambda: in_rooms(house) == CONFERENCES * PARTIES, BEGIN_S)
            took = time.monotonic() - began
            cost = steady(house, phones)
            heard = Counter(len(leg.hears(tones) - {who[leg.number]}) for leg in phones.live())
            for bridge_id in running:
                presser.end(bridge_id)
            wait_for("all to be out", lambda: in_rooms(house) == 0, BEGIN_S)
    return Found(took, cost, heard)


@pytest.fixture
def many_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two RTP ports a party: the range of a test's own Asterisk ends at a hundred calls."""
    monkeypatch.setenv("MINSHENG_ASTERISK__RTP_START", "20000")
    monkeypatch.setenv("MINSHENG_ASTERISK__RTP_END", str(20_000 + 6 * CONFERENCES * PARTIES))


@pytest.mark.bench
@pytest.mark.usefixtures("many_ports")
@pytest.mark.timeout(900)
def test_many_conferences_of_five(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Carrier() as carrier:
        house = BridgeHouse(tmp_path / "house", carrier)
        try:
            house.hotline.decide(bridge_presser_day=100_000)
            house.start(through_link=False)
            found = run(house, carrier)
        finally:
            house.stop()
        with capsys.disabled():
            report(found)
        assert found.heard == {PARTIES - 1: CONFERENCES * PARTIES}
        assert len(carrier.invites) == CONFERENCES * PARTIES


def report(found: Found) -> None:
    """The figures are the purpose of a bench."""
    parties, load = CONFERENCES * PARTIES, psutil.getloadavg()[0]
    lines = [
        f"\n{CONFERENCES} conferences of {PARTIES}, load {load:.1f} on {psutil.cpu_count()} cores",
        f"pressed one after the other, all {parties} in after {found.all_in_s:.1f} s",
        f"parties by how many others they hear: {dict(found.heard)}",
        f"packets that came of those that should: {found.cost['packets']:.1%}",
        *(
            f"{name}: {found.cost[name]:.1%} of a core, {found.cost[name] / parties:.2%} a party"
            for name in ("Asterisk", "API")
        ),
    ]
    print("\n".join(lines))
