"""A shift leader and the key 一键三方: who barges when the seat presses it."""

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
from tests.fakes.web_house import WebHouse, a_call, a_ticket

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
