"""A shift leader and the key 一键三方: who barges when the seat presses it, who presses it himself."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import httpx
import pytest

from core.vocabulary import BridgeRole, CallState, NumberKind, SeatState, UnitKind
from db.models import BridgeRule, PhoneNumber, Unit
from db.repositories import seats
from db.session import transaction
from telephony import bridge_translate as rooms
from tests.fakes.ear import FakeEar
from tests.fakes.web_house import IDS, WebHouse, a_call, a_ticket

CALLER, SEAT = "PJSIP/trunk-00000001", "PJSIP/seat1-0000000a"


@pytest.fixture
async def talk(house: WebHouse) -> WebHouse:
    """op01 talks at seat 1, about something for which one unit has a number; Asterisk's ear is a fake one."""
    service = house.app.state.supervision
    service._parts = dataclasses.replace(service._parts, ear=FakeEar(CALLER))
    there = {"seat_id": 1, "seat_channel": SEAT, "state": CallState.TALKING}
    await house.add(a_call("ms-1", **there), a_ticket(7, "op01", call_id="ms-1"))
    await house.add(
        Unit(id=1, code="1", name="消防", kind=UnitKind.DEPARTMENT, aliases=[]),
        PhoneNumber(unit_id=1, kind=NumberKind.DUTY, number="56560001"),
        BridgeRule(role=BridgeRole.HANDLING_UNIT, unit_id=1, category_prefix=""),
    )
    await house.sit("op01", 1, "ms-1")
    async with transaction(house.sessions) as session:
        row = await seats.get_for_update(session, 1)
        assert row is not None
        row.state = SeatState.TALKING
    return house


async def settled(house: WebHouse) -> None:
    """Asterisk's signs of leaders, and all that they cause."""
    service = house.app.state.supervision
    ear: Any = service._parts.ear
    ear.answer()
    while ear.signs or service._tasks._tasks:
        if ear.signs:
            await service.hear(ear.signs.pop(0))
        await asyncio.gather(*service._tasks._tasks)


async def orders(house: WebHouse, page: httpx.AsyncClient, *modes: str) -> None:
    """With a telephone of his own, what his page sends."""
    await page.get("/api/supervision/sip?phone=lead")
    for mode in modes:
        answer = await page.post("/api/supervision", json={"seat": 1, "mode": mode})
        assert answer.status_code == 200, answer.text
        await settled(house)


async def enters(house: WebHouse, bridge_id: int, channel: str) -> None:
    """Asterisk shows a party in its room."""
    await house.app.state.bridges.hear(rooms.Heard(rooms.Sign.ENTERED, bridge_id, None, channel))
    await settled(house)


async def test_who_barges_comes_along_as_the_seat_enters_its_conference_and_who_listens_stays(
    talk: WebHouse,
) -> None:
    leader, head, operator = await talk.as_("leader"), await talk.as_("head"), await talk.as_("op01")
    await orders(talk, leader, "barge")
    await orders(talk, head, "listen")
    pressed = await operator.post("/api/v1/bridges", json={}, headers={"Idempotency-Key": "a-press-1"})
    assert pressed.status_code == 200, pressed.text
    bridge_id = pressed.json()["id"]
    for _ in range(2):  # told twice, he is one party
        await enters(talk, bridge_id, CALLER)
        await enters(talk, bridge_id, SEAT)
    legs = (await leader.get(f"/api/v1/bridges/{bridge_id}")).json()["legs"]
    assert [(leg["role"], leg["name"]) for leg in legs if leg["role"].startswith("leader")] == [
        ("leader", "leader")
    ]


PRESS = {"presser": "leader_call"}


async def press(page: httpx.AsyncClient, key: str, body: dict[str, Any] = PRESS) -> httpx.Response:
    return await page.post("/api/v1/bridges", json=body, headers={"Idempotency-Key": key})


async def test_who_has_taken_the_call_over_presses_and_nobody_else(talk: WebHouse) -> None:
    pages = {login: await talk.as_(login) for login in ("leader", "leader2", "head", "op01", "op02", "grid")}
    leader = pages["leader"]
    await orders(talk, leader, "listen")
    assert (await press(leader, "too-early-1")).status_code == 409
    await orders(talk, leader, "take_over")
    refused = {"leader2": 409, "head": 409, "op01": 403, "op02": 403, "grid": 403}
    for login, status in refused.items():
        assert (await press(pages[login], "not-mine-1")).status_code == status, login
        preview = await pages[login].get("/api/v1/bridges/preview", params=PRESS)
        assert preview.status_code == status, login
    # The seat whose call it was has none any more
    assert (await press(pages["op01"], "not-mine-2", {})).status_code in (403, 409)
    nothing = (await leader.get("/api/v1/bridges?call_id=ms-1")).json()
    assert nothing == {"bridges": []}
    assert await talk.looks("bridge_pressed") == []

    promised = (await leader.get("/api/v1/bridges/preview", params=PRESS)).json()["roles"]
    assert [one["numbers"][0]["name"] for one in promised if one["numbers"]] == ["消防"]
    pressed = await press(leader, "a-press-1")
    assert pressed.status_code == 200, pressed.text
    bridge = pressed.json()
    assert (bridge["presser"], bridge["call_id"], bridge["ticket_id"], bridge["seat_id"]) == (
        *("leader_call", "ms-1"),
        *(7, None),
    )
    called = {leg["role"]: leg["number_masked"] for leg in bridge["legs"]}
    assert list(called)[:2] == ["caller", "leader"]
    assert called["handling_unit"] == "****01"
    for key in ("a-press-1", "a-press-2"):  # once more, and a key of another press
        assert (await press(leader, key)).json()["id"] == bridge["id"]
    (look, *_) = await talk.looks("bridge_pressed")
    assert (look.account_id, look.subject) == (IDS["leader"], f"bridge:{bridge['id']}")


async def test_who_leaves_the_call_presses_no_more(talk: WebHouse) -> None:
    leader = await talk.as_("leader")
    await orders(talk, leader, "listen", "take_over")
    assert (await leader.post("/api/supervision/end", json={})).status_code == 200
    assert (await press(leader, "too-late-1")).status_code == 409  # his channel still ends
    await settled(talk)
    assert (await press(leader, "too-late-2")).status_code == 409
    assert (await leader.get("/api/v1/bridges?call_id=ms-1")).json() == {"bridges": []}
