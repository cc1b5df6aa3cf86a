"""A page is loaded again in a call out: whom its operator called stays, and his seat is rung again."""

from __future__ import annotations

import pytest

from core.bridge_words import BridgeKind, BridgeState, LegState, Presser
from core.vocabulary import SeatState
from db.models import Seat
from db.session import transaction
from telephony.consult_service import ConsultService
from telephony.room_return import RoomReturn
from tests.fakes.exchange import Channel
from tests.integration.test_bridge_lives import House, Line, open_house

HERE, OTHER = {"seat1": frozenset({"sip:a@here"})}, {"seat1": frozenset({"sip:b@here"})}
GONE = dict[str, frozenset[str]]()
NUMBER = "13800001111"


class Policies:
    async def number(self, key: str, default: float) -> float:
        return default


async def call_out(
    house: House, *, picked_up: bool = True, kind: BridgeKind = BridgeKind.OUTBOUND
) -> RoomReturn:
    """Seat 1 calls a number; both are in the room, or only the seat, which hears it ring."""
    async with transaction(house.sessions) as session:
        (await session.get_one(Seat, 1)).state = SeatState.READY
    whom = {"roles": ("callee",), "given": {"callee": [Line(NUMBER)]}, "asks": False, "call_id": None}
    await house.press(presser=Presser.TICKET, kind=kind, **whom)
    await house.deliver()
    for channel in (of_seat(house), *([callee(house)] if picked_up else [])):
        house.exchange.answer(channel)
        house.exchange.join(channel)
    await house.deliver()
    consults = ConsultService(house.service, house.service._parts)
    watch = RoomReturn(house.sessions, house.clock, consults, Policies())
    await watch.see(HERE)
    return watch


def of_seat(house: House) -> Channel:
    return next(one for one in house.exchange.legs() if digits_of(house, one) == "")


def callee(house: House) -> Channel:
    return next(one for one in house.exchange.legs() if digits_of(house, one) == NUMBER)


def digits_of(house: House, channel: Channel) -> str:
    return next(digits for digits, uniqueid in house.exchange.dialled if uniqueid == channel.uniqueid)


@pytest.mark.parametrize("kind", [BridgeKind.OUTBOUND, BridgeKind.EMERGENCY])
async def test_whom_he_called_stays_and_his_seat_is_rung_when_the_page_is_back(kind: BridgeKind) -> None:
    """Also in a conference that was pressed from a ticket: no caller is in it."""

    async def work(house: House) -> None:
        watch = await call_out(house, kind=kind)
        await watch.see(OTHER)
        await house.deliver()
        assert await house.states() == {"seat": LegState.ORDERED, "callee": LegState.JOINED}
        assert callee(house).room == 1
        await watch.see(OTHER)
        await house.deliver()
        house.exchange.answer(of_seat(house))
        house.exchange.join(of_seat(house))
        await house.deliver()
        assert set((await house.states()).values()) == {LegState.JOINED}
        assert [digits for digits, _ in house.exchange.dialled].count(NUMBER) == 1

    await open_house(work)


async def test_a_page_that_does_not_come_back_in_time_ends_the_call() -> None:
    async def work(house: House) -> None:
        watch = await call_out(house)
        await watch.see(GONE)
        await house.deliver()
        house.clock.advance(13)
        await watch.see(GONE)
        await house.deliver()
        (bridge,), _ = await house.rows()
        assert (bridge.state, house.exchange.legs()) == (BridgeState.ENDED, [])

    await open_house(work)


async def test_one_who_is_rung_meanwhile_is_rung_on_and_one_who_left_ends_the_call() -> None:
    async def work(house: House) -> None:
        watch = await call_out(house, picked_up=False)
        await watch.see(OTHER)
        await house.deliver()
        assert (await house.states())["seat"] is LegState.ORDERED
        house.exchange.end(callee(house), 17)
        await house.deliver()
        await watch.see(OTHER)
        (bridge,), _ = await house.rows()
        assert (bridge.state, house.exchange.legs()) == (BridgeState.ENDED, [])

    await open_house(work)
