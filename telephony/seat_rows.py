"""What a fact changes in a seat's row, what a call's fact means for seats, and waiting for a fact."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.callback_events import CallBackAsked
from core.errors import ActionTimedOut, IllegalTransition
from core.events import (
    CallAnswered,
    CallEnded,
    CallFact,
    CallQueued,
    CallReconciled,
    MessageStarted,
    SeatFact,
    SeatFreed,
    SeatLeft,
    SeatMissed,
    SeatMissedRing,
    SeatOffered,
    SeatPaused,
    SeatPhoneOffline,
    SeatPhoneOnline,
    SeatRang,
    SeatTakenBy,
    SeatTalked,
    SeatWished,
    WrapUpExtended,
)
from core.ids import SeatId
from core.room_events import CallRequeued, CallTransferred, SeatJoinedRoom, SeatLeftRoom, SeatRungForRoom
from core.routing_events import OwnSeatPassed
from core.supervision_events import CallTakenOver
from core.vocabulary import CallState, PauseReason, SeatState, SeatWish
from db.models.seat import Seat
from db.repositories import seats
from telephony.seat_states import BY_PEOPLE

CONFIRM_S: Final = 3.0
"""How long an order may take until Asterisk's own event confirms it."""

RowTest = Callable[[Seat], bool]
_TALKING: Final = (CallState.TALKING, CallState.HELD, CallState.RECONNECTING)


def change_seat(row: Seat, before: SeatState, fact: SeatFact, wrap_up_s: float) -> bool:
    """Fill the row in after the state was set; False where the fact says nothing new."""
    if isinstance(fact, SeatPhoneOnline | SeatPhoneOffline):
        online = isinstance(fact, SeatPhoneOnline)
        changed = row.phone_online != online
        row.phone_online = online
        return changed
    if isinstance(fact, SeatPaused) and row.state is before and row.pause_reason is fact.reason:
        return False
    if isinstance(fact, SeatJoinedRoom) and row.state is before and row.bridge_id == fact.bridge_id:
        return False
    _fill_in(row, fact)
    if before is SeatState.PAUSED:
        _keep_break(row, fact)
    _note_room(row, before, fact)
    if row.state is not before:
        row.since = fact.at
        _tidy(row, fact, wrap_up_s)
    _fulfil(row)
    return True


def _fill_in(row: Seat, fact: SeatFact) -> None:
    match fact:
        case SeatTakenBy():
            row.operator_id = fact.operator_id
        case SeatRang() | SeatTalked():
            row.call_id = fact.call_id
        case SeatPaused():
            row.pause_reason = fact.reason
        case SeatMissedRing():
            row.pause_reason = PauseReason.MISSED
        case SeatWished():
            row.wish, row.wish_reason = fact.wish, fact.reason
        case WrapUpExtended():
            row.wrap_up_until = fact.until
        case _:
            pass


def check_room(row: Seat, fact: SeatFact) -> None:
    """A seat in a room is freed by leaving it, and by leaving this one.

    Raises:
        IllegalTransition: the fact is of a call that the seat is still busy with, or of another room.
    """
    still_inside = isinstance(fact, SeatFreed) and row.bridge_id is not None
    elsewhere = isinstance(fact, SeatLeftRoom) and row.bridge_id != fact.bridge_id
    if still_inside or elsewhere:
        raise IllegalTransition(state=row.state, fact=type(fact).__name__)


def _keep_break(row: Seat, fact: SeatFact) -> None:
    """What a ring interrupts goes on after the talk; of a ring by the queue only what people ordered."""
    room = isinstance(fact, SeatRungForRoom | SeatJoinedRoom)
    kept = room or (isinstance(fact, SeatRang | SeatTalked) and row.pause_reason in BY_PEOPLE)
    if kept and row.wish is SeatWish.NONE:
        row.wish, row.wish_reason = SeatWish.PAUSE, row.pause_reason


def _note_room(row: Seat, before: SeatState, fact: SeatFact) -> None:
    if isinstance(fact, SeatRungForRoom | SeatJoinedRoom):
        row.bridge_id, row.call_id = fact.bridge_id, fact.call_id
    if isinstance(fact, SeatRungForRoom):
        row.rung_from = before
    if isinstance(fact, SeatLeftRoom) and row.state is SeatState.PAUSED:
        row.pause_reason = row.wish_reason or PauseReason.SYSTEM


def _fulfil(row: Seat) -> None:
    """A wish is had when its fact has come, and not before: an order may be lost on its way."""
    had = row.pause_reason is not None and row.pause_reason in (row.wish_reason, *BY_PEOPLE)
    if row.wish is SeatWish.PAUSE and had:
        row.wish, row.wish_reason = SeatWish.NONE, None


def _tidy(row: Seat, fact: SeatFact, wrap_up_s: float) -> None:
    """What a state does not have is not kept from the state before."""
    if row.state not in (SeatState.RINGING, SeatState.TALKING, SeatState.WRAP_UP):
        row.call_id = None
    if row.state is SeatState.WRAP_UP:
        row.wrap_up_until = fact.at + dt.timedelta(seconds=wrap_up_s)
        row.pause_reason = PauseReason.WRAP_UP
    else:
        row.wrap_up_until = None
    if row.state not in (SeatState.PAUSED, SeatState.WRAP_UP):
        row.pause_reason = None
    if row.state is not SeatState.RINGING:
        row.rung_from = None
    if row.state not in (SeatState.RINGING, SeatState.TALKING):
        row.bridge_id = None
    if isinstance(fact, SeatLeft):
        row.operator_id, row.wish, row.wish_reason = None, SeatWish.NONE, None


async def seat_facts_of(session: AsyncSession, fact: CallFact) -> list[SeatFact]:
    """What a call's fact, already accepted, means for seats."""
    match fact:
        case SeatOffered():
            return [SeatRang(at=fact.at, seat_id=fact.seat_id, call_id=fact.call_id)]
        case SeatMissed():
            return [SeatMissedRing(at=fact.at, seat_id=fact.seat_id, call_id=fact.call_id)]
        case CallAnswered():
            freed = await _freed(session, fact, besides=fact.seat_id)
            return [*freed, SeatTalked(at=fact.at, seat_id=fact.seat_id, call_id=fact.call_id)]
        case (
            CallEnded()
            | CallQueued()
            | CallRequeued()
            | MessageStarted()
            | OwnSeatPassed()
            | CallTakenOver()
            | CallBackAsked()
        ):
            return await _freed(session, fact)
        case CallTransferred():
            return await _freed(session, fact, besides=fact.seat_id)
        case CallReconciled():
            kept = fact.seat_id if fact.state in (*_TALKING, CallState.RINGING) else None
            found = await _freed(session, fact, besides=kept)
            if kept is not None and fact.state in _TALKING:
                found.append(SeatTalked(at=fact.at, seat_id=kept, call_id=fact.call_id))
            return found
        case _:
            return []


async def _freed(session: AsyncSession, fact: CallFact, besides: int | None = None) -> list[SeatFact]:
    return [
        SeatFreed(at=fact.at, seat_id=SeatId(row.id), call_id=fact.call_id)
        for row in await seats.every(session)
        if row.call_id == fact.call_id
        and row.id != besides
        and row.state in (SeatState.RINGING, SeatState.TALKING)
        and row.bridge_id is None
    ]


class Confirmations:
    """Lets an order wait for the fact that it causes."""

    def __init__(self) -> None:
        self._events: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    def wake(self, seat_id: int) -> None:
        """A fact of this seat was kept."""
        self._events.pop(seat_id, asyncio.Event()).set()

    async def wait(self, seat_id: int, read: Callable[[], Awaitable[Seat]], done: RowTest) -> Seat:
        """The row as soon as it shows what was ordered.

        Raises:
            ActionTimedOut: Asterisk took the order and nothing happened.
        """
        try:
            async with asyncio.timeout(CONFIRM_S):
                while True:
                    event = self._events[seat_id]
                    row = await read()
                    if done(row):
                        return row
                    await event.wait()
        except TimeoutError:
            raise ActionTimedOut(seat_id=seat_id) from None
