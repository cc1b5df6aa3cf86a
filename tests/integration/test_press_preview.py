"""What the red banner says who will be called is whom the key then calls, to the number."""

from __future__ import annotations

from core.vocabulary import BridgeRole, CallState, NumberKind, UnitKind
from db.models import BridgeRule, Category, PhoneNumber, Unit
from tests.fakes.web_house import a_call, a_ticket

PRESS = {"presser": "seat_call"}
UNITS = (
    (BridgeRole.INTERNET_OFFICE, UnitKind.DEPARTMENT, "", "56560001"),
    (BridgeRole.HANDLING_UNIT, UnitKind.DEPARTMENT, "", "56560002"),
    (BridgeRole.HANDLING_UNIT, UnitKind.DEPARTMENT, "0101", "56560003"),
    (BridgeRole.EMERGENCY, UnitKind.EMERGENCY, "", "119"),
)


async def a_talk(house, **ticket):
    for number, (role, kind, prefix, digits) in enumerate(UNITS, start=1):
        code = digits if kind is UnitKind.EMERGENCY else f"U{number}"
        unit = Unit(id=number, code=code, name=f"单位{number}", kind=kind, aliases=[])
        phone = PhoneNumber(unit_id=number, kind=NumberKind.DUTY, number=digits)
        await house.add(unit, phone, BridgeRule(role=role, unit_id=number, category_prefix=prefix))
    await house.add(Category(code="01", name="水电气"))
    await house.add(Category(code="0101", parent_code="01", name="停水"))
    call = a_call("ms-1", state=CallState.TALKING)
    call.channel, call.seat_channel, call.seat_id = "PJSIP/trunk-00000001", "PJSIP/seat1-00000002", 1
    await house.add(call, a_ticket(7, "op01", call_id="ms-1", **ticket))
    await house.sit("op01", 1, "ms-1")
    return await house.as_("op01")


def shown(roles):
    return [(one["role"], *(first(one["numbers"]) or ("", ""))) for one in roles]


def first(numbers):
    return (numbers[0]["name"], numbers[0]["masked"]) if numbers else None


def called(bridge):
    legs = [leg for leg in bridge["legs"] if leg["role"] not in ("caller", "seat")]
    return [(leg["role"], leg["name"] or "", leg["number_masked"] or "") for leg in legs]


async def both(house, page, **words):
    preview = await page.get("/api/v1/bridges/preview", params={**PRESS, **words})
    assert preview.status_code == 200, preview.text
    pressed = await page.post(
        "/api/v1/bridges", json={**PRESS, **words}, headers={"Idempotency-Key": "a-press-1"}
    )
    assert pressed.status_code == 200, pressed.text
    return shown(preview.json()["roles"]), called(pressed.json())


async def test_an_emergency_service_has_its_own_key_and_is_not_promised(house):
    promised, rung = await both(house, await a_talk(house), category="0301")
    assert promised == rung
    assert [(role, name) for role, name, _ in rung] == [
        ("grid_worker", ""),
        ("internet_office", "单位1"),
        ("handling_unit", "单位2"),
    ]


async def test_what_the_words_did_not_say_comes_from_the_ticket_in_both(house):
    promised, rung = await both(house, await a_talk(house, category_code="0101"))
    assert promised == rung
    assert rung[2][:2] == ("handling_unit", "单位3"), "the ticket's matter decides"


async def test_without_a_call_there_is_nothing_to_show(house):
    page = await house.as_("op01")
    assert (await page.get("/api/v1/bridges/preview", params=PRESS)).status_code == 409
