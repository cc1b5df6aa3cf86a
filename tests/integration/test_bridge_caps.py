"""Whoever presses without a seat cannot use up what the whole house may dial in a day."""

from __future__ import annotations

from typing import Any

import pytest

from core.bridge_words import Presser
from db.models import Policy
from db.session import transaction
from telephony.bridge_limits import TooManyBridges
from tests.integration.test_bridge_lives import House, open_house

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
