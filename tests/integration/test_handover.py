"""移交 110/119/120/122: which is proposed, who is called without a key, what the ticket says afterwards."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from core.bridge_events import LegJoined, LegLeft
from core.bridge_words import BridgeState, LegState, Presser
from core.errors import IllegalTransition
from core.vocabulary import CallState, NumberKind, Speaker, TicketStatus, UnitKind, Urgency
from db.models import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber, PhoneNumber, Ticket, Unit
from db.repositories import tickets
from db.session import reading, transaction
from telephony.bridge_key import Press
from tests.fakes.web_house import IDS, NOW, a_call, a_ticket
from tests.integration.test_bridge_lives import House, Line, open_house
from tests.integration.test_leg_words import settle
from tickets import service

KEY = {"Idempotency-Key": "hand-over-1"}


class Rooms:
    """The port of conferences: keeps what was ordered."""

    def __init__(self) -> None:
        self.presses: list[Press] = []
        self.added: list[tuple[int, str, list[str], bool]] = []
        self.removed: list[tuple[int, int]] = []
        self.redialled: list[tuple[int, int]] = []

    async def press(self, press: Press) -> int:
        self.presses.append(press)
        return 1

    async def add(self, bridge_id: int, role: str, numbers: Any, *, asks: bool = True) -> int:
        self.added.append((bridge_id, role, [one.digits for one in numbers], asks))
        return 9

    async def remove(self, bridge_id: int, leg_id: int) -> None:
        self.removed.append((bridge_id, leg_id))

    async def redial(self, bridge_id: int, leg_id: int) -> None:
        self.redialled.append((bridge_id, leg_id))


@pytest.fixture
async def talk(house):
    """op01 talks; 119 and 120 are in the directory, 120 with a number of the county's own."""
    house.rooms = house.app.state.bridges = Rooms()
    units = [
        Unit(
            id=n,
            code=code,
            name=f"{code} 台",
            kind=UnitKind.EMERGENCY,
            aliases="",
            active=True,
            confirmed=True,
        )
        for n, code in ((1, "119"), (2, "120"))
    ]
    phones = [
        PhoneNumber(unit_id=1, kind=NumberKind.DUTY_DAY, number="119"),
        PhoneNumber(unit_id=1, kind=NumberKind.DUTY_NIGHT, number="119"),
        PhoneNumber(unit_id=2, kind=NumberKind.DUTY, number="02356550120"),
    ]
    await house.add(
        a_call("ms-1", state=CallState.TALKING), a_ticket(7, "op01", call_id="ms-1"), *units, *phones
    )
    await house.sit("op01", 1, "ms-1")
    return house


def a_conference(state: LegState, joined: bool) -> list[object]:
    at = NOW + dt.timedelta(seconds=10)
    bridge = Bridge(
        id=1,
        key="p1:x",
        presser=Presser.SEAT_CALL,
        account_id=IDS["op01"],
        seat_id=1,
        call_id="ms-1",
        ticket_id=7,
        state=BridgeState.OPEN,
        pressed_at=NOW,
    )
    legs = [
        BridgeLeg(
            id=1, bridge_id=1, role="seat", state=LegState.JOINED, since=NOW, seat_id=1, channel="PJSIP/s"
        ),
        BridgeLeg(id=2, bridge_id=1, role="emergency-119", state=state, since=NOW, asks=False),
    ]
    attempt = BridgeAttempt(id=5, leg_id=2, number=1, place=0, channel_id="br-5", ordered_at=NOW)
    if joined:
        attempt.answered_at = attempt.joined_at = at
    number = BridgeNumber(leg_id=2, place=0, digits="119", label="值班电话", name="119 台")
    return [bridge, *legs, number, attempt]


async def test_plain_words_propose_a_service_and_mixed_ones_leave_the_choice(talk):
    browser = await talk.as_("op01")
    asked = (await browser.get("/api/v1/handovers/ms-1")).json()
    assert ([one["service"] for one in asked["services"]], asked["suggested"]) == (["119", "120"], None)
    await settle(talk, "ms-1", Speaker.SEAT, "是不是有人昏迷", 1)
    await settle(talk, "ms-1", Speaker.CALLER, "我家着火了", 2)
    assert (await browser.get("/api/v1/handovers/ms-1")).json()["suggested"] == "119"
    await settle(talk, "ms-1", Speaker.CALLER, "有人昏迷", 3)
    assert (await browser.get("/api/v1/handovers/ms-1")).json()["suggested"] is None
    assert (await (await talk.as_("op02")).get("/api/v1/handovers/ms-1")).status_code == 403


async def test_a_press_calls_the_directorys_number_asks_no_key_and_tells_the_caller(talk):
    browser = await talk.as_("op01")
    await talk.add(*a_conference(LegState.JOINED, True))
    async with transaction(talk.sessions) as session:
        (await session.get(Bridge, 1)).state = BridgeState.ENDED
    answer = await browser.post("/api/v1/handovers", json={"service": "120"}, headers=KEY)
    assert answer.status_code == 200, answer.text
    (press,) = talk.rooms.presses
    assert (press.roles, press.asks, press.announce, press.call_id) == (
        ["emergency-120"],
        False,
        "120",
        "ms-1",
    )
    assert [one.digits for one in press.given["emergency-120"]] == ["02356550120"]
    (look,) = await talk.looks("handover_pressed")
    assert (look.account_id, look.details["service"]) == (IDS["op01"], "120")


async def test_into_a_running_conference_each_service_is_one_more_party(talk):
    await talk.add(*a_conference(LegState.JOINED, True))
    browser = await talk.as_("op01")
    asked = (await browser.get("/api/v1/handovers/ms-1")).json()
    assert {one["service"]: one["called"] for one in asked["services"]} == {"119": True, "120": False}
    answer = await browser.post("/api/v1/handovers", json={"service": "120"}, headers=KEY)
    assert answer.status_code == 200
    assert talk.rooms.added == [(1, "emergency-120", ["02356550120"], False)]


@pytest.mark.parametrize("state", [LegState.JOINED, LegState.RINGING, LegState.NO_ANSWER])
async def test_a_service_that_is_there_is_not_called_beside_itself_but_again_where_it_was_in_vain(
    talk, state
):
    await talk.add(*a_conference(state, False))
    answer = await (await talk.as_("op01")).post("/api/v1/handovers", json={"service": "119"}, headers=KEY)
    assert answer.status_code == 200
    assert [*talk.rooms.presses, *talk.rooms.added] == []
    assert talk.rooms.redialled == ([(1, 2)] if state is LegState.NO_ANSWER else [])


async def test_nobody_leaves_while_a_second_service_is_still_being_called(talk):
    second = BridgeLeg(id=3, bridge_id=1, role="emergency-120", state=LegState.RINGING, since=NOW, asks=False)
    await talk.add(*a_conference(LegState.JOINED, True), second)
    browser = await talk.as_("op01")
    assert (await browser.post("/api/v1/handovers/1/done")).status_code == 409
    async with transaction(talk.sessions) as session:
        (await session.get(BridgeLeg, 3)).state = LegState.BUSY
    assert (await browser.post("/api/v1/handovers/1/done")).status_code == 200
    assert talk.rooms.removed == [(1, 1)]


@pytest.mark.parametrize(
    ("login", "service", "status"),
    [("op02", "119", 409), ("op01", "110", 422), ("op01", "911", 422), ("grid", "119", 403)],
)
async def test_who_may_not_and_what_is_not_there(talk, login, service, status):
    answer = await (await talk.as_(login)).post("/api/v1/handovers", json={"service": service}, headers=KEY)
    assert answer.status_code == status
    assert [*talk.rooms.presses, *talk.rooms.added] == []


async def test_the_seat_leaves_once_the_service_has_it_and_not_before(talk):
    await talk.add(*a_conference(LegState.RINGING, False))
    browser = await talk.as_("op01")
    assert (await browser.post("/api/v1/handovers/1/done")).status_code == 409
    async with transaction(talk.sessions) as session:
        (await session.get(BridgeLeg, 2)).state = LegState.JOINED
    assert (await (await talk.as_("op02")).post("/api/v1/handovers/1/done")).status_code == 403
    assert (await browser.post("/api/v1/handovers/1/done")).status_code == 200
    assert talk.rooms.removed == [(1, 1)]
    assert len(await talk.looks("handed_over")) == 1


async def given_to_a_colleague(talk, own: LegState) -> None:
    """Seat 2's colleague op02 is in the room; the call is his where the own seat has left."""
    leg = {"state": LegState.JOINED, "since": NOW, "seat_id": 2, "channel": "PJSIP/seat2-1"}
    await talk.add(
        *a_conference(LegState.JOINED, True), BridgeLeg(id=3, bridge_id=1, role="colleague", **leg)
    )
    await talk.sit("op02", 2, "ms-1")
    async with transaction(talk.sessions) as session:
        (await session.get(BridgeLeg, 1)).state = own
        if own is LegState.LEFT:
            bridge = await session.get(Bridge, 1)
            bridge.seat_id, bridge.account_id = 2, IDS["op02"]


@pytest.mark.parametrize("own", [LegState.LEFT, LegState.JOINED])
async def test_a_colleague_in_the_room_leaves_it_and_nobody_else_does(talk, own):
    await given_to_a_colleague(talk, own)
    answer = await (await talk.as_("op02")).post("/api/v1/handovers/1/done")
    assert answer.status_code == 200, answer.text
    assert talk.rooms.removed == [(1, 3)]
    (look,) = await talk.looks("handed_over")
    assert look.account_id == IDS["op02"]


@pytest.mark.parametrize(("login", "status"), [("op01", 403), ("leader", 409)])
async def test_who_is_not_in_the_room_cannot_leave_it_nor_send_another_out(talk, login, status):
    await given_to_a_colleague(talk, LegState.LEFT)
    answer = await (await talk.as_(login)).post("/api/v1/handovers/1/done")
    assert answer.status_code == status
    assert talk.rooms.removed == []
    assert await talk.looks("handed_over") == []
    if status == 409:
        assert "您不在这个会议里" in answer.json()["error"]["message"]


async def test_the_ticket_becomes_most_urgent_and_says_who_took_it_when(talk):
    await talk.add(*a_conference(LegState.JOINED, True))
    about = {"at": NOW, "bridge_id": 1, "call_id": "ms-1", "leg_id": 2, "role": "emergency-119", "attempt": 1}
    bus = talk.app.state.house.bus
    await bus.publish(LegJoined(**about))
    async with reading(talk.sessions) as session:
        assert (await session.get(Ticket, 7)).urgency is Urgency.CRITICAL
    async with transaction(talk.sessions) as session:
        attempt = await session.get(BridgeAttempt, 5)
        attempt.ended_at, attempt.result = NOW + dt.timedelta(seconds=55), LegState.LEFT
    for _ in range(2):
        await bus.publish(LegLeft(**about))
    async with reading(talk.sessions) as session:
        told = [event.reason for event in await tickets.history(session, 7)]
    assert told == ["op01 移交 119 台，16:00:10 接通，通话 45 秒"]


@pytest.mark.parametrize("door", ["save", "dispatch"])
async def test_an_urgency_that_a_person_set_after_the_hand_over_stands(talk, door):
    await talk.add(*a_conference(LegState.JOINED, True))
    about = {"at": NOW, "bridge_id": 1, "call_id": "ms-1", "leg_id": 2, "role": "emergency-119", "attempt": 1}
    await talk.app.state.house.bus.publish(LegJoined(**about))
    async with transaction(talk.sessions) as session:
        ticket = await session.get(Ticket, 7)
        given = {
            "version": ticket.version,
            "urgency": "一般",
            "kind": "求助",
            "content": "误报",
            "answer": "误报",
        }
        later = NOW + dt.timedelta(seconds=30)
        if door == "save":
            await service.edit(session, 7, given, IDS["op01"], later)
        else:
            await service.move(session, 7, TicketStatus.ANSWERED, given, IDS["op01"], later)
        attempt = await session.get(BridgeAttempt, 5)
        attempt.ended_at, attempt.result = NOW + dt.timedelta(seconds=55), LegState.LEFT
    await talk.app.state.house.bus.publish(LegLeft(**about))
    async with reading(talk.sessions) as session:
        assert (await session.get(Ticket, 7)).urgency is Urgency.NORMAL
        assert "op01 移交 119 台" in (await tickets.history(session, 7))[-1].reason


async def test_a_dispatcher_is_never_asked_for_a_key_whoever_else_is_called() -> None:
    async def work(house: House) -> None:
        given = {"emergency-119": [Line("119")], "emergency-120": [Line("120")]}
        await house.press(roles=("grid_worker", *given), given=given)
        _, legs = await house.rows()
        assert {leg.role: leg.asks for leg in legs if leg.role not in ("caller", "seat")} == {
            "grid_worker": True,
            "emergency-119": False,
            "emergency-120": False,
        }

    await open_house(work)


async def test_each_service_is_one_leg_by_its_role_or_by_its_number() -> None:
    async def work(house: House) -> None:
        bridge_id = await house.press(roles=("emergency-119",), given={"emergency-119": [Line("119")]})
        await house.service.add(bridge_id, "emergency-120", [Line("120")], asks=False)
        await house.service.add(bridge_id, None, [Line("110")])
        for role, number in (("emergency-119", "119"), ("emergency-110", "110"), (None, "120")):
            with pytest.raises(IllegalTransition):
                await house.service.add(bridge_id, role, [Line(number)], asks=False)
        called = sorted(digits for digits, _ in house.exchange.dialled)
        assert called == ["110", "119", "120"]

    await open_house(work)
