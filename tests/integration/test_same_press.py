"""A key is one press: sent again it is answered as before, used for another thing it is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from core.callback_words import CallbackState
from core.vocabulary import CallState, ContactRole, NumberKind, UnitKind
from db.models import (
    Bridge,
    BridgeAttempt,
    Callback,
    CallbackAttempt,
    Contact,
    PhoneNumber,
    Policy,
    Town,
    Unit,
)
from db.session import reading, transaction
from tests.fakes.web_house import IDS, WebHouse, a_call
from tests.integration.test_bridge_api_key import BODY, directory, key_of
from tests.integration.test_callback_api import a_line, on_duty
from tests.integration.test_outbound_api import end_all
from tests.integration.test_press_preview import a_talk

KEY = "the-one-key-0001"
ALARM = {"presser": "seat_call", "roles": ["internet_office"]}
ASK = {"role": "internet_office"}


async def order(page: httpx.AsyncClient, path: str, key: str = KEY, **body: Any) -> httpx.Response:
    return await page.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": key})


def refused(answer: httpx.Response) -> None:
    error = answer.json().get("error", {})
    assert (answer.status_code, error.get("code")) == (409, "key-used-otherwise"), answer.text
    assert "再按一次" in error["message"]


async def count(house: WebHouse, table: type[Any]) -> int:
    async with reading(house.sessions) as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
async def page(house: WebHouse) -> httpx.AsyncClient:
    """op01 talks at seat 1; 119 and 120 are in the directory."""
    page = await a_talk(house)
    await house.add(
        Unit(id=8, code="120", name="急救", kind=UnitKind.EMERGENCY, aliases="", active=True, confirmed=True),
        PhoneNumber(id=98, unit_id=8, kind=NumberKind.DUTY, number="120"),
    )
    return page


async def test_another_press_with_a_consultations_key_is_never_answered_with_that_consultation(
    house: WebHouse, page: httpx.AsyncClient
) -> None:
    first = await order(page, "/bridges/consult", **ASK)
    assert first.status_code == 200, first.text
    others: list[tuple[str, dict[str, Any]]] = [
        ("/bridges/consult", {"role": "handling_unit"}),
        ("/bridges/consult", {"number_id": 1}),
        ("/bridges/consult", {**ASK, "blind": True}),
        ("/bridges/consult", {"queue": True}),
        ("/bridges", ALARM),
        ("/handovers", {"service": "119"}),
    ]
    for over in (False, True):
        for path, body in others:
            refused(await order(page, path, **body))
        again = await order(page, "/bridges/consult", **ASK, blind=False, queue=False)
        assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
        if not over:
            await end_all(house)
    assert (await count(house, Bridge), await count(house, BridgeAttempt)) == (1, 1)
    assert (await order(page, "/bridges/consult", "another-key", role="handling_unit")).status_code == 200
    assert await count(house, BridgeAttempt) == 2


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/bridges", ALARM, {**ALARM, "category": "0101"}),
        ("/handovers", {"service": "119"}, {"service": "120"}),
    ],
)
async def test_an_emergencys_key_is_of_that_emergency(
    house: WebHouse, page: httpx.AsyncClient, path: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    first = await order(page, path, **body)
    assert first.status_code == 200, first.text
    refused(await order(page, path, **other))
    refused(await order(page, "/bridges/consult", **ASK))
    assert (await order(page, path, **body)).json()["id"] == first.json()["id"]
    assert (await count(house, Bridge), await count(house, BridgeAttempt)) == (1, 1)


async def test_the_same_words_in_another_call_are_another_press(
    house: WebHouse, page: httpx.AsyncClient
) -> None:
    first = (await order(page, "/bridges/consult", **ASK)).json()["id"]
    await end_all(house)
    call = a_call("ms-2", state=CallState.TALKING, seat_id=1, seat_channel="PJSIP/seat1-00000009")
    await house.add(call)
    await house.sit("op01", 1, "ms-2")
    refused(await order(page, "/bridges/consult", **ASK))
    refused(await order(page, "/bridges", **ALARM))
    second = await order(page, "/bridges/consult", "another-key", **ASK)
    assert second.status_code == 200
    assert second.json()["id"] != first


async def test_the_key_of_a_call_out_calls_nobody_else(house: WebHouse) -> None:
    await a_line(house)
    await a_line(house, 2, "13900007777")
    mine = await on_duty(house, "op01", 1)
    first = await order(mine, "/outbound", callback_id=1)
    assert first.status_code == 200, first.text
    for over in (False, True):
        refused(await order(mine, "/outbound", callback_id=2))
        refused(await order(mine, "/outbound", digits="13900006666"))
        again = await order(mine, "/outbound", callback_id=1)
        assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
        if not over:
            await end_all(house)
    async with reading(house.sessions) as session:
        second = await session.get_one(Callback, 2)
        assert (second.state, second.owner_id) == (CallbackState.WAITING, None)
    assert (await count(house, Bridge), await count(house, CallbackAttempt)) == (1, 1)


async def test_what_was_refused_has_used_up_no_key(house: WebHouse) -> None:
    await a_line(house)
    await a_line(house, 2, "13900007777")
    mine = await on_duty(house, "op01", 1)
    cap = Policy(key="outbound_seat_day", value="1", unit="", label="", source="")
    await house.add(cap)
    assert (await order(mine, "/outbound", "the-first-one", digits="13800009999")).status_code == 200
    await end_all(house)
    for callback_id in (1, 1, 2):
        assert (await order(mine, "/outbound", callback_id=callback_id)).status_code == 429
    async with transaction(house.sessions) as session:
        (await session.get_one(Policy, cap.key)).value = "100"
    assert (await order(mine, "/outbound", callback_id=1)).status_code == 200
    assert await count(house, Bridge) == 2


async def test_of_two_presses_with_one_key_at_the_same_moment_one_is_refused(house: WebHouse) -> None:
    await a_line(house)
    await a_line(house, 2, "13900007777")
    await directory(house)
    mine = await on_duty(house, "op01", 1)
    answers = await asyncio.gather(*(order(mine, "/outbound", callback_id=one) for one in (1, 2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused(next(answer for answer in answers if answer.status_code == 409))
    machine, headers = await house.browser(), await key_of(house, "bridges")
    bodies = [{**BODY, "category": category} for category in ("0101", "0102", "0101")]
    sent = (machine.post("/api/v1/bridges", json=body, headers=headers) for body in bodies)
    answers = await asyncio.gather(*sent)
    told = {answer.json()["id"] for answer in answers if answer.status_code == 200}
    assert len(told) == 1, [answer.text for answer in answers]
    for answer in answers:
        if answer.status_code != 200:
            refused(answer)
    assert {answer.status_code for answer in answers} == {200, 409}


async def test_another_system_is_told_when_its_key_is_not_of_this_alarm(house: WebHouse) -> None:
    await directory(house)
    machine, headers = await house.browser(), await key_of(house, "bridges")
    first = await machine.post("/api/v1/bridges", json=BODY, headers=headers)
    assert first.status_code == 200, first.text
    for other in ({**BODY, "category": "0102"}, {**BODY, "roles": BODY["roles"][:1]}):
        refused(await machine.post("/api/v1/bridges", json=other, headers=headers))
    again = await machine.post("/api/v1/bridges", json=BODY, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    assert len(await house.looks("bridge_pressed")) == 2, "what was refused is no press"
    # The same word of another system is its own
    other = await key_of(house, "bridges")
    its = await machine.post("/api/v1/bridges", json={**BODY, "category": "0102"}, headers=other)
    assert its.status_code == 200
    assert its.json()["id"] != first.json()["id"]


async def test_a_grid_worker_who_reports_another_matter_is_told(house: WebHouse) -> None:
    town = Town(code="500236102", name="草堂镇", kind="镇")
    me = Contact(
        id=1, code="C1", name="网格员", role=ContactRole.GRID_WORKER, account_id=IDS["grid"], active=True
    )
    await house.add(town, me, PhoneNumber(contact_id=1, kind=NumberKind.MOBILE, number="13800100014"))
    page = await house.as_("grid")
    first = await order(page, "/grid/bridges", town=town.code)
    assert first.status_code == 200, first.text
    refused(await order(page, "/grid/bridges", town=town.code, services=["119"]))
    assert (await order(page, "/grid/bridges", town=town.code)).json()["id"] == first.json()["id"]
    assert await count(house, Bridge) == 1


async def test_what_an_older_version_wrote_is_answered_as_before(
    house: WebHouse, page: httpx.AsyncClient
) -> None:
    first = (await order(page, "/bridges/consult", **ASK)).json()["id"]
    async with transaction(house.sessions) as session:
        (await session.get_one(Bridge, first)).asked = None
    assert (await order(page, "/bridges/consult", role="handling_unit")).json()["id"] == first
