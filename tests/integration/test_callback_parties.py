"""Whoever pressed 2 in a conference is on the call-back list: once, whose, until when, for which ticket."""

from __future__ import annotations

import datetime as dt

from core.bridge_events import LegAskedBack
from core.bridge_words import BridgeKind, BridgeState, LegState, Presser
from core.callback_words import CallbackSource, CallbackState
from core.vocabulary import Role, TicketStatus, Urgency
from db.models import (
    Account,
    Bridge,
    BridgeAttempt,
    BridgeLeg,
    BridgeNumber,
    Callback,
    LeadPhone,
    Ticket,
)
from db.session import transaction
from tests.integration.test_callback_lives import MINUTE, House, T, run

OFFICE = "02356561234"


async def asked_back(house: House, *, attempt: int = 1, digits: str = OFFICE, by: int | None = 1) -> None:
    """A conference whose internet office pressed 2 at this moment."""
    async with transaction(house.sessions) as session:
        bridge = Bridge(
            id=attempt,
            key=f"p1:press-{attempt}",
            kind=BridgeKind.EMERGENCY,
            presser=Presser.SEAT_CALL,
            account_id=by,
            state=BridgeState.OPEN,
            pressed_at=house.clock.now(),
        )
        leg = BridgeLeg(
            id=attempt, bridge_id=attempt, role="internet_office", state=LegState.CALL_BACK, since=T
        )
        number = BridgeNumber(leg_id=attempt, place=0, digits=digits, label="值班电话", name="网信办")
        made = BridgeAttempt(
            id=attempt, leg_id=attempt, number=1, place=0, channel_id=f"br-{attempt}", ordered_at=T
        )
        made.ended_at, made.result = house.clock.now(), LegState.CALL_BACK
        for row in (bridge, leg, number, made):
            session.add(row)
            await session.flush()


async def hear(house: House, bridge_id: int = 1) -> None:
    frame = {"leg_id": bridge_id, "role": "internet_office", "attempt": 1}
    await house.listener.on_asked_back(LegAskedBack(at=house.clock.now(), bridge_id=bridge_id, **frame))


async def only_line(house: House) -> Callback:
    (line,) = await house.lines()
    return line


def test_it_is_the_pressers_until_it_is_due_and_then_everybodys() -> None:
    async def work(house: House) -> None:
        await house.sit("op01")
        await asked_back(house)
        for _ in range(3):
            await hear(house)
            await house.listener.catch_up()
        line = await only_line(house)
        assert (line.number, line.source, line.state) == (
            OFFICE,
            CallbackSource.PARTY,
            CallbackState.CLAIMED,
        )
        assert (line.owner_id, line.times, line.call_id) == (1, 1, None)
        assert line.due_at == T + 10 * MINUTE, "an emergency's call-back is soon"
        assert line.lease_until == line.due_at
        house.clock.advance(11 * 60)
        await house.listener.catch_up()
        late = await only_line(house)
        assert (late.state, late.owner_id) == (CallbackState.WAITING, None)

    run(work)


def test_a_press_without_a_seat_is_the_leaders_whose_page_is_open_or_waits_for_all() -> None:
    async def work(house: House) -> None:
        leader = Account(login="l", name="l", role=Role.SHIFT_LEADER, password_hash="x", created_at=T)
        async with transaction(house.sessions) as session:
            session.add(leader)
            await session.flush()
            session.add(LeadPhone(number=1, account_id=leader.id, phone="lead", until=T + 30 * MINUTE))
        await asked_back(house, by=None)
        await hear(house)
        assert (await only_line(house)).owner_id == leader.id
        house.clock.advance(31 * 60)
        await asked_back(house, attempt=2, digits="02356560000", by=None)
        await hear(house, 2)
        assert [(line.state, line.owner_id) for line in await house.lines()][1] == (
            CallbackState.WAITING,
            None,
        )

    run(work)


def test_the_same_number_is_one_line_and_one_that_cannot_be_called_is_none() -> None:
    async def work(house: House) -> None:
        await house.sit("op01")
        await asked_back(house)
        await asked_back(house, attempt=2)
        await asked_back(house, attempt=3, digits="119")
        await house.listener.catch_up()
        await house.listener.catch_up()
        assert [(line.number, line.times) for line in await house.lines()] == [(OFFICE, 2)]

    run(work)


def test_the_ticket_comes_after_the_line() -> None:
    async def work(house: House) -> None:
        await house.sit("op01")
        await asked_back(house)
        await hear(house)
        assert (await only_line(house)).ticket_id is None
        async with transaction(house.sessions) as session:
            when = {"created_at": T, "updated_at": T}
            ticket = Ticket(number="1", status=TicketStatus.DRAFT, urgency=Urgency.URGENT, **when)
            session.add(ticket)
            await session.flush()
            bridge = await session.get(Bridge, 1)
            assert bridge is not None
            bridge.ticket_id = ticket.id
        await house.listener.catch_up()
        assert (await only_line(house)).ticket_id == 1

    run(work)


def test_a_process_that_died_before_it_heard_makes_up_for_it() -> None:
    async def work(house: House) -> None:
        await house.sit("op01")
        await asked_back(house)
        house.clock.advance(dt.timedelta(hours=2).total_seconds())
        await house.listener.catch_up()
        assert (await only_line(house)).due_at == T + 10 * MINUTE, "late from the key on, not from the look"

    run(work)
