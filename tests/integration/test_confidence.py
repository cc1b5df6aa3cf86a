"""What was said in confidence: one rule at every door for words and sound."""

from __future__ import annotations

import pytest

from db.models import Bridge
from db.session import transaction
from tests.fakes.confided import (
    PARTY_WORDS,
    WORDS,
    mark,
)
from tests.fakes.web_house import IDS, WebHouse, a_call, a_ticket

WORD_DOORS = [
    "/api/calls/ms-1/transcript",
    "/api/recordings/1/audio",
    "/api/calls/ms-1/draft",
    "/api/v1/bridges/1/transcript",
    "/api/v1/bridges/1/attempts/1/audio",
    "/api/v1/bridges/2/transcript",
    "/api/v1/bridges/2/attempts/2/audio",
]
OWN = ("op01", 200, 200)
ROLES = [OWN, ("op02", 403, 403), ("leader", 200, 403), ("head", 200, 200), ("admin", 200, 200)]


@pytest.mark.parametrize("path", WORD_DOORS)
async def test_each_door_for_words_and_sound_has_the_same_rule(confided: WebHouse, path: str) -> None:
    for secret in (False, True):
        await mark(confided, secret)
        for login, plain, closed in ROLES:
            answer = await (await confided.as_(login)).get(path)
            wanted = closed if secret else plain
            assert answer.status_code == wanted, f"{login} {path} secret={secret}: {answer.text[:200]}"
            refused = login == "leader" and secret
            assert not refused or answer.json()["error"]["code"] == "in-confidence"
            assert wanted == 200 or (WORDS not in answer.text and PARTY_WORDS not in answer.text)


@pytest.mark.parametrize(
    ("login", "ticket_open", "words"), [("op01", 200, 2), ("leader", 200, 0), ("head", 200, 2)]
)
async def test_a_secret_tickets_page_shows_its_conferences_and_not_what_was_said(
    confided: WebHouse, login: str, ticket_open: int, words: int
) -> None:
    await mark(confided)
    answer = await (await confided.as_(login)).get("/api/tickets/7/bridges")
    assert answer.status_code == ticket_open
    shown = answer.json()["bridges"]
    assert sum(len(one["words"]["lines"]) for one in shown) == words
    assert [len(one["words"]["sounds"]) for one in shown] == ([1, 1] if words else [0, 0])
    assert [bool(one["words"]["closed"]) for one in shown] == [words == 0] * 2


async def test_the_call_itself_is_shown_with_a_sentence_where_its_words_would_be(confided: WebHouse) -> None:
    await mark(confided)
    for login, closed in (("op01", False), ("leader", True), ("head", False)):
        call = (await (await confided.as_(login)).get("/api/calls/ms-1")).json()
        assert ("保密" in str(call["words_closed"])) == closed
        assert (call["recording"] is None) == closed


async def test_who_took_a_secret_call_over_or_holds_its_ticket_had_a_part_in_it(
    confided: WebHouse,
) -> None:
    await confided.add(a_call("ms-2", "leader"), a_ticket(8, "op02", call_id="ms-2", secret=True))
    for login, status in (("leader", 200), ("op02", 200), ("leader2", 403), ("op01", 403)):
        answer = await (await confided.as_(login)).get("/api/calls/ms-2/transcript")
        assert answer.status_code == status, login


async def test_a_conference_pressed_in_the_name_of_another_secret_ticket_is_closed_too(
    confided: WebHouse,
) -> None:
    await confided.add(a_ticket(9, "op01", secret=True))
    async with transaction(confided.sessions) as session:
        bridge = await session.get(Bridge, 1)
        assert bridge is not None
        bridge.ticket_id = 9
    for login, status in (("op01", 200), ("leader", 403), ("head", 200)):
        answer = await (await confided.as_(login)).get("/api/v1/bridges/1/transcript")
        assert answer.status_code == status, login


async def test_who_reads_what_others_said_is_written_down_and_ones_own_talk_is_no_look(
    confided: WebHouse,
) -> None:
    for login in ("op01", "leader"):
        browser = await confided.as_(login)
        for path in ("/api/calls/ms-1/transcript", "/api/calls/ms-1/draft", "/api/v1/bridges/2/transcript"):
            for _ in range(2):
                assert (await browser.get(path)).status_code == 200
    looks = [(look.account_id, look.subject) for look in await confided.looks("words_seen")]
    assert looks == [(IDS["leader"], "ms-1"), (IDS["leader"], "bridge:2")]
