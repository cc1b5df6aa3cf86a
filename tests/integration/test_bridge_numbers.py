"""The key pressed before anybody knows where: a role without a number is called once the place is known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from core.bridge_words import LegState
from core.errors import IllegalTransition
from core.vocabulary import TicketStatus
from db.models import Bridge, Ticket, Town
from db.session import transaction
from telephony.bridge_limits import NobodyToCall
from telephony.bridge_service import BridgeService, Parts
from tests.integration.test_bridge_lives import House, Line, T, open_house

TOWN = "500236102"


class Places:
    """A grid worker only where the town is known; one of his numbers may not be dialled."""

    async def numbers_of(
        self, roles: Sequence[str], category: str | None, town: str | None, *_: object
    ) -> dict[str, list[Line]]:
        grid = [Line("0086900"), Line("13800000001")] if town == TOWN else []
        known = {"grid_worker": grid, "internet_office": [Line("13800000003")]}
        return {role: known.get(role, []) for role in roles}

    async def numbers_for(
        self, role: str, category: str | None, town: str | None, village: int | None
    ) -> list[Line]:
        return (await self.numbers_of([role], category, town, village))[role]


async def pressed_blind(house: House) -> int:
    """The press, with the ticket that every call has, empty so far; returns the grid worker's leg."""
    parts = Parts(house.sessions, house.service._parts.bus, house.clock, house.exchange, Places())  # type: ignore[arg-type]
    house.service = BridgeService(parts)
    await house.press(roles=("grid_worker", "internet_office"), category=None)
    async with transaction(house.sessions) as session:
        session.add(Town(code=TOWN, name="草堂镇", kind="镇"))
        ticket = Ticket(
            number="26112400001",
            status=TicketStatus.DRAFT,
            channel="phone",
            caller_number="1",
            created_at=T,
            updated_at=T,
        )
        session.add(ticket)
        await session.flush()
        (await session.scalars(select(Bridge))).one().ticket_id = ticket.id
    await house.deliver()
    leg = next(leg for leg in (await house.rows())[1] if leg.role == "grid_worker")
    assert leg.state is LegState.FAILED
    return leg.id


async def test_a_role_without_number_is_called_once_the_place_is_known() -> None:
    async def work(house: House) -> None:
        leg_id = await pressed_blind(house)
        with pytest.raises(NobodyToCall):
            await house.service.redial(1, leg_id)
        async with transaction(house.sessions) as session:
            (await session.scalars(select(Ticket))).one().town_code = TOWN
        await house.service.redial(1, leg_id)
        with pytest.raises(IllegalTransition):
            await house.service.redial(1, leg_id)
        await house.deliver()
        assert [digits for digits, _ in house.exchange.dialled] == ["13800000003", "13800000001"]
        for channel in house.exchange.legs():
            house.exchange.answer(channel)
            house.exchange.join(channel)
        await house.deliver()
        assert (await house.states())["grid_worker"] is LegState.JOINED

    await open_house(work)


async def test_a_person_who_is_added_twice_is_rung_once_and_again_when_it_came_to_nothing() -> None:
    async def work(house: House) -> None:
        await house.press(roles=("grid_worker",))
        await house.deliver()
        somebody = [Line("13800000009")]
        both = await asyncio.gather(
            *(house.service.add(1, None, somebody) for _ in range(2)), return_exceptions=True
        )
        assert sum(isinstance(one, IllegalTransition) for one in both) == 1
        await house.deliver()
        with pytest.raises(IllegalTransition):
            await house.service.add(1, None, [Line("13800000001")])  # the grid worker, by his number
        assert [digits[-1] for digits, _ in house.exchange.dialled] == ["1", "9"]
        house.exchange.end(house.exchange.legs()[1], 17)
        await house.deliver()
        await house.service.add(1, None, somebody)
        assert [digits[-1] for digits, _ in house.exchange.dialled] == ["1", "9", "9"]

    await open_house(work)
