"""What a screen is told: in the order of the log, again after a gap; words only to whose they are."""

from __future__ import annotations

import asyncio
import json

import pytest

from core.events import CallArrived, Fact, UtteranceSettled
from core.vocabulary import CallState, Role, Speaker
from db.models import Account
from db.repositories import event_log
from db.session import transaction
from tests.fakes.waiting import until
from tests.fakes.web_house import IDS, NOW, a_call

CALLER = "13800001234"
WORDS = "路断了"


async def tell(house, *facts: Fact) -> None:
    """As the services do: kept first, then told."""
    for fact in facts:
        async with transaction(house.sessions) as session:
            await event_log.append(session, fact)
        await house.app.state.house.bus.publish(fact)


def arrived(n: int) -> CallArrived:
    return CallArrived(at=NOW, call_id=f"ms-{n}", pii_caller=CALLER, dialled="5", channel="PJSIP/trunk-1")


def settled(call_id: str) -> UtteranceSettled:
    times = {"start_s": 0.0, "end_s": 1.0, "confidence": 0.9}
    return UtteranceSettled(
        at=NOW, call_id=call_id, utterance_id=1, speaker=Speaker.CALLER, pii_text=WORDS, **times
    )


async def heard(house, login: str, *facts: Fact, last: int | None = None) -> list[dict[str, str]]:
    """Everything that a browser of that person was sent while these facts were told."""
    browser, stream = await house.as_(login), house.app.state.stream
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        page = group.create_task(browser.get("/api/stream", headers=headers))
        await until("the screen has joined", lambda: stream._screens)
        await tell(house, *facts)
        stream.close()
    blocks = [block for block in page.result().text.replace("\r\n", "\n").split("\n\n") if "data:" in block]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


async def test_facts_come_in_the_order_of_the_log_and_numbers_are_masked(house):
    sent = await heard(house, "op02", arrived(1), arrived(2), arrived(3))
    assert [one["event"] for one in sent] == ["CallArrived"] * 3 + ["reconnect"]
    ids = [int(one["id"]) for one in sent[:3]]
    assert ids == sorted(set(ids))
    data = [json.loads(one["data"]) for one in sent[:3]]
    assert [(one["call_id"], one["caller_masked"]) for one in data] == [
        (f"ms-{n}", "138****1234") for n in (1, 2, 3)
    ]
    assert CALLER not in str(sent)


async def test_after_a_gap_only_what_was_missed_comes_and_nothing_twice(house):
    await tell(house, arrived(1), arrived(2), arrived(3))
    async with transaction(house.sessions) as session:
        first = (await event_log.since(session, 0))[0].seq
    sent = await heard(house, "op01", arrived(4), last=first)
    assert [json.loads(one["data"]).get("call_id") for one in sent] == ["ms-2", "ms-3", "ms-4", None]


async def test_a_screen_that_missed_too_much_is_told_to_load_again(house):
    async with transaction(house.sessions) as session:
        for n in range(501):
            await event_log.append(session, arrived(n))
    browser = await house.as_("op01")
    page = await browser.get("/api/stream", headers={"Last-Event-ID": "0"})
    assert "event: reload" in page.text
    assert "CallArrived" not in page.text


@pytest.mark.parametrize(("login", "hears"), [("op01", True), ("op02", False), ("leader", False)])
@pytest.mark.parametrize("live", [True, False])
async def test_words_are_for_the_operator_of_the_call(house, login, hears, live):
    await house.add(a_call("ms-1", state=CallState.TALKING), a_call("ms-2", "op02", state=CallState.TALKING))
    await house.sit("op01", 1, "ms-1")
    await house.sit("op02", 2, "ms-2")
    if live:
        sent = await heard(house, login, settled("ms-1"))
    else:
        await tell(house, settled("ms-1"))
        sent = await heard(house, login, last=0)
    assert (WORDS in str(sent)) == hears
    assert [one["event"] for one in sent] == ["UtteranceSettled"] * hears + ["reconnect"]


@pytest.mark.parametrize("odd", ["-1", "x", "1.5", "9" * 30])
async def test_an_odd_place_in_the_log_is_refused(house, odd):
    browser = await house.as_("op01")
    assert (await browser.get("/api/stream", headers={"Last-Event-ID": odd})).status_code == 422


@pytest.mark.parametrize("leaves", ["signs out", "is closed", "is no operator any more"])
async def test_whoever_may_listen_no_longer_hears_nothing_more(house, leaves):
    browser, stream = await house.as_("op01"), house.app.state.stream
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        page = group.create_task(browser.get("/api/stream"))
        await until("the screen has joined", lambda: stream._screens)
        await tell(house, arrived(1))
        if leaves == "signs out":
            await browser.post("/logout")
        else:
            async with transaction(house.sessions) as session:
                account = await session.get(Account, IDS["op01"])
                account.active = leaves != "is closed"
                account.role = Role.GRID_WORKER
        house.clock.advance(15)
        await tell(house, arrived(2))
        stream.close()
    assert page.result().text.count("event: CallArrived") == 1
