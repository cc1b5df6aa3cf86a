"""Who talks in a conference is told at once and kept nowhere."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from core.bridge_events import LegTalked
from db.models import EventLogEntry
from db.session import transaction
from telephony.bridge_translate import Heard, Sign
from tests.integration.test_bridge_lives import House, open_house


async def test_who_talks_is_told_while_another_writes_and_nothing_of_it_is_kept() -> None:
    async def work(house: House) -> None:
        await house.press()
        await house.deliver()
        for channel in house.exchange.legs():
            house.exchange.answer(channel)
            house.exchange.join(channel)
        await house.deliver()
        told: list[bool] = []

        async def tell(fact: LegTalked) -> None:
            told.append(fact.talking)

        house.service._parts.bus.on(LegTalked, tell)
        name, channel = next((one.leg, one.name) for one in house.exchange.legs())
        async with transaction(house.sessions) as session:
            before = len(list(await session.scalars(select(EventLogEntry.seq))))
            # The only writer's place is taken: who needed it would wait ten seconds and fail
            async with asyncio.timeout(5):
                for sign in (Sign.TALKS, Sign.SILENT):
                    assert await house.service.hear(Heard(sign, 1, None, channel))
            assert len(list(await session.scalars(select(EventLogEntry.seq)))) == before
        assert name is not None
        assert told == [True, False]

    await open_house(work)
