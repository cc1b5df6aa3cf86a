"""Leaders' ears whose orders are lost and whose signs come late, twice or never: one channel a row."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from core.errors import HotlineError, IllegalTransition
from core.events import CallEnded, TicketChanged
from core.ids import SeatId, TicketId
from core.supervision_events import CallTakenOver
from core.supervision_words import STATE_OF, Mode, SupervisionEnd, SupervisionState
from core.vocabulary import CallState, EndedBy, Role, TicketStatus
from db.models import Bridge, LeadPhone, Ticket
from db.repositories import supervisions
from db.session import transaction
from telephony.lead_phones import LeadPhoneLost
from telephony.supervision_checks import Order, SecretCall
from telephony.supervision_names import of_channel_id
from tests.fakes.ear import FakeEar
from tests.fakes.ear_house import CALL, HEAD, LEADER, OPERATOR, House, T, open_house

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.sampled_from(list(Mode))),
        st.tuples(st.sampled_from(["answer", "deliver", "lose", "repeat", "sweep", "restart"]), st.none()),
        st.tuples(st.sampled_from(["leave", "end", "before", "after", "gap"]), st.none()),
    ),
    max_size=25,
)


HEARS: list[tuple[str, Mode | None]] = [
    ("order", Mode.LISTEN),
    ("deliver", None),
    ("answer", None),
    ("deliver", None),
]


async def act(house: House, what: str, mode: Mode | None) -> None:
    ear = house.ear
    if what in ("before", "after"):
        ear.faults.append(what)
    elif what in AT_ONCE:
        AT_ONCE[what](ear)
    elif what == "restart":
        await house.service.close()
        house.start()
    elif what == "order" and mode is not None:
        with contextlib.suppress(HotlineError):  # refused, or lost on its way
            await house.order(mode)
    elif what == "end":
        with contextlib.suppress(HotlineError):
            await house.service.end(LEADER)
    else:
        await {"deliver": house.deliver, "sweep": house.sweep}[what]()


def lose(ear: FakeEar) -> None:
    del ear.signs[:1]


def repeat(ear: FakeEar) -> None:
    ear.signs[:0] = ear.signs[:1]


AT_ONCE: dict[str, Callable[[FakeEar], None]] = {
    "answer": FakeEar.answer,
    "leave": FakeEar.leave,
    "lose": lose,
    "repeat": repeat,
    "gap": lambda ear: ear.signs.clear(),
}


# Not shrunk: each step is a database's, and a shorter story would take minutes
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(STEPS)
@example([("after", None), ("order", Mode.WHISPER), ("gap", None), ("answer", None), ("gap", None)])
@example(
    [("order", Mode.TAKE_OVER), ("deliver", None), ("answer", None), ("before", None), ("deliver", None)]
)
@example([("order", Mode.LISTEN), ("answer", None), ("deliver", None), ("leave", None), ("gap", None)])
@example([*HEARS, ("order", Mode.TAKE_OVER), ("order", Mode.LISTEN)])
@example([*HEARS, ("order", Mode.TAKE_OVER), ("gap", None), ("sweep", None), ("sweep", None)])
def test_whatever_is_lost_late_or_twice_rows_and_channels_agree(steps: list[tuple[str, Mode | None]]) -> None:
    async def work(house: House) -> None:
        for what, mode in steps:
            await act(house, what, mode)
            doubled = [key for key, count in Counter(house.ear.rung).items() if count > 1]
            assert not doubled, "a phone was called twice for one order"
        await house.heal()
        await agrees(house)

    asyncio.run(open_house(work))


async def agrees(house: House) -> None:
    """What the books say is what Asterisk does."""
    async with transaction(house.sessions) as session:
        rows = await supervisions.every_open(session)
    assert {row.id for row in rows} == set(house.ear.channels_by_id)
    for row in rows:
        assert row.state is STATE_OF[row.wanted] is STATE_OF[house.ear.channels_by_id[row.id].mode]
    call = await house.call()
    if house.ear.in_room is not None:
        assert (call.seat_id, call.operator_id, call.state) == (None, LEADER, CallState.TALKING)
        assert house.ear.in_room in house.ear.channels_by_id, "a caller alone in a room"
    assert sum(isinstance(fact, CallTakenOver) for fact in house.taken) <= 1


async def test_the_straight_way_with_its_history() -> None:
    async def work(house: House) -> None:
        assert await house.order(Mode.LISTEN) == await house.order(Mode.LISTEN) == 1
        await house.deliver()
        assert (await house.row()).state is SupervisionState.RINGING
        await house.order(Mode.WHISPER)  # before the phone was picked up
        house.ear.answer()
        await house.deliver()
        row = await house.row()
        assert (row.state, row.told) == (SupervisionState.WHISPERING, True)
        await house.order(Mode.BARGE)
        await house.deliver()
        await house.order(Mode.LISTEN)
        await house.deliver()
        row = await house.row()
        assert [mode for _, mode in row.modes] == ["listen", "whisper", "barge", "listen"]
        house.ear.leave()
        await house.deliver()
        row = await house.row()
        assert (row.state, row.reason) == (SupervisionState.OVER, SupervisionEnd.BY_LEADER)
        assert await house.order(Mode.LISTEN) == 2, "and again"
        assert house.ear.rung == [1, 2]

    await open_house(work)


async def test_two_orders_at_the_same_moment_are_one_call_of_the_phone() -> None:
    async def work(house: House) -> None:
        first, second = await asyncio.gather(house.order(Mode.LISTEN), house.order(Mode.LISTEN))
        assert (first, second, house.ear.rung) == (1, 1, [1])

    await open_house(work)


async def taken(house: House) -> None:
    await house.order(Mode.TAKE_OVER)
    await house.deliver()
    house.ear.answer()
    await house.deliver()
    assert (await house.row()).state is SupervisionState.TAKEN_OVER
    call = await house.call()
    assert (call.operator_id, call.seat_id, call.seat_channel) == (LEADER, None, "PJSIP/lead1-00000001")


async def test_a_leader_who_hangs_up_ends_it_and_one_whose_page_dies_gives_the_caller_back() -> None:
    async def leaves(house: House) -> None:
        await taken(house)
        with pytest.raises(IllegalTransition):
            await house.order(Mode.LISTEN)
        house.ear.leave()
        await house.deliver()
        assert (house.ear.given_back, (await house.row()).reason) == (0, SupervisionEnd.BY_LEADER)

    async def dies(house: House) -> None:
        await taken(house)
        house.ear.end(1)
        await house.deliver()
        assert house.ear.given_back == 1
        assert (await house.call()).state is CallState.QUEUED

    await open_house(leaves)
    await open_house(dies)


async def test_the_end_of_the_call_ends_a_taken_one_and_one_that_still_rings() -> None:
    async def work(house: House, mode: Mode, answered: bool) -> None:
        await house.order(mode)
        if answered:
            await house.deliver()
            house.ear.answer()
        await house.deliver()
        fact = CallEnded(at=T, call_id=CALL, cause=16, ended_by=EndedBy.CALLER)
        house.ear.in_room = None
        assert await house.calls.apply(fact)
        await house.service.on_call_ended(fact)
        await asyncio.gather(*house.service._tasks._tasks)
        await house.deliver()
        assert ((await house.row()).state, house.ear.channels_by_id) == (SupervisionState.OVER, {})
        assert house.ear.given_back == 0

    await open_house(lambda house: work(house, Mode.TAKE_OVER, True))
    await open_house(lambda house: work(house, Mode.LISTEN, False))


async def test_what_may_not_be_listened_to() -> None:
    async def work(house: House) -> None:
        async with transaction(house.sessions) as session:
            (await session.get_one(LeadPhone, 1)).until = T - dt.timedelta(seconds=1)
        with pytest.raises(LeadPhoneLost):
            await house.order(Mode.LISTEN)
        with pytest.raises(IllegalTransition):
            await house.service.order(
                Order(OPERATOR, Role.SHIFT_LEADER, SeatId(1), Mode.LISTEN)
            ) if await lent(house) else None
        async with transaction(house.sessions) as session:
            room = {"kind": "consult", "presser": "seat_call", "seat_id": 1, "call_id": CALL}
            session.add(Bridge(key="k", state="open", pressed_at=T, **room))
        with pytest.raises(IllegalTransition) as refused:
            await house.order(Mode.TAKE_OVER, HEAD)
        assert "咨询转接" in str(refused.value.facts["reason"])
        assert await house.order(Mode.WHISPER, HEAD)

    await open_house(work)


async def lent(house: House) -> bool:
    """The operator of the call, who is a leader today, has a leader's phone."""
    async with transaction(house.sessions) as session:
        row = await session.get_one(LeadPhone, 1)
        row.account_id, row.until = OPERATOR, T + dt.timedelta(days=1)
    return True


async def test_a_secret_call_is_for_the_head_and_one_that_becomes_secret_is_left_by_others() -> None:
    async def work(house: House) -> None:
        await house.order(Mode.LISTEN)
        await house.order(Mode.LISTEN, HEAD, Role.CENTRE_HEAD)
        await house.deliver()
        house.ear.answer()
        await house.deliver()
        async with transaction(house.sessions) as session:
            ticket = {"number": "1", "status": TicketStatus.DRAFT, "created_at": T, "updated_at": T}
            session.add(Ticket(id=1, call_id=CALL, secret=True, **ticket))
        about = {"number": "1", "status": TicketStatus.DRAFT, "call_id": CALL, "seat_id": SeatId(1)}
        await house.service.on_ticket(TicketChanged(at=T, ticket_id=TicketId(1), **about))
        await asyncio.gather(*house.service._tasks._tasks)
        await house.deliver()
        assert (await house.row(1)).reason is SupervisionEnd.SECRET
        assert (await house.row(2)).state is SupervisionState.LISTENING
        with pytest.raises(SecretCall):
            await house.order(Mode.LISTEN)

    await open_house(work)


async def test_a_channel_of_no_order_is_ended() -> None:
    async def work(house: House) -> None:
        await house.order(Mode.LISTEN)
        async with transaction(house.sessions) as session:
            row = await supervisions.get_for_update(session, 1)
            assert row is not None
            row.state, row.ended_at = SupervisionState.OVER, T
        await house.sweep()
        assert [of_channel_id(f"sv-{key}-2147483000.1") for key in house.ear.channels_by_id] == [1]
        await house.sweep()
        assert house.ear.channels_by_id == {}

    await open_house(work)
