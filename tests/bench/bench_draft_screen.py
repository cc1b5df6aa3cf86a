"""Words settled by the recogniser → field or alarm at the operator's screen, beside the same words undrafted.

The API is the real process with its real event stream, database and trained model. The recogniser is a
stand-in at the worker's own socket, because the moment at which it hands a line over must be known. The
screen is an HTTP stream that does what `seat_draft.js` does: 150 ms after the fact it asks for the draft.
What a page then draws is not in the figure.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from core.config import Settings
from tests.bench.bench_screen import Asterisk, house, settings
from tests.fakes.waiting import until
from transcription.worker import control_path

__all__ = ["house", "settings"]
pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

CALLS, WAIT_S = 60, 0.15
Answer = dict[str, Any]
SPEECH: tuple[tuple[str, Callable[[Answer], bool] | None], ...] = (
    ("您好我要反映一个事情", None),
    ("我是草堂镇石马村三组的", lambda draft: draft["fields"]["village"]["value"] == "石马村"),
    ("昨天晚上下大雨把村里的公路冲垮了两段", lambda draft: bool(draft["fields"]["event_time"]["value"])),
    ("我的电话是幺三九零零零零幺幺幺幺", lambda draft: draft["fields"]["phone"]["value"] == "13900001111"),
    ("遭了坡上的石头滚下来了房子垮了有人埋到里头了", lambda draft: draft["alarm"] is not None),
)
"""What a caller says, and what must stand on the screen because of it; the last one is the alarm."""


class Recogniser:
    """A worker's control socket: says that it has a model and which legs it hears, and settles lines."""

    def __init__(self, own: Settings, calls: list[str]) -> None:
        self._path = control_path(own, 0)
        self._calls = calls
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Recogniser:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        await until("the API is connected", lambda: self._writer is not None, 20)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        if self._writer is not None:
            self._writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        legs = [
            {"leg": f"leg-{one}", "call_id": one, "speaker": "caller", "channel": one, "party": None}
            for one in self._calls
        ]
        hello = {"model": "bench", "language": "zh", "stand_in": False, "reason": "", "legs": legs}
        self._writer = writer
        self._tell({"kind": "hello", "available": True, **hello})
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while not writer.is_closing():
                self._tell({"kind": "alive"})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.readline(), 1.0)

    def _tell(self, message: dict[str, Any]) -> None:
        assert self._writer is not None
        self._writer.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def settle(self, call_id: str, at_s: float, text: str) -> float:
        """Hand one line over; the moment."""
        line = {"text": text, "raw_text": text, "start_s": at_s, "end_s": at_s + 2.5, "confidence": 0.9}
        moment = time.monotonic()
        self._tell({"kind": "settled", "leg": f"leg-{call_id}", "line": {**line, "words": []}})
        return moment


Told = asyncio.Queue[tuple[float, str, Answer]]


async def watch(http: httpx.AsyncClient, told: Told, joined: asyncio.Event) -> None:
    """The stream as a browser reads it: when each fact was there."""
    kind = ""
    async with http.stream("GET", "/api/stream") as answer:
        async for line in answer.aiter_lines():
            joined.set()
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                told.put_nowait((time.monotonic(), kind, json.loads(line.removeprefix("data: "))))


async def the_next(told: Told, wanted: str) -> tuple[float, Answer]:
    """The next fact of one kind; others are passed over."""
    async with asyncio.timeout(30):
        while True:
            moment, kind, fact = await told.get()
            if kind == wanted:
                return moment, fact


def shown(name: str, lags: list[float]) -> str:
    lags = sorted(1000 * lag for lag in lags)
    return (
        f"{name}: p50 {lags[len(lags) // 2]:.0f} ms, p99 {lags[int(len(lags) * 0.99)]:.0f} ms, n {len(lags)}"
    )


class Screen:
    """One operator's page: the lags of plain lines, of fields and of alarms."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.plain: list[float] = []
        self.fields: list[float] = []
        self.alarms: list[float] = []
        self.drafts: list[float] = []

    async def hear(self, told: Told, recogniser: Recogniser, call_id: str, *, drafting: bool) -> None:
        for place, (text, wanted) in enumerate(SPEECH):
            moment = recogniser.settle(call_id, 3.0 * place, text)
            arrived, fact = await the_next(told, "UtteranceSettled")
            assert (fact["call_id"], fact["text"]) == (call_id, text)
            if not drafting:
                self.plain.append(arrived - moment)
            elif wanted is not None:
                await asyncio.wait_for(self._filled(call_id, wanted), 30)
                lags = self.alarms if place == len(SPEECH) - 1 else self.fields
                lags.append(time.monotonic() - moment)

    async def _filled(self, call_id: str, wanted: Callable[[Answer], bool]) -> None:
        await asyncio.sleep(WAIT_S)
        answer = await self._http.get(f"/api/calls/{call_id}/draft")
        draft = answer.json()
        assert draft["ready"], draft
        assert wanted(draft), draft["fields"]
        self.drafts.append(draft["took_ms"] / 1000)


async def test_settled_words_to_the_screen(
    settings: tuple[Settings, str],
    house: tuple[Asterisk, httpx.AsyncClient],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (own, _), (asterisk, http) = settings, house
    told, joined = Told(), asyncio.Event()
    watching = asyncio.ensure_future(watch(http, told, joined))
    await asyncio.wait_for(joined.wait(), 20)
    calls: list[str] = []
    for number in range(2 * CALLS):
        calls.append(asterisk.begin(own, number))
        await the_next(told, "CallArrived")
    screen = Screen(http)
    async with Recogniser(own, calls) as recogniser:
        await the_next(told, "EngineChanged")
        async with asyncio.timeout(60):
            while not await ready(http, calls[0]):
                await asyncio.wait([watching], timeout=0.2)
        for number, call_id in enumerate(calls):
            await screen.hear(told, recogniser, call_id, drafting=number % 2 == 0)
    watching.cancel()
    ratio = sorted(screen.fields)[len(screen.fields) // 2] / sorted(screen.plain)[len(screen.plain) // 2]
    with capsys.disabled():
        print(
            f"\nsettled words → screen, {len(calls)} calls of {len(SPEECH)} lines, drafting in every second"
        )
        print(shown("bare: the line itself, no drafting", screen.plain))
        print(shown(f"field there (of it {1000 * WAIT_S:.0f} ms are the page's own pause)", screen.fields))
        print(shown("E1/E2 alarm there", screen.alarms))
        print(shown("the draft alone, inside the server", screen.drafts))
        print(f"field over bare line: ratio {ratio:.1f}")


async def ready(http: httpx.AsyncClient, call_id: str) -> bool:
    """The model is loaded, and the first draft is behind it."""
    return bool((await http.get(f"/api/calls/{call_id}/draft")).json()["ready"])
