"""What may be dialled in a day: each kind has a cap of its own, and no kind uses up another's."""

from __future__ import annotations

from typing import Any

import pytest

from core.bridge_words import COLLEAGUE, BridgeKind, BridgeState, LegState, Presser
from core.vocabulary import SeatState
from db.models import Bridge, Policy, Seat
from db.repositories import bridges
from db.session import transaction
from telephony.bridge_limits import TooManyBridges
from tests.integration.test_bridge_lives import House, Line, T, open_house

OUTSIDE: dict[str, Any] = {"presser": Presser.GRID, "seat_id": None, "call_id": None}


async def test_a_grid_worker_or_a_key_has_a_cap_that_is_its_own() -> None:
    async def work(house: House) -> None:
        async with transaction(house.sessions) as session:
            session.add(Policy(key="bridge_presser_day", value="3", unit="次", label="上限", source="测试"))
        bridge_id = await house.press("p7:first-press", **OUTSIDE)
        with pytest.raises(TooManyBridges):
            await house.press("p7:second-press", **OUTSIDE)
        leg = next(leg for leg in (await house.rows())[1] if leg.role == "grid_worker")
        await house.service.remove(bridge_id, leg.id)
        await house.deliver()
        with pytest.raises(TooManyBridges):
            await house.service.redial(bridge_id, leg.id)
        assert await house.press("p7:first-press", **OUTSIDE) == bridge_id  # the same press, not one more
        # Others, whose names begin alike, and seats are not asked for it
        for key in ("p70:first-press", "k7:first-press"):
            assert await house.press(key, **OUTSIDE) > bridge_id
        assert await house.press("p7:of-the-seat") > bridge_id
        house.clock.advance(24 * 3600)
        assert await house.press("p7:third-press", **OUTSIDE) > bridge_id

    await open_house(work)


async def decide(house: House, **values: int) -> None:
    async with transaction(house.sessions) as session:
        for key, value in values.items():
            session.add(Policy(key=key, value=str(value), unit="次", label="上限", source="测试"))


async def consult(house: House, key: str, **more: Any) -> int:
    return await house.press(key, kind=BridgeKind.CONSULT, roles=("grid_worker",), **more)


async def hand_over(house: House, key: str, service: str = "110", **more: Any) -> int:
    role = f"emergency-{service}"
    return await house.press(key, roles=(role,), given={role: [Line(service)]}, **more)


async def over(house: House, bridge_id: int) -> None:
    """The room ended; its caller and seat talk as before, so that the next key can be pressed."""
    await house.service.end(bridge_id)
    async with transaction(house.sessions) as session:
        (await session.get_one(Bridge, bridge_id)).state = BridgeState.ENDED
        for leg in await bridges.legs_of(session, bridge_id):
            leg.state = LegState.LEFT


async def test_consultations_have_a_cap_of_their_own_and_use_up_no_other() -> None:
    async def work(house: House) -> None:
        await decide(house, consult_day=2, bridge_day=3, service_day=2)
        for n in range(2):
            await over(house, await consult(house, f"consult-number-{n}"))
        with pytest.raises(TooManyBridges):
            await consult(house, "consult-number-3")
        # A colleague's telephone costs nothing
        async with transaction(house.sessions) as session:
            session.add(Seat(id=2, state=SeatState.READY, since=T, phone_online=True))
        colleague: dict[str, Any] = {"roles": (COLLEAGUE,), "seats": {COLLEAGUE: 2}}
        asked = await house.press("ask-a-colleague", kind=BridgeKind.CONSULT, **colleague)
        # In that room, a service is called all the same
        await house.service.add(asked, "emergency-110", [Line("110")], asks=False)
        with pytest.raises(TooManyBridges):
            await house.service.add(asked, "internet_office", [Line("13800000003")])
        await over(house, asked)
        assert await house.press("press-of-three") > asked

    await open_house(work)


async def test_the_key_used_up_leaves_consultations_and_the_services() -> None:
    async def work(house: House) -> None:
        await decide(house, consult_day=5, bridge_day=3, bridge_seat_day=1, service_day=2)
        pressed = await house.press("press-of-three")
        with pytest.raises(TooManyBridges):
            await house.service.add(pressed, None, [Line("13800000009")])
        await house.service.add(pressed, "emergency-110", [Line("110")], asks=False)
        await over(house, pressed)
        with pytest.raises(TooManyBridges):
            await house.press("press-once-more")
        await over(house, await consult(house, "consult-number-1"))
        last = await hand_over(house, "hand-over-to-120", "120")
        await over(house, last)
        with pytest.raises(TooManyBridges):  # but they have a cap too
            await hand_over(house, "hand-over-to-119", "119")

    await open_house(work)


async def test_who_presses_without_a_seat_reaches_a_service_when_his_own_cap_is_used_up() -> None:
    async def work(house: House) -> None:
        await decide(house, bridge_presser_day=3)
        await over(house, await house.press("p7:first-press", **OUTSIDE))
        with pytest.raises(TooManyBridges):
            await house.press("p7:second-press", **OUTSIDE)
        for n in range(3):
            await over(house, await hand_over(house, f"p7:hand-over-{n}", **OUTSIDE))
        with pytest.raises(TooManyBridges):
            await hand_over(house, "p7:hand-over-3", **OUTSIDE)
        assert await hand_over(house, "p8:hand-over-1", **OUTSIDE) > 4

    await open_house(work)


async def test_a_consultation_that_became_a_conference_is_one_from_then_on() -> None:
    async def work(house: House) -> None:
        await decide(house, consult_day=1, bridge_day=3)
        asked = await consult(house, "consult-number-1")
        assert await house.press("press-of-three") == asked
        assert {leg.role for leg in (await house.rows())[1]} >= {"internet_office", "handling_unit"}

    await open_house(work)
