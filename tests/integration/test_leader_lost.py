"""A leader's telephone is gone from where it was: who has a call is let go of, who only listens is not."""

from __future__ import annotations

import asyncio

import pytest

from core.supervision_words import Mode, SupervisionEnd, SupervisionState
from core.vocabulary import CallState
from db.session import transaction
from tests.fakes.ear_house import LEADER, House, open_house

HERE, OTHER = {"lead1": frozenset({"sip:a@here"})}, {"lead1": frozenset({"sip:b@here"})}
GONE = dict[str, frozenset[str]]()


async def hears(house: House, mode: Mode) -> None:
    await house.order(Mode.LISTEN)
    await house.deliver()
    house.ear.answer()
    await house.deliver()
    await house.control.see(HERE)
    if mode is not Mode.LISTEN:
        await house.order(mode)
        await house.deliver()


@pytest.mark.parametrize("now", [GONE, OTHER])
def test_a_caller_whose_leader_is_gone_heads_the_queue(now: dict[str, frozenset[str]]) -> None:
    async def work(house: House) -> None:
        await hears(house, Mode.TAKE_OVER)
        await house.control.see(HERE)
        assert (await house.row()).state is SupervisionState.TAKEN_OVER
        await house.control.see(now)
        await house.control.see(now)
        await house.deliver()
        row = await house.row()
        assert (row.state, row.reason) == (SupervisionState.OVER, SupervisionEnd.CALL_ENDED)
        assert (house.ear.given_back, (await house.call()).state) == (1, CallState.QUEUED)

    asyncio.run(open_house(work))


def test_an_order_that_is_lost_is_given_again() -> None:
    async def work(house: House) -> None:
        await hears(house, Mode.TAKE_OVER)
        await house.control.see(HERE)
        house.ear.faults = ["before"]
        await house.control.see(GONE)
        assert house.ear.channels_by_id
        await house.control.see(GONE)
        assert not house.ear.channels_by_id

    asyncio.run(open_house(work))


def test_who_is_gone_before_he_has_the_call_is_let_go_once_he_has_it() -> None:
    async def work(house: House) -> None:
        await hears(house, Mode.LISTEN)
        for _ in range(3):  # an ear alone costs nobody a voice
            await house.control.see(GONE)
        assert house.ear.channels_by_id
        await house.order(Mode.TAKE_OVER)
        await house.deliver()
        await house.control.see(OTHER)  # back, but the channel is that of the phone that was
        assert not house.ear.channels_by_id
        await house.deliver()
        assert house.ear.given_back == 1

    asyncio.run(open_house(work))


def test_who_puts_down_and_closes_his_page_is_not_taken_for_lost() -> None:
    async def work(house: House) -> None:
        await hears(house, Mode.TAKE_OVER)
        await house.control.see(HERE)
        async with transaction(house.sessions) as session:
            session.add(row := await house.row())
            row.reason = SupervisionEnd.BY_LEADER
        await house.control.see(GONE)
        assert house.ear.channels_by_id, "his own order ends it, and says where the caller goes"
        await house.service.end(LEADER)
        await house.deliver()
        assert house.ear.given_back == 0

    asyncio.run(open_house(work))
