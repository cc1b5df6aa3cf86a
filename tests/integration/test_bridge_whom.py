"""Who is added or consulted later is looked for as in a press: by the ticket's matter and place."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core.bridge_words import LegAim, LegState
from core.vocabulary import BridgeRole, NumberKind, UnitKind
from db.models import BridgeLeg, BridgeNumber, BridgeRule, PhoneNumber, Ticket, Town, Unit
from db.session import reading, transaction
from tests.fakes.web_house import WebHouse, a_ticket
from tests.integration.test_press_preview import a_talk

API = "/api/v1/bridges"
TOWN = "500236102"
GRID, CITIZEN = "56560009", "13800001234"


async def a_place(house: WebHouse) -> Any:
    """op01 talks; the grid is known by the town alone, and the ticket learns the town after the press."""
    page = await a_talk(house)
    await house.add(
        Town(code=TOWN, name="草堂镇", kind="镇"),
        Unit(id=9, code="U9", name="草堂镇网格", kind=UnitKind.TOWN, aliases=[]),
        PhoneNumber(unit_id=9, kind=NumberKind.DUTY, number=GRID),
        BridgeRule(role=BridgeRole.GRID_WORKER, unit_id=9, town_code=TOWN),
    )
    return page


async def learn(house: WebHouse, **more: Any) -> None:
    async with transaction(house.sessions) as session:
        ticket = await session.get_one(Ticket, 7)
        for name, value in more.items():
            setattr(ticket, name, value)


async def order(page: Any, path: str, key: str, **body: Any) -> Any:
    return await page.post(f"{API}{path}", json=body, headers={"Idempotency-Key": key})


async def numbers(house: WebHouse, role: str) -> list[str]:
    """What is dialled for a role."""
    async with reading(house.sessions) as session:
        query = select(BridgeNumber.digits).join(BridgeLeg, BridgeLeg.id == BridgeNumber.leg_id)
        return list(await session.scalars(query.where(BridgeLeg.role == role).order_by(BridgeNumber.place)))


async def set_states(house: WebHouse, **states: LegState) -> None:
    """What Asterisk would have shown of the parties."""
    async with transaction(house.sessions) as session:
        for leg in await session.scalars(select(BridgeLeg)):
            leg.state = states.get(leg.role, leg.state)
            leg.aim = LegAim.MUSIC if leg.state is LegState.HELD else LegAim.ROOM


async def test_a_role_that_is_added_is_looked_for_at_the_tickets_place(house: WebHouse) -> None:
    page = await a_place(house)
    pressed = await order(page, "", "the-first-press", presser="seat_call", roles=["internet_office"])
    assert (await order(page, "/1/legs", "", role="grid_worker")).json()["error"]["code"] == "nobody-to-call"
    await learn(house, town_code=TOWN, category_code="0101")
    added = await order(page, f"/{pressed.json()['id']}/legs", "", role="grid_worker")
    assert added.status_code == 200, added.text
    assert await numbers(house, "grid_worker") == [GRID]
    assert (await order(page, "/1/legs", "", role="handling_unit")).status_code == 200
    assert await numbers(house, "handling_unit") == ["56560003"], "the ticket's matter, and not the press's"


async def test_whom_the_second_consultation_asks_is_looked_for_there_too(house: WebHouse) -> None:
    page = await a_place(house)
    first = await order(page, "/consult", "first-consultation", role="internet_office")
    assert first.status_code == 200, first.text
    await set_states(house, caller=LegState.JOINED, seat=LegState.JOINED, internet_office=LegState.NO_ANSWER)
    await learn(house, town_code=TOWN)
    second = await order(page, "/consult", "second-consultation", role="grid_worker")
    assert second.status_code == 200, second.text
    assert await numbers(house, "grid_worker") == [GRID]


async def test_the_citizen_is_added_at_the_number_that_called_us(house: WebHouse) -> None:
    page = await a_talk(house)
    await house.add(a_ticket(8, "op01", caller_number=f"+86{CITIZEN}", contact_number="13900009999"))
    pressed = await order(
        page, "", "press-of-the-ticket", presser="ticket", ticket_id=8, roles=["internet_office"]
    )
    path = f"/{pressed.json()['id']}/legs"
    assert (await order(page, path, "", role="citizen", digits="13900008888")).status_code == 422
    added = await order(page, path, "", role="citizen")
    assert added.status_code == 200, added.text
    assert await numbers(house, "citizen") == [CITIZEN]
    assert (await order(page, path, "", role="citizen")).status_code == 409


async def test_the_caller_in_the_room_is_not_rung_beside_himself(house: WebHouse) -> None:
    page = await a_talk(house)
    await order(page, "", "the-first-press", presser="seat_call", roles=["internet_office"])
    for state in (LegState.ORDERED, LegState.JOINED, LegState.HELD):
        await set_states(house, caller=state)
        refused = await order(page, "/1/legs", "", role="citizen")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "illegal-transition")
    assert await numbers(house, "citizen") == []
    # Cut off while the others go on talking, he is called back into the room
    await set_states(house, caller=LegState.LEFT)
    assert (await order(page, "/1/legs", "", role="citizen")).status_code == 200
    assert await numbers(house, "citizen") == [CITIZEN]
    await order(page, "/1/end", "")


async def test_nobody_consults_the_caller_himself(house: WebHouse) -> None:
    page = await a_talk(house)
    refused = await order(page, "/consult", "first-consultation", role="citizen")
    assert refused.status_code == 422
    assert await numbers(house, "citizen") == []
