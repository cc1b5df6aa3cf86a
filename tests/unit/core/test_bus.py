"""One listener's failure hurts nobody else."""

from __future__ import annotations

import datetime as dt

from core.bus import Bus
from core.events import CallHeld, CallResumed, Fact
from core.ids import CallId

AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


async def test_a_failing_listener_does_not_stop_the_next() -> None:
    heard: list[Fact] = []
    bus = Bus()

    async def fails(fact: CallHeld) -> None:
        raise RuntimeError

    async def hears(fact: Fact) -> None:
        heard.append(fact)

    bus.on(CallHeld, fails)
    bus.on(CallHeld, hears)
    bus.on_all(hears)
    fact = CallHeld(at=AT, call_id=CallId("ms-1.1"))
    await bus.publish(fact)
    assert heard == [fact, fact]


async def test_only_its_kind_is_heard() -> None:
    heard: list[Fact] = []
    bus = Bus()

    async def hears(fact: Fact) -> None:
        heard.append(fact)

    bus.on(CallHeld, hears)
    await bus.publish(CallResumed(at=AT, call_id=CallId("ms-1.1")))
    assert heard == []
