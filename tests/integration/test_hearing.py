"""Which screens hear live words: the seat's and the ear's, and nobody else's once the ticket is secret."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

import api.hearing as hearing_module
from api.hearing import Hearing
from core.events import Fact, TicketChanged
from core.supervision_events import SupervisionEnded
from core.supervision_words import SupervisionEnd, SupervisionState
from core.vocabulary import CallState, Speaker
from core.words_events import LegGuessed
from db.models import Call, Supervision
from db.session import transaction
from tests.fakes.confided import (
    PARTY_WORDS,
    WORDS,
    an_ear,
    changed,
    guessed,
    hearing_of,
    mark,
    person,
    settled,
    told,
)
from tests.fakes.waiting import until
from tests.fakes.web_house import IDS, NOW, WebHouse, a_call
from tests.integration.test_api_stream import heard, tell

HEARING = {"listening", "whispering", "barged", "taken_over"}


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize("login", ["op01", "op02", "leader", "head", "grid"])
@pytest.mark.parametrize("ear", [None, "ms-1", "ms-2"])
async def test_live_words_are_for_the_seat_and_for_the_ear_that_is_at_it(
    confided: WebHouse, login: str, ear: str | None, secret: bool
) -> None:
    await confided.add(a_call("ms-2", "op02", state=CallState.TALKING))
    await mark(confided, secret)
    if ear is not None and login in ("leader", "head"):
        await confided.add(an_ear(login, "listening", ear))
    hears = login == "op01" or (
        login in ("leader", "head") and ear == "ms-1" and not (secret and login == "leader")
    )
    sent = await heard(confided, login, settled(WORDS))
    assert (WORDS in str(sent)) == hears
    looks = [(look.account_id, look.subject, look.details) for look in await confided.looks("words_heard")]
    by_ear = hears and login != "op01"
    assert looks == ([(IDS[login], "supervision:1", {"call": "ms-1"})] if by_ear else [])


@pytest.mark.parametrize("state", SupervisionState)
async def test_an_ear_that_only_rings_or_is_over_reads_nothing(confided: WebHouse, state: str) -> None:
    await confided.add(an_ear("leader", state))
    assert await hearing_of(confided).may_hear(person("leader"), told(guessed(WORDS))) is (state in HEARING)
    answer = (await (await confided.as_("leader")).get("/api/supervision/words")).json()
    assert (answer["ear"], WORDS in str(answer)) == ((1, True) if state in HEARING else (None, False))


async def test_a_leader_who_has_taken_a_secret_call_over_hears_on(confided: WebHouse) -> None:
    await mark(confided)
    await confided.add(an_ear("leader", "taken_over"), an_ear("leader2", "barged", ear_id=2))
    async with transaction(confided.sessions) as session:
        call = await session.get(Call, "ms-1")
        assert call is not None
        call.operator_id, call.seat_id = IDS["leader"], None
    for login, hears in (("leader", True), ("leader2", False)):
        assert await hearing_of(confided).may_hear(person(login), told(guessed(WORDS))) is hears
        answer = await (await confided.as_(login)).get("/api/supervision/words")
        assert answer.status_code == (200 if hears else 403)


async def test_reading_along_is_written_down_once_an_ear(confided: WebHouse) -> None:
    await confided.add(an_ear("leader", "listening"))
    hearing, leader = hearing_of(confided), await confided.as_("leader")
    for n in range(20):
        assert await hearing.may_hear(person("leader"), told(guessed(str(n))))
        await confided.app.state.house.bus.publish(changed())
        assert (await leader.get("/api/supervision/words")).status_code == 200
    assert [look.subject for look in await confided.looks("words_heard")] == ["supervision:1"]
    await end_ear(confided, 1)
    await confided.add(an_ear("leader", "listening", ear_id=2))
    assert (await leader.get("/api/supervision/words")).status_code == 200
    assert [look.subject for look in await confided.looks("words_heard")] == [
        "supervision:1",
        "supervision:2",
    ]


async def end_ear(house: WebHouse, ear_id: int) -> SupervisionEnded:
    async with transaction(house.sessions) as session:
        row = await session.get(Supervision, ear_id)
        assert row is not None
        row.state, row.ended_at = SupervisionState.OVER, NOW
        about = {"supervision_id": ear_id, "leader_id": row.account_id, "seat_id": 1, "call_id": row.call_id}
    return SupervisionEnded(at=NOW, **about, told=False, reason=SupervisionEnd.BY_LEADER)


async def test_when_the_ear_leaves_the_words_stop(confided: WebHouse) -> None:
    await confided.add(an_ear("leader", "listening"))
    hearing = hearing_of(confided)
    assert await hearing.may_hear(person("leader"), told(guessed("一")))
    await tell(confided, await end_ear(confided, 1))
    assert not await hearing.may_hear(person("leader"), told(guessed("二")))


@pytest.mark.parametrize("login", ["op01", "leader", "head"])
async def test_a_ticket_that_becomes_secret_stops_the_leaders_words_at_once(
    confided: WebHouse, login: str
) -> None:
    """Marked on its own page, by its operator, while everybody has the stream open and words come."""
    if login != "op01":
        await confided.add(an_ear(login, "listening"))
    house, stream = confided.app.state.house, confided.app.state.stream
    browser, operator = await confided.as_(login), await confided.as_("op01")
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        page = group.create_task(browser.get("/api/stream"))
        await until("the screen has joined", lambda: stream._screens)
        for n in range(5):
            await house.bus.publish(guessed(f"前{n}"))
        await tell(confided, settled("说定了", 1))
        await until("what came before is sent", lambda: all(not one.queue.qsize() for one in stream._screens))
        saved = await operator.put("/api/tickets/7", json={"version": 1, "secret": True})
        assert saved.status_code == 200, saved.text
        for n in range(5):
            await house.bus.publish(guessed(f"后{n}"))
        await tell(confided, settled("不能外传", 2))
        opened = await operator.put(
            "/api/tickets/7", json={"version": saved.json()["version"], "secret": False}
        )
        assert opened.status_code == 200
        await house.bus.publish(guessed("又公开了"))
        await until("all is sent", lambda: all(not one.queue.qsize() for one in stream._screens))
        stream.close()
    text = page.result().text
    assert text.count("前") == 5
    assert "说定了" in text
    assert (text.count("后"), "不能外传" in text) == ((0, False) if login == "leader" else (5, True))
    assert "又公开了" in text


async def test_nobody_hears_in_the_moment_in_which_others_are_still_being_told(confided: WebHouse) -> None:
    """A listener of the same fact that takes its time is no window."""
    await confided.add(an_ear("leader", "listening"))
    hearing, bus = hearing_of(confided), confided.app.state.house.bus
    assert await hearing.may_hear(person("leader"), told(guessed("前")))
    meanwhile: list[bool] = []

    async def slow(_: Fact) -> None:
        meanwhile.append(await hearing.may_hear(person("leader"), told(guessed("这时"))))

    for place in range(1, len(bus._listeners[TicketChanged]) + 1):
        bus._listeners[TicketChanged].insert(2 * place - 1, slow)
    await mark(confided)
    await bus.publish(changed())
    assert meanwhile
    assert not any(meanwhile)


async def test_a_look_that_was_overtaken_by_the_mark_does_not_count(
    confided: WebHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await confided.add(an_ear("leader", "listening"))
    hearing, whole, looks = hearing_of(confided), hearing_module.allowed_words, []

    async def overtaken(*args: Any) -> Any:
        answer = await whole(*args)
        looks.append(answer)
        await mark(confided)
        await hearing.on_fact(changed())
        return answer

    monkeypatch.setattr(hearing_module, "allowed_words", overtaken)
    assert not await hearing.may_hear(person("leader"), told(guessed(WORDS)))
    assert len(looks) == 1, "the second look is refused"


async def test_what_was_said_before_the_mark_is_not_sent_again_after_a_gap(confided: WebHouse) -> None:
    await confided.add(an_ear("leader", "listening"), an_ear("head", "listening", ear_id=2))
    await tell(confided, settled("早先", 1))
    for login in ("op01", "leader", "head"):
        assert "早先" in str(await heard_again(confided, login))
    await mark(confided)
    await tell(confided, changed(), settled("后来", 2))
    for login, hears in (("op01", True), ("leader", False), ("head", True)):
        text = str(await heard_again(confided, login))
        assert ("早先" in text, "后来" in text) == (hears, hears), login
        assert "TicketChanged" in text


async def heard_again(house: WebHouse, login: str) -> list[dict[str, str]]:
    """As a browser whose connection was cut at the start of the log."""
    house.app.state.stream._closing.clear()
    return await heard(house, login, last=0)


async def test_a_conference_without_a_call_is_heard_by_who_pressed(confided: WebHouse) -> None:
    about = {"bridge_id": 2, "call_id": None, "leg_id": 2, "role": "handling_unit", "attempt": 1}
    fact = LegGuessed(
        at=NOW, **about, speaker=Speaker.OUTSIDE, pii_who="承办单位", pii_text=PARTY_WORDS, start_s=0.0
    )
    for login, hears in (
        ("op01", True),
        ("op02", False),
        ("leader", False),
        ("head", False),
        ("grid", False),
    ):
        assert await hearing_of(confided).may_hear(person(login), told(fact)) is hears, login


async def test_a_guess_costs_no_look_into_the_database(confided: WebHouse) -> None:
    await confided.add(an_ear("leader", "listening"))
    asked = 0

    def counted() -> Any:
        nonlocal asked
        asked += 1
        return confided.sessions()

    hearing = Hearing(dataclasses.replace(confided.app.state.house, sessions=counted))  # type: ignore[arg-type]
    for n in range(200):
        for login in ("op01", "op02", "leader", "head"):
            assert await hearing.may_hear(person(login), told(guessed(str(n)))) is (
                login in ("op01", "leader")
            )
    assert asked == 4 + 2, "one look each, and the leader's is written down"
    await hearing.on_fact(changed())
    for login in ("op01", "op02", "leader", "head"):
        await hearing.may_hear(person(login), told(guessed("又")))
    assert asked == 6 + 4 + 1, "and that it is written down is looked up"


async def test_what_comes_without_a_fact_is_noticed_soon_and_little_is_kept(
    confided: WebHouse,
) -> None:
    hearing = hearing_of(confided)
    assert await hearing.may_hear(person("op01"), told(guessed("一")))
    await confided.sit("op01", 1, None)
    confided.clock.advance(6)
    assert not await hearing.may_hear(person("op01"), told(guessed("二")))
    for n in range(1000):
        await hearing.may_hear(person("op02"), told(guessed("三", f"ms-{n}")))
    assert len(hearing._kept) <= 512
