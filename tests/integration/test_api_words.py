"""The centre's own words over HTTP: who may write them, what a draft makes of them, a sentence tried."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from db.models import HouseWord
from db.session import reading
from tests.fakes.postgres_server import Rows
from tests.fakes.web_house import WebHouse
from tickets.draft.desk import DraftDesk

API = "/api/v1/words"
WORD = {"word": "水龙吼", "meaning": "E2", "source": "石马村 11 月来电"}


@pytest.fixture
def set_up_rows() -> Rows:
    return Rows.DEMO


@pytest.fixture
async def head(house: WebHouse, tmp_path: Path) -> httpx.AsyncClient:
    house.app.state.drafts = DraftDesk(tmp_path / "no-model")
    await house.app.state.drafts.start(house.sessions)
    return await house.as_("head")


async def tried(browser: httpx.AsyncClient, text: str) -> dict:
    answer = await browser.post(f"{API}/try", json={"text": text})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_word_counts_at_once_changes_its_meaning_and_is_forgotten(house, head):
    said = "石马村三组水龙吼了"
    assert (await tried(head, said))["danger"]["class"] == "none"
    answer = await head.post(API, json=WORD)
    assert answer.status_code == 200, answer.text
    danger = (await tried(head, said))["danger"]
    assert (danger["class"], danger["words"], danger["label"]) == ("E2", "水龙吼", "水电气路险情")
    await head.post(API, json={**WORD, "meaning": "E1"})
    assert (await tried(head, said))["danger"]["class"] == "E1"
    (row,) = (await head.get(API)).json()["words"]
    assert (await head.delete(f"{API}/{row['id']}")).status_code == 200
    assert (await tried(head, said))["danger"]["class"] == "none"
    acts = await house.looks("house_word_set") + await house.looks("house_word_removed")
    assert len(acts) == 3


async def test_a_tried_sentence_says_the_place_and_whom_a_press_would_call(head):
    found = await tried(head, "草堂镇石马村三组花林坪停电了 屋头黑黢黢的")
    assert (found["town"]["name"], found["village"]["name"]) == ("草堂镇", "石马村")
    assert found["danger"]["class"] == "E2"
    assert {role["role"] for role in found["roles"]} >= {"internet_office", "handling_unit"}
    assert all("****" in number["masked"] for role in found["roles"] for number in role["numbers"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("word", "a"),
        ("word", "火"),
        ("word", "着火 了"),
        ("word", "着火1"),
        ("meaning", "E9"),
        ("source", "\x00"),
        ("other", 1),
    ],
)
async def test_what_is_no_word_is_refused_by_name(house, head, field, value):
    answer = await head.post(API, json={**WORD, field: value})
    assert answer.status_code == 422
    assert field in answer.text
    async with reading(house.sessions) as session:
        assert not list(await session.scalars(select(HouseWord)))


async def test_operators_look_and_try_but_do_not_write(house, head):
    operator = await house.as_("op01")
    assert (await operator.get(API)).status_code == 200
    assert (await tried(operator, "停水了"))["danger"]["class"] == "E2"
    assert (await operator.post(API, json=WORD)).status_code == 403
    assert (await operator.delete(f"{API}/1")).status_code == 403


async def test_the_drafter_says_that_it_is_loading(house, head):
    house.app.state.drafts = DraftDesk(Path("none"))
    answer = await head.post(f"{API}/try", json={"text": "停水了"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "drafter-loading")
