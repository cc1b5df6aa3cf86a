"""The leader who took a call over presses the key: orders are lost or refused, somebody leaves meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from core.bridge_words import CALLER as CALLER_ROLE
from core.bridge_words import LEADER, BridgeState, LegState, Presser
from core.bus import Bus
from core.errors import HotlineError, IllegalTransition
from core.supervision_words import Mode, SupervisionEnd, SupervisionState
from core.vocabulary import CallState, Role
from db.models import Account, BridgeLeg, Call, Policy, Seat, Supervision
from db.session import transaction
from telephony import supervision_translate as ears
from telephony.bridge_limits import TooManyBridges
from telephony.supervision_control import SupervisionControl
from tests.fakes.ear import FakeEar
from tests.integration.test_bridge_lives import CALL, CALLER, SEAT, House, T, open_house

LEAD = "PJSIP/leaddesk1-00000007"
OUTSIDE = ("grid_worker", "internet_office", "handling_unit")


class Policies:
    async def number(self, key: str, default: float) -> float:
        return default


async def taken(house: House, **row: object) -> SupervisionControl:
    """Leader 1 has the call, in a room for two; seat 1 is let go."""

    async def tell(_: object) -> None:
        raise AssertionError("the call is his already")

    made = SupervisionControl(house.sessions, Bus(), house.clock, FakeEar(CALLER), Policies(), tell)
    made.rooms.service = house.service
    house.exchange.bring(LEAD)
    del house.exchange.channels_by_id[f"own-{SEAT}"]
    async with transaction(house.sessions) as session:
        for number in (1, 2):
            who = {"login": f"p{number}", "name": f"p{number}", "role": Role.SHIFT_LEADER}
            session.add(Account(id=number, created_at=T, password_hash="", **who))
        await session.flush()
        call, seat = await session.get_one(Call, CALL), await session.get_one(Seat, 1)
        call.operator_id, call.seat_id, call.seat_channel, seat.call_id = 1, None, LEAD, None
        state = {"wanted": Mode.TAKE_OVER, "state": SupervisionState.TAKEN_OVER, "told": True, "modes": []}
        where = {"lead": 1, "phone": "leaddesk", "seat_id": 1, "seat_channel": SEAT, "channel": LEAD}
        values = {"account_id": 1, "call_id": CALL, "ordered_at": T, **where, **state, **row}
        session.add(Supervision(id=1, **values))
    return made


async def press(house: House, key: str = "p1:first-press", **more: object) -> int:
    his = {"presser": Presser.LEADER_CALL, "seat_id": None, "account_id": 1, "supervision_id": 1}
    return await house.press(key, **{**his, **more})


async def agrees(house: House) -> dict[str, LegState]:
    """One conference, one leg a role, each number called once; where everybody is, is where he is seen."""
    await house.heal()
    bridges, legs = await house.rows()
    assert len(bridges) == 1
    assert max(Counter(leg.role for leg in legs).values()) == 1
    assert max(Counter(house.exchange.dialled).values()) == 1
    inside = {row["Channel"] for row in await house.exchange.in_room(bridges[0].id)}
    assert inside == {leg.channel for leg in legs if leg.state is LegState.JOINED}
    return {leg.role: leg.state for leg in legs}


async def everybody_joins(house: House) -> None:
    for channel in house.exchange.legs(up=False):
        house.exchange.answer(channel)
        await house.deliver()
        house.exchange.join(channel)
    await house.deliver()


@pytest.mark.parametrize("fault", [[], ["before"], ["after"], ["before"] * 4, ["after"] * 4])
async def test_caller_and_leader_come_together_whatever_is_lost(fault: list[str]) -> None:
    async def work(house: House) -> None:
        await taken(house)
        house.exchange.faults = list(fault)
        keys = ["p1:first-press", "p1:first-press", "p1:another-key"]
        assert len(set(await asyncio.gather(*(press(house, key) for key in keys)))) == 1
        await house.heal()
        await everybody_joins(house)
        assert set((await agrees(house)).items()) == {
            (role, LegState.JOINED) for role in (CALLER_ROLE, LEADER, *OUTSIDE)
        }
        bridge = (await house.rows())[0][0]
        assert (bridge.state, bridge.account_id, bridge.seat_id) == (BridgeState.OPEN, 1, None)

    await open_house(work)


async def test_caller_and_leader_are_moved_by_one_order() -> None:
    async def work(house: House) -> None:
        await taken(house)
        moves: list[tuple[object, ...]] = []
        plain = house.exchange.move

        async def counted(*names: object, **how: object) -> None:
            moves.append(names)
            await plain(*names, **how)  # type: ignore[arg-type]

        house.exchange.move = counted  # type: ignore[method-assign]
        bridge_id = await press(house)
        await house.heal()
        assert moves == [(bridge_id, CALLER, LEAD)]

    await open_house(work)


@pytest.mark.parametrize(("gone", "stays"), [(LEAD, CALLER), (CALLER, LEAD)])
async def test_one_who_puts_down_in_that_moment_costs_the_other_nothing(gone: str, stays: str) -> None:
    async def work(house: House) -> None:
        made = await taken(house)
        del house.exchange.channels_by_id[f"own-{gone}"]
        bridge_id = await press(house)
        assert {row["Channel"] for row in await house.exchange.in_room(bridge_id)} == {stays}
        if gone == LEAD:
            for sign in (ears.Sign.LEAVES, ears.Sign.HUNG_UP):
                await made.service.hear(ears.Heard(sign, 1, LEAD))
        await everybody_joins(house)
        states = await agrees(house)
        role_gone, role_here = (LEADER, CALLER_ROLE) if gone == LEAD else (CALLER_ROLE, LEADER)
        assert (states[role_gone], states[role_here]) == (LegState.LEFT, LegState.JOINED)
        assert {states[role] for role in OUTSIDE} == {LegState.JOINED}

    await open_house(work)


async def test_a_press_that_meets_the_end_of_his_channel_waits_for_nobody() -> None:
    async def work(house: House) -> None:
        made = await taken(house)
        del house.exchange.channels_by_id[f"own-{LEAD}"]
        plain, pressed = made.rooms.gone, list[int]()

        async def then_pressed(channel: str) -> None:
            await plain(channel)
            if not pressed:
                pressed.append(await press(house))

        made.rooms.gone = then_pressed  # type: ignore[method-assign]
        await made.service.hear(ears.Heard(ears.Sign.HUNG_UP, 1, LEAD))
        await house.deliver()
        states = await house.states()
        assert (states[LEADER], states[CALLER_ROLE]) == (LegState.LEFT, LegState.JOINED)

    await open_house(work)


async def test_afterwards_it_is_left_like_a_conference_that_was_taken_over() -> None:
    async def work(house: House) -> None:
        made = await taken(house)
        await press(house)
        await house.heal()
        await everybody_joins(house)
        for channel in house.exchange.legs():
            house.exchange.end(channel, 16)
        await house.deliver()
        assert (await house.states())[LEADER] is LegState.JOINED  # the two of them talk on
        await made.service.hear(ears.Heard(ears.Sign.HUNG_UP, 1, LEAD))  # his page died
        await house.heal()
        assert house.exchange.thanked == []
        (caller,) = [one for one in house.exchange.channels_by_id.values() if one.name == CALLER]
        assert caller.queued

    await open_house(work)


@pytest.mark.parametrize(
    ("row", "who"),
    [
        ({}, {"account_id": 2}),
        ({}, {"supervision_id": 7}),
        ({"reason": SupervisionEnd.BY_LEADER}, {}),
        ({"ended_at": T, "state": SupervisionState.OVER}, {}),
        ({"state": SupervisionState.BARGED, "wanted": Mode.BARGE}, {}),
        ({"state": SupervisionState.LISTENING}, {}),
    ],
)
async def test_only_who_has_the_call_and_stays_can(row: dict[str, object], who: dict[str, object]) -> None:
    async def work(house: House) -> None:
        await taken(house, **row)
        with pytest.raises(HotlineError):
            await press(house, **who)
        assert await house.rows() == ([], [])
        assert house.exchange.dialled == []

    await open_house(work)


async def test_not_before_the_caller_is_his() -> None:
    async def work(house: House) -> None:
        await taken(house)
        async with transaction(house.sessions) as session:
            (await session.get_one(Call, CALL)).seat_id = 1
        with pytest.raises(IllegalTransition):
            await press(house)
        async with transaction(house.sessions) as session:
            call = await session.get_one(Call, CALL)
            call.seat_id, call.state = None, CallState.ENDED
        with pytest.raises(IllegalTransition):
            await press(house)

    await open_house(work)


async def test_he_has_the_cap_of_one_who_presses_without_a_seat() -> None:
    async def work(house: House) -> None:
        await taken(house)
        async with transaction(house.sessions) as session:
            session.add(Policy(key="bridge_presser_day", value="3", unit="次", label="上限", source="测试"))
        bridge_id = await press(house)
        await house.service.end(bridge_id)
        await house.deliver()
        async with transaction(house.sessions) as session:
            legs = [leg.id for leg in (await house.rows())[1] if leg.role == LEADER]
            (await session.get_one(BridgeLeg, legs[0])).state = LegState.LEFT
        with pytest.raises(TooManyBridges):
            await press(house, "p1:second-press")

    await open_house(work)
