"""AMI event → every screen: the real app and database, a fake Asterisk, 20 streams of server-sent events.

The clients are HTTP streams, as a browser's EventSource is one; what a page then draws is not in the figure.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.config import PROJECT_ROOT, Settings
from ops import setup_steps
from tests.fakes.ami_server import Action, Connection, FakeAmi
from tests.fakes.waiting import until

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

SCREENS, CALLS, PAUSE_S = 20, 150, 0.1


class Asterisk(FakeAmi):
    """Knows the calls that it has told of, so that nothing needs a repair."""

    def __init__(self) -> None:
        super().__init__()
        self.answers["Getvar"] = self._no_contact

    async def _no_contact(self, connection: Connection, action: Action) -> None:
        connection.respond(action, "Success", "ok", f"Variable: {action['Variable']}", "Value: ")

    def tell(self, settings: Settings, *lines: str) -> None:
        """An event to the link that listens."""
        name = settings.ami.watch_user
        number = next(n for n, asked in reversed(self.seen) if asked.get("Username") == name)
        next(one for one in self.connections if one.number == number).send(*lines)

    def begin(self, settings: Settings, number: int) -> str:
        call_id = f"ms-1764000000.{number}"
        channel = f"PJSIP/trunk-{number:08x}"
        row = [f"Channel: {channel}", f"Uniqueid: {call_id}", f"Linkedid: {call_id}", "Context: from-trunk"]
        row += [
            "Exten: 56564444",
            "CallerIDNum: 13800001234",
            "ChannelStateDesc: Up",
            "Application: Playback",
        ]
        row += ["BridgeId: ", "ConnectedLineNum: ", "Priority: 1", "ChannelState: 6"]
        self.lists.setdefault("CoreShowChannels", []).append(["Event: CoreShowChannel", *row])
        self.tell(settings, "Event: Newchannel", *row)
        return call_id

    def end(self, settings: Settings, number: int) -> None:
        call_id = f"ms-1764000000.{number}"
        self.lists["CoreShowChannels"] = [
            row for row in self.lists["CoreShowChannels"] if f"Uniqueid: {call_id}" not in row
        ]
        row = [f"Channel: PJSIP/trunk-{number:08x}", f"Uniqueid: {call_id}", f"Linkedid: {call_id}"]
        self.tell(settings, "Event: Hangup", *row, "Cause: 16", "Context: from-trunk")


class Screens:
    """Connected streams; when which screen heard of which call's arrival and end."""

    def __init__(self) -> None:
        self.heard: dict[tuple[str, str], list[float]] = {}
        self.connected = 0

    async def watch(self, http: httpx.AsyncClient) -> None:
        kind = ""
        async with http.stream("GET", "/api/stream") as answer:
            assert answer.status_code == 200
            self.connected += 1
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind in ("CallArrived", "CallEnded"):
                    call_id = line.split('"call_id": "', 1)[1].split('"', 1)[0]
                    self.heard.setdefault((kind, call_id), []).append(time.monotonic())


@pytest.fixture
def settings(tmp_path: Path) -> tuple[Settings, str]:
    prepared = setup_steps.prepare(tmp_path / "hotline", lambda _line: None, free_ports=True)
    return prepared.settings, prepared.demo_password or ""


@pytest.fixture
async def house(settings: tuple[Settings, str]) -> AsyncIterator[tuple[Asterisk, httpx.AsyncClient]]:
    own, password = settings
    asterisk = Asterisk()
    await asterisk.start(own.ami.port)
    log = (own.log_dir / "api.log").open("ab")
    arguments = [sys.executable, "-m", "api.serve", "--state-dir", str(own.state_dir)]
    server = subprocess.Popen(  # noqa: ASYNC220 - starting takes no time
        arguments, cwd=PROJECT_ROOT, env=os.environ, stdout=log, stderr=log
    )
    log.close()
    url = f"http://127.0.0.1:{own.web.port}"
    limits = httpx.Limits(max_connections=SCREENS + 5)
    try:
        async with httpx.AsyncClient(base_url=url, timeout=None, limits=limits) as http:
            async with asyncio.timeout(60):
                while await link_of(http) != "up":
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(asyncio.Event().wait(), 0.1)
            answer = await http.post("/login", data={"login": "leader", "password": password})
            assert answer.status_code == 303
            yield asterisk, http
    finally:
        server.terminate()
        server.wait(15)
        await asterisk.stop()


async def link_of(http: httpx.AsyncClient) -> Any:
    try:
        return (await http.get("/healthz")).json()["link"]
    except httpx.HTTPError:
        return None


def shown(name: str, lags: list[float]) -> str:
    lags = sorted(1000 * lag for lag in lags)
    return (
        f"{name}: p50 {lags[len(lags) // 2]:.1f} ms, p99 {lags[int(len(lags) * 0.99)]:.1f} ms, n {len(lags)}"
    )


async def test_event_to_twenty_screens(
    settings: tuple[Settings, str],
    house: tuple[Asterisk, httpx.AsyncClient],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (own, _), (asterisk, http) = settings, house
    screens, told = Screens(), dict[tuple[str, str], float]()
    watching = [asyncio.ensure_future(screens.watch(http)) for _ in range(SCREENS)]
    await until("all screens are connected", lambda: screens.connected == SCREENS, 20)
    for number in range(CALLS):
        moment = time.monotonic()
        told["CallArrived", asterisk.begin(own, number)] = moment
        await asyncio.wait(watching, timeout=PAUSE_S / 2)
        told["CallEnded", f"ms-1764000000.{number}"] = time.monotonic()
        asterisk.end(own, number)
        await asyncio.wait(watching, timeout=PAUSE_S / 2)
    await until(
        "every screen has heard everything",
        lambda: all(len(screens.heard.get(key, ())) == SCREENS for key in told),
        30,
    )
    for one in watching:
        one.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    each = [moment - told[key] for key in told for moment in screens.heard[key]]
    last = [max(screens.heard[key]) - told[key] for key in told]
    with capsys.disabled():
        print(f"\nAMI event → {SCREENS} screens at {2 / PAUSE_S:.0f} facts a second")
        print(shown("each screen", each))
        print(shown("last screen", last))
