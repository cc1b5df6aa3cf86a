"""From rows to a route, and what the dialplan is told of it, on both databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from core.errors import UnsafeHeader
from core.events import CallArrived
from core.ids import SeatId
from core.vocabulary import CallOutcome, CallState, SeatState, TicketStatus
from db.models import Call, Policy
from telephony.call_why import why_json
from telephony.route_rules import OwnSeat, Route
from telephony.router import Arrivals, variables_of
from telephony.switchboard import AmiSwitchboard
from tests.fakes.routing_house import CALL, NOW, NUMBER, Board, arrived, routing_house
from tests.fakes.waiting import until
from tests.fakes.web_house import a_call, a_ticket

__all__ = ["routing_house"]


@pytest.fixture
def house(routing_house):
    return routing_house


def open_ticket(ticket_id: int, login: str | None, **more: Any):
    return a_ticket(ticket_id, login, **{"created_at": NOW - dt.timedelta(days=1), **more})


def earlier(call_id: str, minutes_ago: float, **more: Any) -> Call:
    at = NOW - dt.timedelta(minutes=minutes_ago)
    values = {"arrived_at": at, "answered_at": None, "outcome": CallOutcome.ANSWERED, "ended_at": at, **more}
    return a_call(call_id, None, values.pop("caller", NUMBER), **values)


async def test_a_stranger_goes_straight_to_the_queue(house):
    assert await house.route() == Route()


async def test_the_operator_who_has_the_newest_open_ticket_is_first(house):
    await house.add(open_ticket(1, "op01"), open_ticket(2, "op02", created_at=NOW - dt.timedelta(hours=1)))
    await house.add(open_ticket(3, None, created_at=NOW), open_ticket(4, "op01", caller_number="139"))
    await house.sit(1, 3)
    await house.sit(2, 4, phone="desk")
    assert (await house.route()).own_seat == OwnSeat(SeatId(4), "desk")


@pytest.mark.parametrize(
    ("parent", "seat"),
    [
        ({"status": TicketStatus.ANSWERED}, None),
        ({"status": TicketStatus.VOID}, None),
        ({"status": TicketStatus.PENDING_ACCEPT}, OwnSeat(SeatId(4), "desk")),
        ({"status": TicketStatus.PENDING_ACCEPT, "operator_id": None}, OwnSeat(SeatId(3), "seat")),
    ],
)
async def test_a_joined_file_is_open_while_the_file_that_took_it_in_is(house, parent, seat):
    taken_in = open_ticket(2, "op02", caller_number="139", **parent)
    await house.add(taken_in, open_ticket(1, "op01", status=TicketStatus.MERGED, parent_id=2))
    await house.sit(1, 3)
    await house.sit(2, 4, phone="desk")
    assert (await house.route()).own_seat == seat


@pytest.mark.parametrize(
    ("ticket", "seat"),
    [
        ({"status": TicketStatus.ANSWERED}, {}),
        ({"status": TicketStatus.VOID}, {}),
        ({"created_at": NOW - dt.timedelta(days=31)}, {}),
        ({"caller_number": "13900000000"}, {}),
        ({}, {"state": SeatState.PAUSED}),
        ({}, {"state": SeatState.WRAP_UP}),
        ({}, {"state": SeatState.TALKING}),
        ({}, {"state": SeatState.CHECKING}),
        ({}, {"phone_online": False}),
    ],
)
async def test_no_own_seat_without_an_open_ticket_and_a_seat_that_is_ready(house, ticket, seat):
    await house.add(open_ticket(1, "op01", **ticket))
    await house.sit(1, 3, **seat)
    assert (await house.route()).own_seat is None


async def test_tickets_of_withheld_numbers_are_nobodys(house):
    await house.add(open_ticket(1, "op01", caller_number=""), earlier("ms-0", 5, caller="", cut_off=True))
    await house.sit(1, 3)
    assert await house.route("") == Route()


async def test_cut_off_is_what_happened_last(house):
    await house.add(earlier("ms-1", 20, cut_off=True))
    assert (await house.route()).after_cut_off
    # A call that never got past the greeting does not take the turn away; one that was talked to its end does
    await house.add(earlier("ms-2", 10, outcome=CallOutcome.ABANDONED_GREETING))
    assert (await house.route()).after_cut_off
    await house.add(earlier("ms-3", 5))
    assert not (await house.route()).after_cut_off


async def test_a_long_wait_given_up_is_a_cut_off(house):
    began = NOW - dt.timedelta(minutes=3)
    gave_up = {"outcome": CallOutcome.ABANDONED_QUEUE, "queued_at": began}
    await house.add(earlier("ms-1", 3, **gave_up, ended_at=began + dt.timedelta(seconds=59)))
    assert not (await house.route()).after_cut_off
    await house.add(earlier("ms-2", 2, **gave_up, ended_at=began + dt.timedelta(seconds=61)))
    assert (await house.route()).after_cut_off


async def test_a_flood_is_counted_by_number_and_withheld_ones_together(house):
    await house.add(Policy(key="flood_calls", value="2", unit="次", label="", source="", confirmed=False))
    await house.add(
        Policy(key="flood_withheld_calls", value="3", unit="次", label="", source="", confirmed=False)
    )
    await house.add(earlier("ms-old", 11), earlier("ms-1", 9), earlier("ms-2", 1), arrived_row())
    assert (await house.route()).flood
    assert not (await house.route("13900000000")).flood
    await house.add(*(earlier(f"ms-w{n}", 1, caller="") for n in range(3)))
    assert not (await house.route("")).flood
    await house.add(earlier("ms-w3", 1, caller=""))
    assert (await house.route("")).flood


def arrived_row() -> Call:
    return a_call(CALL, None, arrived_at=NOW, answered_at=None, state=CallState.GREETING)


async def test_what_was_told_to_the_dialplan_is_kept_and_only_that(house):
    await house.add(open_ticket(1, "op02"), earlier("ms-0", 5, cut_off=True))
    await house.sit(2, 4, phone="desk")
    refusing, willing = Board(refuses=True), Board()
    await house.take(arrived())
    await Arrivals(house.router, refusing, house.calls, house.clock).direct(arrived())
    assert (await house.call()).own_seat_id is None
    await Arrivals(house.router, willing, house.calls, house.clock).direct(arrived())
    assert willing.told == [("PJSIP/trunk-00000001", {"MS_PRIO": 20, "MS_DESK": 1, "MS_STICKY": 4})]
    call = await house.call()
    assert (call.own_seat_id, call.after_cut_off, call.flood, call.state) == (
        4,
        True,
        False,
        CallState.GREETING,
    )
    assert [why["label"] for why in why_json(call)] == ["曾掉线", "回头客·原坐席4号"]


async def test_a_call_of_long_ago_is_not_directed(house):
    asked: list[CallArrived] = []

    class Asked:
        async def route(self, arrived: CallArrived) -> Route:
            asked.append(arrived)
            return Route()

    arrivals = Arrivals(Asked(), Board(), house.calls, house.clock)
    house.clock.advance(15)
    await arrivals.on_arrived(arrived())
    await until("asked", lambda: len(asked) == 1)
    house.clock.advance(1)
    await arrivals.on_arrived(arrived())
    await arrivals.close()
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("channel", "variables"),
    [
        ("PJSIP/seat1-00000001", {"MS_PRIO": 20}),
        ("PJSIP/trunk-00000001\r\nAction: Originate", {"MS_PRIO": 20}),
        ("PJSIP/trunk-00000001", {"QUEUE_PRIO": 20}),
        ("PJSIP/trunk-00000001", {"SHELL(rm)": 1}),
    ],
)
async def test_only_fixed_names_of_a_callers_channel_are_ever_set(channel, variables):
    with pytest.raises(UnsafeHeader):
        await AmiSwitchboard(None).direct(channel, variables)  # type: ignore[arg-type]


def test_a_route_is_whole_numbers_under_fixed_names():
    route = Route(own_seat=OwnSeat(SeatId(3), "seat"), after_cut_off=True, flood=True)
    assert variables_of(route) == {"MS_CHALLENGE": 1, "MS_PRIO": 20, "MS_STICKY": 3}
    assert variables_of(Route()) == {}
