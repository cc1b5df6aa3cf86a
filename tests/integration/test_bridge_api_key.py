"""Another system presses the key: only with a key in force and for this, and only its own conferences."""

from __future__ import annotations

from sqlalchemy import func, select

from core.vocabulary import BridgeRole, NumberKind, UnitKind
from db.models import Bridge, BridgeAttempt, BridgeRule, PhoneNumber, Unit
from db.repositories import api_keys
from db.session import reading, transaction

PATH = "/api/v1/bridges"
BODY = {"presser": "api", "roles": ["handling_unit", "internet_office"], "category": "0101"}


async def key_of(house, *scopes, revoked=False):
    async with transaction(house.sessions) as session:
        row, key = await api_keys.create(session, "应急平台", scopes, 1, house.clock.now())
        if revoked:
            row.revoked_at = house.clock.now()
    return {"X-API-Key": key, "Idempotency-Key": "alarm-2026-0001"}


async def directory(house):
    for number, role in enumerate((BridgeRole.HANDLING_UNIT, BridgeRole.INTERNET_OFFICE), start=1):
        unit = Unit(id=number, code=f"U{number}", name=f"单位{number}", kind=UnitKind.DEPARTMENT, aliases=[])
        phone = PhoneNumber(unit_id=number, kind=NumberKind.DUTY, number=f"5656000{number}")
        await house.add(unit, phone, BridgeRule(role=role, unit_id=number))


async def count(house, table):
    async with reading(house.sessions) as session:
        return await session.scalar(select(func.count()).select_from(table))


async def test_one_press_however_often_it_is_sent_and_only_for_its_owner(house):
    await directory(house)
    machine = await house.browser()
    headers = await key_of(house, "bridges")
    first = await machine.post(PATH, json=BODY, headers=headers)
    assert first.status_code == 200, first.text
    again = await machine.post(PATH, json=BODY, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    assert (await count(house, Bridge), await count(house, BridgeAttempt)) == (1, 2)
    assert "56560001" not in first.text
    pressed = await house.looks("bridge_pressed")
    assert [(row.account_id, row.address) for row in pressed] == [(None, "10.0.0.1")] * 2
    assert all(row.details["api_key"] for row in pressed), "which system it was"

    mine = f"{PATH}/{first.json()['id']}"
    assert (await machine.get(mine, headers=headers)).status_code == 200
    other = await key_of(house, "bridges")
    assert (await machine.get(mine, headers=other)).status_code == 403
    assert (await machine.post(f"{mine}/end", headers=other)).status_code == 403
    assert (await (await house.as_("op01")).get(mine)).status_code == 403
    assert (await (await house.as_("leader")).get(mine)).status_code == 200
    # The same word from another system is another press
    assert (await machine.post(PATH, json=BODY, headers=other)).json()["id"] != first.json()["id"]


async def test_no_other_key_opens_it(house):
    await directory(house)
    machine = await house.browser()
    good = await key_of(house, "bridges")
    refused = {
        401: [{**good, "X-API-Key": "ms_wrong"}, await key_of(house, "bridges", revoked=True)],
        403: [await key_of(house)],
        422: [{"X-API-Key": good["X-API-Key"]}, {**good, "Idempotency-Key": "a b"}],
    }
    for status, headers in ((status, one) for status, many in refused.items() for one in many):
        answer = await machine.post(PATH, json=BODY, headers=headers)
        assert answer.status_code == status, answer.text
    for body in ({**BODY, "presser": "seat_call"}, {**BODY, "roles": []}, {**BODY, "number": "13800001234"}):
        assert (await machine.post(PATH, json=body, headers=good)).status_code == 422
    assert await count(house, Bridge) == 0
