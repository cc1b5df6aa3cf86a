"""What a call past the queue leaves in the rows, on both databases: rings, reasons, outcomes, sums."""

from __future__ import annotations

import pytest

from core.events import CallAnswered, CallArrived, CallEnded, CallQueued, SeatLegLost, SeatMissed, SeatOffered
from core.ids import CallId, SeatId
from core.routing_events import (
    CallRouted,
    CallTurnedAway,
    EmergencyKeyPressed,
    OwnSeatOffered,
    OwnSeatPassed,
)
from core.vocabulary import CallOutcome, CallState, EndedBy, PauseReason, SeatState
from db.session import reading
from telephony.call_why import priority_of
from telephony.snapshot import board
from tests.fakes.routing_house import CALL, NOW, arrived, routing_house

__all__ = ["routing_house"]


@pytest.fixture
def house(routing_house):
    return routing_house


OWN = OwnSeatOffered(at=NOW, call_id=CALL, seat_id=SeatId(3))
PASSED = OwnSeatPassed(at=NOW, call_id=CALL, seat_id=SeatId(3), ring_s=6.0)
QUEUED = CallQueued(at=NOW, call_id=CALL, position=1)


def answered(seat: int) -> CallAnswered:
    return CallAnswered(
        at=NOW, call_id=CALL, seat_id=SeatId(seat), wait_s=1, seat_channel=f"PJSIP/seat{seat}-00000009"
    )


def ended(by: EndedBy, cause: int = 16) -> CallEnded:
    return CallEnded(at=NOW, call_id=CALL, cause=cause, ended_by=by)


async def test_an_own_ring_that_passes_pauses_nobody(house):
    await house.sit(1, 3)
    assert await house.take(arrived(), OWN) == [True, True]
    assert ((await house.seat(3)).state, (await house.call()).state) == (
        SeatState.RINGING,
        CallState.RINGING,
    )
    assert await house.take(PASSED) == [True]
    seat, call = await house.seat(3), await house.call()
    assert (seat.state, seat.pause_reason, seat.call_id) == (SeatState.READY, None, None)
    assert (call.state, call.seat_id) == (CallState.QUEUED, None)
    (ring,) = await house.rings()
    assert (ring.own, ring.passed_at, ring.missed_at, ring.answered_at) == (True, NOW, None, None)
    # Then the queue may ring the same seat, and there a ring is missed as ever
    await house.take(SeatOffered(at=NOW, call_id=CALL, seat_id=SeatId(3)))
    await house.take(SeatMissed(at=NOW, call_id=CALL, seat_id=SeatId(3), ring_s=15))
    seat = await house.seat(3)
    assert (seat.state, seat.pause_reason) == (SeatState.PAUSED, PauseReason.MISSED)


async def test_an_own_ring_that_is_answered_is_an_answer_like_any(house):
    await house.sit(1, 3)
    await house.take(arrived(), OWN, answered(3), ended(EndedBy.CALLER))
    call, seat = await house.call(), await house.seat(3)
    assert (call.outcome, call.operator_id, call.queued_at) == (CallOutcome.ANSWERED, 1, NOW)
    assert seat.state is SeatState.WRAP_UP
    (ring,) = await house.rings()
    assert (ring.answered_at, ring.passed_at) == (NOW, None)


async def test_who_gives_up_during_the_own_ring_leaves_nothing_open(house):
    await house.sit(1, 3)
    await house.take(arrived(), OWN, ended(EndedBy.CALLER))
    (ring,) = await house.rings()
    assert (ring.passed_at, (await house.seat(3)).state) == (NOW, SeatState.READY)
    assert (await house.call()).outcome is CallOutcome.ABANDONED_QUEUE


@pytest.mark.parametrize(
    ("facts", "cut_off"),
    [
        ([answered(3), ended(EndedBy.CALLER)], False),
        ([answered(3), ended(EndedBy.SEAT)], False),
        ([answered(3), ended(EndedBy.SYSTEM)], True),
        ([answered(3), ended(EndedBy.CALLER, 38)], True),
        (
            [
                answered(3),
                SeatLegLost(at=NOW, call_id=CALL, seat_id=SeatId(3)),
                ended(EndedBy.CALLER),
            ],
            True,
        ),
        ([QUEUED, ended(EndedBy.SYSTEM)], False),
        (
            [
                answered(3),
                SeatLegLost(at=NOW, call_id=CALL, seat_id=SeatId(3)),
                QUEUED,
                ended(EndedBy.CALLER),
            ],
            True,
        ),
    ],
)
async def test_a_call_knows_whether_it_was_cut_off(house, facts, cut_off):
    await house.take(arrived(), *facts)
    assert (await house.call()).cut_off is cut_off


async def test_the_board_says_why_and_its_sums_add_up(house):
    await house.take(
        arrived(), CallRouted(at=NOW, call_id=CALL, own_seat=None, after_cut_off=True, flood=True), QUEUED
    )
    async with reading(house.sessions) as session:
        (waiting,) = (await board(session, house.clock))["waiting"]
    assert (waiting["priority"], [why["word"] for why in waiting["why"]]) == ("cut_off", ["cut_off", "flood"])
    urgent = EmergencyKeyPressed(at=NOW, call_id=CALL)
    assert await house.take(urgent, urgent) == [True, False]
    assert priority_of(await house.call()) == "emergency"
    await house.take(answered(3), ended(EndedBy.CALLER))
    for n, reason in enumerate(("challenge", "lines")):
        other = CallId(f"ms-1764000000.7{n}")
        begun = CallArrived(
            at=NOW, call_id=other, pii_caller="139", dialled="5", channel="PJSIP/trunk-00000007"
        )
        gone = CallTurnedAway(at=NOW, call_id=other, reason=reason)
        await house.take(begun, gone, CallEnded(at=NOW, call_id=other, cause=16, ended_by=EndedBy.SYSTEM))
        assert (await house.call(other)).outcome is CallOutcome.TURNED_AWAY
    async with reading(house.sessions) as session:
        today = (await board(session, house.clock))["today"]
    parts = ("answered", "abandoned", "voicemail", "turned_away", "in_progress")
    assert today["offered"] == sum(today[part] for part in parts) == 3
    # Who pressed no key asked for nobody; whom we had no line for did
    assert (today["turned_away"], today["abandoned"], today["requested"]) == (2, 0, 2)


async def test_key_1_in_the_goodbye_takes_it_back(house):
    await house.take(
        arrived(),
        CallTurnedAway(at=NOW, call_id=CALL, reason="challenge"),
        EmergencyKeyPressed(at=NOW, call_id=CALL),
        QUEUED,
        ended(EndedBy.CALLER),
    )
    call = await house.call()
    assert (call.turned_away, call.outcome) == (None, CallOutcome.ABANDONED_QUEUE)
