"""Keeps seats: what operators order, and what Asterisk says happened. An order is confirmed by its fact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import IntegrityError

from core.bus import Bus
from core.clock import Clock
from core.errors import HotlineError, IllegalTransition, InvalidField, NotAtSeat, NotFound, SeatTaken
from core.events import (
    CallFact,
    DutyStarted,
    Fact,
    SeatFact,
    SeatLeft,
    SeatTakenBy,
    SeatWished,
    WrapUpExtended,
)
from core.ids import OperatorId, SeatId
from core.vocabulary import PauseReason, SeatState, SeatWish
from db.models.account import Account
from db.models.seat import Seat
from db.repositories import event_log, seats
from db.session import SessionMaker, reading, transaction
from telephony.ports import Switchboard
from telephony.seat_rows import CONFIRM_S, Confirmations, RowTest, change_seat, check_room, seat_facts_of
from telephony.seat_states import AT_EASE, BY_PEOPLE, IN_CALL, next_state

log = structlog.get_logger(__name__)

MAX_EXTENSION_S: Final = 600
ON_THE_SPOT: Final = frozenset({PauseReason.WRAP_UP, PauseReason.MISSED, PauseReason.ASSIST})
"""Paused for so short a time that a caller may wait for this seat."""


class Policies(Protocol):
    """The numbers that the centre decides."""

    async def number(self, key: str, default: float) -> float:
        """The policy's value, or the default while it has none."""
        ...


class SeatService:
    """The only writer of `seats`."""

    def __init__(
        self, sessions: SessionMaker, bus: Bus, clock: Clock, switchboard: Switchboard, policies: Policies
    ) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._switchboard = switchboard
        self._policies = policies
        self._confirmed = Confirmations()

    async def take(self, seat_id: SeatId, operator_id: OperatorId, phone: str = "seat") -> Seat:
        """Sit down. Raises NotFound, SeatTaken, InvalidField."""
        if phone not in ("seat", "desk"):
            raise InvalidField(field="phone")
        async with reading(self._sessions) as session:
            row = await seats.get(session, seat_id)
            if row is None:
                raise NotFound(what="坐席", seat_id=seat_id)
            other = await seats.of_operator(session, operator_id)
            if row.operator_id not in (None, operator_id) or (other is not None and other.id != seat_id):
                raise SeatTaken
            if row.operator_id == operator_id:
                return row
            if row.state is not SeatState.EMPTY:
                raise SeatTaken
        fact = SeatTakenBy(at=self._clock.now(), seat_id=seat_id, operator_id=operator_id)
        try:
            await self._apply(fact, phone=phone)
        except (IllegalTransition, IntegrityError):  # at the same moment: another here, or this one elsewhere
            raise SeatTaken from None
        return await self._row(seat_id)

    async def start_duty(self, seat_id: SeatId) -> Seat:
        """Join the queue. Raises IllegalTransition, NotAtSeat, and what the switchboard raises."""
        row = await self._row(seat_id)
        if row.state is not SeatState.CHECKING:
            raise IllegalTransition(state=row.state, fact="DutyStarted")
        async with reading(self._sessions) as session:
            account = await session.get(Account, row.operator_id)
        name = account.work_number or account.login if account else f"seat{seat_id}"
        await self._switchboard.add_member(seat_id, row.phone, name)
        return await self._confirmed_row(seat_id, lambda row: row.state is not SeatState.CHECKING)

    async def pause(self, seat_id: SeatId, reason: PauseReason) -> Seat:
        """Pause now, or right after the call. Raises InvalidField, IllegalTransition."""
        if reason not in BY_PEOPLE:
            raise InvalidField(field="reason")
        row = await self._row(seat_id)
        if row.state in IN_CALL:
            return await self._wish(seat_id, SeatWish.PAUSE, reason, lambda: self.pause(seat_id, reason))
        if row.state not in AT_EASE:
            raise IllegalTransition(state=row.state, fact="SeatPaused")
        if row.wish is not SeatWish.NONE:  # not carried out yet; this is the newer word
            await self._withdraw(seat_id)
        await self._order_pause(row, reason)
        row = await self._confirmed_row(
            seat_id, lambda row: row.pause_reason is reason or row.state in IN_CALL
        )
        if row.state in IN_CALL:  # a caller was offered before the queue knew of the pause
            return await self.pause(seat_id, reason)
        return row

    async def resume(self, seat_id: SeatId) -> Seat:
        """Be offered calls again. In a call, or while a wish still stands after it, it takes that back."""
        row = await self._row(seat_id)
        if row.state in IN_CALL or row.wish is not SeatWish.NONE:
            row = await self._withdraw(seat_id)
            if row.state is not SeatState.PAUSED:
                return row
        if row.state not in (SeatState.PAUSED, SeatState.WRAP_UP):
            raise IllegalTransition(state=row.state, fact="SeatUnpaused")
        await self._switchboard.unpause_member(SeatId(row.id), row.phone)
        return await self._confirmed_row(
            seat_id, lambda row: row.state not in (SeatState.PAUSED, SeatState.WRAP_UP)
        )

    async def finish_wrap_up(self, seat_id: SeatId) -> Seat:
        """End the after-call work early."""
        row = await self._row(seat_id)
        if row.state is not SeatState.WRAP_UP:
            raise IllegalTransition(state=row.state, fact="SeatUnpaused")
        if row.wish is not SeatWish.NONE:
            await self._withdraw(seat_id)
        return await self.resume(seat_id)

    async def extend_wrap_up(self, seat_id: SeatId, seconds: int) -> Seat:
        """More time for the after-call work, at most 10 minutes a time."""
        if not 0 < seconds <= MAX_EXTENSION_S:
            raise InvalidField(field="seconds")
        row = await self._row(seat_id)
        now = self._clock.now()
        until = max(row.wrap_up_until or now, now) + dt.timedelta(seconds=seconds)
        await self._apply(WrapUpExtended(at=now, seat_id=seat_id, until=until))
        return await self._row(seat_id)

    async def sign_off(self, seat_id: SeatId, reason: str = "signed_off") -> Seat:
        """Leave the seat, or right after the call."""
        row = await self._row(seat_id)
        if row.state in IN_CALL:
            return await self._wish(seat_id, SeatWish.SIGN_OFF, None, lambda: self.sign_off(seat_id, reason))
        if row.state is SeatState.EMPTY:
            return row
        if row.state is SeatState.CHECKING:
            await self._apply(SeatLeft(at=self._clock.now(), seat_id=seat_id, reason=reason))
            return await self._row(seat_id)
        await self._switchboard.remove_member(seat_id, row.phone)
        return await self._confirmed_row(seat_id, lambda row: row.state is SeatState.EMPTY)

    async def on_fact(self, fact: Fact) -> None:
        """What Asterisk says of a seat, or what a call means for one. Impossible facts change nothing."""
        if isinstance(fact, SeatFact):
            await self._take_in(fact)
        elif isinstance(fact, CallFact):
            async with reading(self._sessions) as session:
                found = await seat_facts_of(session, fact)
            for seat_fact in found:
                await self._take_in(seat_fact)

    async def tell(self, fact: SeatFact) -> None:
        """Publish a fact that the reconciler has kept, and wake who waits for this seat."""
        self._confirmed.wake(fact.seat_id)
        await self._bus.publish(fact)

    async def tick(self) -> None:
        """Once a second: end wrap-ups whose time is over, repeat wishes. Safe to call late or twice."""
        now = self._clock.now()
        async with reading(self._sessions) as session:
            rows = await seats.every(session)
        for row in rows:
            if row.wish is not SeatWish.NONE:
                await self._repeat(SeatId(row.id))
            elif row.state is SeatState.WRAP_UP and (row.wrap_up_until is None or row.wrap_up_until <= now):
                await self._try(self._switchboard.unpause_member(SeatId(row.id), row.phone), row)

    async def _take_in(self, fact: SeatFact) -> None:
        if isinstance(fact, DutyStarted):
            row = await self._row(fact.seat_id)
            if row.state is SeatState.EMPTY:
                log.warning("member_without_operator", seat_id=fact.seat_id)
        try:
            await self._apply(fact)
        except (IllegalTransition, NotFound) as refusal:
            log.info("fact_refused", fact=type(fact).__name__, seat_id=fact.seat_id, reason=str(refusal))

    async def _apply(self, fact: SeatFact, phone: str | None = None) -> None:
        wrap_up_s = await self._policies.number("wrap_up_s", 60)
        async with transaction(self._sessions, urgent=True) as session:
            row = await seats.get_for_update(session, fact.seat_id)
            if row is None:
                raise NotFound(what="坐席", seat_id=fact.seat_id)
            check_room(row, fact)
            before = row.state
            row.state = next_state(before, fact)
            if not change_seat(row, before, fact, wrap_up_s):
                return
            row.phone = phone or row.phone  # only who wins the seat says which telephone is at it
            await event_log.append(session, fact)
        self._confirmed.wake(fact.seat_id)
        await self._bus.publish(fact)
        if before in IN_CALL and row.state not in IN_CALL:
            await self._after_call(row)

    async def _repeat(self, seat_id: SeatId) -> None:
        """A wish that still stands a while after its call: its order failed, or the process died first."""
        row = await self._row(seat_id)  # it may have been taken back while another seat's order took long
        waited = (self._clock.now() - row.since).total_seconds()
        if row.wish is not SeatWish.NONE and row.state in AT_EASE and waited >= CONFIRM_S:
            await self._after_call(row)

    async def _after_call(self, row: Seat) -> None:
        """The queue must not offer the next call before the operator is ready for it."""
        if row.state is SeatState.EMPTY:
            return
        if row.wish is SeatWish.SIGN_OFF:
            await self._try(self._switchboard.remove_member(SeatId(row.id), row.phone), row)
        elif row.wish is SeatWish.PAUSE:
            await self._try(self._order_pause(row, row.wish_reason or PauseReason.BREAK), row)
        elif row.state is SeatState.WRAP_UP:
            await self._try(self._order_pause(row, PauseReason.WRAP_UP), row)
        elif row.state is SeatState.PAUSED:
            await self._try(self._order_pause(row, row.pause_reason or PauseReason.MISSED), row)

    async def _order_pause(self, row: Seat, reason: PauseReason) -> None:
        absent = reason not in ON_THE_SPOT
        await self._switchboard.pause_member(SeatId(row.id), row.phone, reason, absent=absent)

    async def _wish(
        self,
        seat_id: SeatId,
        wish: SeatWish,
        reason: PauseReason | None,
        order: Callable[[], Awaitable[Seat]],
    ) -> Seat:
        """Kept until the call is over; where it ended in this very moment, the order itself."""
        try:
            await self._apply(SeatWished(at=self._clock.now(), seat_id=seat_id, wish=wish, reason=reason))
        except IllegalTransition:
            if (await self._row(seat_id)).state in IN_CALL:
                raise
            return await order()
        return await self._row(seat_id)

    async def _withdraw(self, seat_id: SeatId) -> Seat:
        await self._apply(SeatWished(at=self._clock.now(), seat_id=seat_id, wish=SeatWish.NONE, reason=None))
        return await self._row(seat_id)

    async def _try(self, order: Awaitable[None], row: Seat) -> None:
        """An order of the system itself: if it fails, a tick repeats a wish, the reconciler the rest."""
        try:
            await order
        except HotlineError as error:
            log.warning("seat_order_failed", seat_id=row.id, reason=str(error))

    async def _row(self, seat_id: SeatId) -> Seat:
        async with reading(self._sessions) as session:
            row = await seats.get(session, seat_id)
        if row is None:
            raise NotAtSeat
        return row

    async def _confirmed_row(self, seat_id: SeatId, done: RowTest) -> Seat:
        return await self._confirmed.wait(seat_id, lambda: self._row(seat_id), done)
