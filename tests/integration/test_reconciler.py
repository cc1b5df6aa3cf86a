"""What Asterisk does and our rows do not know of: seats that talk unseen, members not as their seats are."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.bus import Bus
from core.clock import SteppedClock
from core.events import CallFact
from core.ids import CallId, SeatId
from core.vocabulary import CallState, PauseReason, Role, SeatState, SeatWish
from db.models import Account, Call, Seat
from db.repositories import event_log, seats
from db.session import SessionMaker, make_engine, make_sessions, reading, transaction
from telephony.asterisk_view import SeenCall, SeenMember, View
from telephony.call_service import CallService
from telephony.reconciler import Reconciler
from telephony.seat_service import SeatService
from tests.integration.test_seat_lives import Deaf, Policies

T = dt.datetime(2026, 11, 27, 8, tzinfo=dt.UTC)
CALL, SEAT_LEG = CallId("ms-1764000000.1"), "PJSIP/seat1-00000002"
SEEN = SeenCall(CALL, "PJSIP/trunk-1", "138", "5", 9.0, CallState.TALKING, SeatId(1), SEAT_LEG)
MEMBER = SeenMember(SeatId(1), "seat", False, PauseReason.SYSTEM, "0")
LOOK = View({CALL: SEEN}, {SeatId(1): MEMBER}, {"seat1": frozenset({"sip:1"})}, ())


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[SessionMaker]:
    engine = make_engine(database_url)
    made = make_sessions(engine)
    async with transaction(made) as session:
        person = {"role": Role.OPERATOR, "password_hash": "-", "created_at": T}
        session.add(Account(id=1, login="op1", name="张三", work_number="801", **person))
        await session.flush()
        talk = {"seat_id": 1, "seat_channel": SEAT_LEG, "operator_id": 1, "answered_at": T}
        call = {"caller": "138", "dialled": "5", "channel": "PJSIP/trunk-1", "arrived_at": T}
        session.add(Call(id=CALL, state=CallState.TALKING, recovered=False, **talk, **call))
        await session.flush()
        session.add(Seat(id=1, state=SeatState.READY, since=T, operator_id=1, phone_online=True))
    yield made
    await engine.dispose()


class Member:
    """A switchboard's orders to the queue, with what they say."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        async def order(*_: Any, **how: Any) -> None:
            self.orders.append((name, how))

        return order


def reconciler(sessions: SessionMaker, switchboard: Any = None) -> Reconciler:
    bus, clock, switchboard = Bus(), SteppedClock(T), switchboard or Deaf()
    seat_service = SeatService(sessions, bus, clock, switchboard, Policies())  # type: ignore[arg-type]
    nothing: list[CallFact] = []
    calls = CallService(sessions, bus, clock)
    return Reconciler(lambda _: nothing, sessions, clock, switchboard, calls, seat_service)  # type: ignore[arg-type]


async def seat(sessions: SessionMaker) -> tuple[SeatState, str | None]:
    async with transaction(sessions) as session:
        row = await seats.get(session, SeatId(1))
        assert row is not None
        return row.state, row.call_id


async def test_a_free_seat_that_talks_in_a_call_of_its_own_is_told_so(sessions: SessionMaker) -> None:
    made = reconciler(sessions)
    await made.sweep(LOOK)
    assert await seat(sessions) == (SeatState.READY, None), "a fact may still be on its way"
    await made.sweep(LOOK)
    assert await seat(sessions) == (SeatState.TALKING, CALL)


@pytest.mark.parametrize(
    "seen",
    [
        replace(SEEN, state=CallState.QUEUED, seat_id=None, seat_channel=None),
        replace(SEEN, state=None, seat_id=None, seat_channel=None),
    ],
)
async def test_what_asterisk_does_not_show_with_the_seat_is_no_talk_of_it(
    sessions: SessionMaker, seen: SeenCall
) -> None:
    made = reconciler(sessions)
    for _ in range(2):
        await made.sweep(replace(LOOK, calls={CALL: seen}))
    assert await seat(sessions) == (SeatState.READY, None)


ABSENT, PRESENT = ("pause_member", {"absent": True}), ("pause_member", {"absent": False})
FREE = ("unpause_member", {})


@pytest.mark.parametrize(
    ("state", "reason", "paused", "penalty", "repair"),
    [
        (SeatState.PAUSED, PauseReason.BREAK, True, "0", ABSENT),  # the link went down between the two orders
        (SeatState.PAUSED, PauseReason.BREAK, True, "9", None),
        (SeatState.PAUSED, PauseReason.BREAK, False, "9", ABSENT),
        (SeatState.PAUSED, PauseReason.ASSIST, True, "9", PRESENT),
        (SeatState.PAUSED, PauseReason.ASSIST, True, "0", None),
        (SeatState.PAUSED, PauseReason.MISSED, True, "0", None),
        (SeatState.WRAP_UP, PauseReason.WRAP_UP, True, "9", PRESENT),
        (SeatState.WRAP_UP, PauseReason.WRAP_UP, True, "0", None),
        (SeatState.READY, None, False, "9", FREE),
        (SeatState.READY, None, False, "0", None),
        (SeatState.READY, None, True, "0", FREE),
        (SeatState.TALKING, None, True, "9", None),  # fetched from a break: it goes on after the talk
    ],
)
async def test_pause_and_penalty_are_as_the_seat_is(
    sessions: SessionMaker,
    state: SeatState,
    reason: PauseReason | None,
    paused: bool,
    penalty: str,
    repair: tuple[str, dict[str, Any]] | None,
) -> None:
    async with transaction(sessions) as session:
        row = await seats.get_for_update(session, SeatId(1))
        assert row is not None
        row.state, row.pause_reason = state, reason
        row.call_id = CALL if state is SeatState.TALKING else None
    seen = replace(MEMBER, paused=paused, penalty=penalty)
    calls = LOOK.calls if state is SeatState.TALKING else {}
    look, member = replace(LOOK, calls=calls, members={SeatId(1): seen}), Member()
    made = reconciler(sessions, member)
    await made.sweep(look)
    assert member.orders == [], "the second of two orders may still be on its way"
    await made.sweep(look)
    assert member.orders == ([repair] if repair else [])
    async with reading(sessions) as session:
        kept = [entry for entry in await event_log.since(session, 0) if entry.kind == "SeatReconciled"]
    assert len(kept) == len(member.orders)


@pytest.mark.parametrize("state", [SeatState.WRAP_UP, SeatState.READY])
async def test_a_sign_off_that_was_done_unseen_is_believed(sessions: SessionMaker, state: SeatState) -> None:
    await _wishes(sessions, state, SeatWish.SIGN_OFF)
    made = reconciler(sessions, member := Member())
    for _ in range(2):
        await made.sweep(replace(LOOK, calls={}, members={}))
    assert await seat(sessions) == (SeatState.EMPTY, None)
    assert member.orders == []


async def test_a_break_that_was_begun_unseen_is_not_undone(sessions: SessionMaker) -> None:
    await _wishes(sessions, SeatState.READY, SeatWish.PAUSE)
    made = reconciler(sessions, member := Member())
    seen = replace(MEMBER, paused=True, penalty="9")
    for _ in range(2):
        await made.sweep(replace(LOOK, calls={}, members={SeatId(1): seen}))
    assert member.orders == []


async def _wishes(sessions: SessionMaker, state: SeatState, wish: SeatWish) -> None:
    async with transaction(sessions) as session:
        row = await seats.get_for_update(session, SeatId(1))
        assert row is not None
        row.state, row.wish = state, wish
        row.pause_reason = PauseReason.WRAP_UP if state is SeatState.WRAP_UP else None
