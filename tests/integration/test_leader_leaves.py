"""A leader in a seat's place goes: Asterisk tells of the room and of the telephone in either order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest

from core.bridge_words import CALLER as CALLER_ROLE
from core.bridge_words import LEADER, BridgeEnd, BridgeState, LegAim, LegState
from core.bus import Bus
from core.supervision_words import Mode, SupervisionEnd, SupervisionState
from core.vocabulary import Role
from db.models import Account, Bridge, BridgeLeg, Supervision
from db.session import transaction
from telephony import bridge_translate as rooms
from telephony import supervision_translate as ears
from telephony.supervision_control import SupervisionControl
from tests.fakes.ear import FakeEar
from tests.integration.test_bridge_lives import CALL, CALLER, SEAT, House, T, open_house

LEAD = "PJSIP/leaddesk1-00000007"
OUT_OF_THE_ROOM = rooms.Heard(rooms.Sign.WENT_OUT, 1, None, LEAD)
PUTS_DOWN = ears.Heard(ears.Sign.LEAVES, 1, LEAD)
CHANNEL_ENDS = ears.Heard(ears.Sign.HUNG_UP, 1, LEAD)


class Policies:
    async def number(self, key: str, default: float) -> float:
        return default


async def ears_of(house: House) -> SupervisionControl:
    """Leaders over the same rows; the one leader talks alone with the caller of a conference."""

    async def tell(_: object) -> None:
        raise AssertionError("the call is his already")

    ear = FakeEar(CALLER)
    made = SupervisionControl(house.sessions, Bus(), house.clock, ear, Policies(), tell)
    made.rooms.service = house.service
    async with transaction(house.sessions) as session:
        person = {"login": "p1", "name": "p1", "role": Role.SHIFT_LEADER, "password_hash": ""}
        session.add(Account(id=1, created_at=T, **person))
        await session.flush()
        room = {"kind": "emergency", "presser": "seat_call", "call_id": CALL, "account_id": 1}
        session.add(Bridge(id=1, key="k", state=BridgeState.OPEN, pressed_at=T, about="0101", **room))
        await session.flush()
        for role, channel in ((CALLER_ROLE, CALLER), (LEADER, LEAD)):
            here = {"state": LegState.JOINED, "aim": LegAim.ROOM, "since": T, "joined_at": T}
            session.add(BridgeLeg(bridge_id=1, role=role, channel=channel, attempt=1, place=0, **here))
        state = {"wanted": Mode.TAKE_OVER, "state": SupervisionState.TAKEN_OVER, "told": True, "modes": []}
        seat = {"lead": 1, "phone": "leaddesk", "seat_id": 1, "seat_channel": SEAT}
        began = T - dt.timedelta(minutes=1)
        ear_row = Supervision(
            id=1, account_id=1, channel=LEAD, call_id=CALL, ordered_at=began, **seat, **state
        )
        session.add(ear_row)
    return made


async def tell_all(house: House, made: SupervisionControl, signs: Sequence[object]) -> None:
    for sign in signs:
        if isinstance(sign, rooms.Heard):
            await house.service.hear(sign)
        elif isinstance(sign, ears.Heard):
            await made.service.hear(sign)


async def how_it_ended(house: House, made: SupervisionControl) -> tuple[object, object, object]:
    """Why the room is over, where the caller is sent, and why the ear is over."""
    await made.close()
    bridges, legs = await house.rows()
    by_role = {leg.role: leg for leg in legs}
    assert by_role[LEADER].state is LegState.LEFT
    async with transaction(house.sessions) as session:
        ear = await session.get_one(Supervision, 1)
    return bridges[0].reason, by_role[CALLER_ROLE].aim, ear.reason


@pytest.mark.parametrize(
    "signs",
    [
        [PUTS_DOWN, OUT_OF_THE_ROOM, CHANNEL_ENDS],
        [OUT_OF_THE_ROOM, PUTS_DOWN, CHANNEL_ENDS],
        [PUTS_DOWN, CHANNEL_ENDS, OUT_OF_THE_ROOM],
        [OUT_OF_THE_ROOM, PUTS_DOWN, CHANNEL_ENDS, CHANNEL_ENDS, OUT_OF_THE_ROOM],
    ],
)
async def test_one_who_puts_down_ends_the_talk_whatever_is_told_first(signs: list[object]) -> None:
    async def work(house: House) -> None:
        made = await ears_of(house)
        await tell_all(house, made, signs)
        ended = await how_it_ended(house, made)
        assert ended == (BridgeEnd.LAST_OUTSIDE_LEFT, LegAim.ROOM, SupervisionEnd.BY_LEADER)

    await open_house(work)


@pytest.mark.parametrize("signs", [[OUT_OF_THE_ROOM, CHANNEL_ENDS], [CHANNEL_ENDS, OUT_OF_THE_ROOM]])
async def test_one_whose_page_dies_does_not_cost_the_caller_his_call(signs: list[object]) -> None:
    async def work(house: House) -> None:
        made = await ears_of(house)
        await tell_all(house, made, signs)
        reason, aim, _ = await how_it_ended(house, made)
        assert (reason, aim) == (BridgeEnd.BACK_TO_QUEUE, LegAim.QUEUE)

    await open_house(work)
