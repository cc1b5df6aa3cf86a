"""What becomes of an alarm in the running words: raised, ignored, or left alone, it leaves a trace."""

from __future__ import annotations

from typing import Any

import pytest

from api.alarm_log import IGNORED, RAISED, AlarmLog
from core.vocabulary import CallState, Speaker
from db.repositories import utterances
from db.session import transaction
from tests.fakes.postgres_server import Rows
from tests.fakes.web_house import WebHouse, a_call, a_ticket
from tickets.draft.desk import DraftDesk

SAID = "我屋头漏气了一三九八三七六二二一零"


@pytest.fixture
def set_up_rows() -> Rows:
    return Rows.DEMO


@pytest.fixture
async def talking(house: WebHouse, tmp_path) -> WebHouse:
    """A running call of op01 in which gas is named, beside a number. The lexicons draft alone."""
    house.app.state.drafts = DraftDesk(tmp_path / "no-model")
    await house.app.state.drafts.start(house.sessions)
    await house.add(a_call("ms-1", state=CallState.TALKING), a_ticket(7, "op01", call_id="ms-1"))
    await say(house, SAID, 3)
    return house


async def say(house: WebHouse, text: str, at_s: float) -> None:
    """One settled line of the caller, three seconds long."""
    words = {"text": text, "raw_text": text, "confidence": 0.9, "words": []}
    when = {"start_s": at_s, "end_s": at_s + 3, "source": "live"}
    async with transaction(house.sessions) as session:
        await utterances.add(session, call_id="ms-1", speaker=Speaker.CALLER, **when, **words)


async def seen(house: WebHouse, aside: dict[str, Any] | None = None) -> Any:
    """The alarm as op01's page has it, who put `aside` aside."""
    page = await house.as_("op01")
    asked = {"aside_class": aside["class"], "aside_s": aside["heard_s"]} if aside else {}
    return (await page.get("/api/calls/ms-1/draft", params=asked)).json()["alarm"]


async def test_an_alarm_is_written_down_once_however_often_it_is_looked_at(talking):
    page = await talking.as_("op01")
    danger = (await page.get("/api/calls/ms-1/draft")).json()["alarm"]["class"]
    await page.get("/api/calls/ms-1/draft")
    talking.app.state.alarms = AlarmLog()  # as after a restart
    await page.get("/api/calls/ms-1/draft")
    (raised,) = await talking.looks(RAISED)
    assert (raised.subject, raised.details["emergency_class"]) == ("ms-1", danger)
    assert raised.details["words"]
    assert raised.details["words"] in SAID
    assert not await talking.looks(IGNORED)


async def test_ignoring_it_is_written_down_with_its_words_and_without_a_number(talking):
    page = await talking.as_("op01")
    alarm = {"emergency_class": "E2", "words": "漏气了 13983762210"}
    assert (await page.post("/api/calls/ms-1/draft/ignored", json=alarm)).status_code == 200
    (ignored,) = await talking.looks(IGNORED)
    assert ignored.details["emergency_class"] == "E2"
    assert "漏气了" in ignored.details["words"]
    assert "13983762210" not in ignored.details["words"]


async def test_a_draft_without_an_alarm_writes_nothing(talking):
    page = await talking.as_("op01")
    async with transaction(talking.sessions) as session:
        for line in await utterances.of_call(session, "ms-1"):
            line.text = "请问老人高龄补贴要去哪里领"
    assert (await page.get("/api/calls/ms-1/draft")).json()["alarm"] is None
    assert not await talking.looks(RAISED)


async def test_what_was_put_aside_stays_so_and_another_danger_of_the_same_class_does_not(talking):
    await say(talking, "有人晕倒了 昏迷不醒", 7)
    first = await seen(talking)
    assert first["class"] == "E1"
    assert await seen(talking, first) is None, "the same words, drafted again"
    await say(talking, "请问你们几点下班", 11)
    assert await seen(talking, first) is None, "more words, no danger in them"
    await say(talking, "快点来 我隔壁屋头起火了 人还在里头", 15)
    second = await seen(talking, first)
    assert second["class"] == "E1"
    assert second["evidence"]["words"] in "快点来 我隔壁屋头起火了 人还在里头"
    assert await seen(talking, second) is None
    raised = [look.details["words"] for look in await talking.looks(RAISED)]
    assert raised == [first["evidence"]["words"], second["evidence"]["words"]]


async def test_a_graver_danger_goes_past_what_was_put_aside(talking):
    first = await seen(talking)
    assert first["class"] == "E2"
    await say(talking, "有人晕倒了 昏迷不醒", 7)
    assert (await seen(talking, first))["class"] == "E1"


async def test_putting_the_same_alarm_aside_twice_is_written_down_once(talking):
    page = await talking.as_("op01")
    for words in ("漏气了", "漏气了", "起火了"):
        alarm = {"emergency_class": "E2", "words": words}
        assert (await page.post("/api/calls/ms-1/draft/ignored", json=alarm)).status_code == 200
    assert [look.details["words"] for look in await talking.looks(IGNORED)] == ["漏气了", "起火了"]
