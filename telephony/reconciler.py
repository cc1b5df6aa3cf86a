"""Compares Asterisk's own state with our rows and repairs ours (calls) or its members, with a reason.

A difference counts only when it was seen twice: facts on their way to us are no differences.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import structlog

from core.clock import Clock
from core.events import (
    CallArrived,
    CallFact,
    CallReconciled,
    SeatFact,
    SeatFreed,
    SeatLeft,
    SeatPhoneOffline,
    SeatPhoneOnline,
    SeatReconciled,
    SeatTalked,
)
from core.ids import CallId, SeatId
from core.room_events import CallTransferred
from core.vocabulary import CallState, PauseReason, SeatState, SeatWish
from db.models.account import Account
from db.models.call import Call
from db.models.seat import Seat
from db.repositories import bridges, calls, event_log, seats
from db.session import SessionMaker, reading, transaction
from telephony.asterisk_view import SeenCall, SeenMember, View
from telephony.call_service import CallService
from telephony.call_states import IN_TALK
from telephony.ports import Switchboard
from telephony.seat_service import ON_THE_SPOT, SeatService
from telephony.seat_states import AT_EASE, IN_CALL, ON_DUTY
from telephony.switchboard import ABSENT_PENALTY, PRESENT_PENALTY

log = structlog.get_logger(__name__)

_AT_REST: Final = frozenset({SeatState.PAUSED, SeatState.WRAP_UP})
_SOUND: Final = frozenset({CallState.TALKING, CallState.HELD})
_SAME: Final = frozenset(
    {
        (CallState.HELD, CallState.TALKING),  # Asterisk does not show who holds
        (CallState.RECONNECTING, CallState.TALKING),  # the seat's deaf leg is still in the bridge
    }
)


class Reconciler:
    """`sweep` takes one view in; it may be called at any time and twice."""

    def __init__(
        self,
        written: Callable[[str], list[CallFact]],
        sessions: SessionMaker,
        clock: Clock,
        switchboard: Switchboard,
        call_service: CallService,
        seat_service: SeatService,
    ) -> None:
        self._written = written
        self._sessions = sessions
        self._clock = clock
        self._switchboard = switchboard
        self._calls = call_service
        self._seats = seat_service
        self._seen_before: set[str] = set()
        self._seen_now: set[str] = set()

    async def sweep(self, view: View) -> None:
        """Compare and repair. Raises what the switchboard raises."""
        self._seen_before, self._seen_now = self._seen_now, set()
        async with reading(self._sessions) as session:
            open_calls = await calls.open_calls(session)
        for call in open_calls:
            await self._compare_call(call, view.calls.get(CallId(call.id)))
        known = {call.id for call in open_calls}
        for seen in view.calls.values():
            if seen.call_id not in known:
                await self._adopt(seen)
        async with reading(self._sessions) as session:
            rows = await seats.every(session)
            states = {call.id: call for call in await calls.open_calls(session)}
            inside = await bridges.callers_inside(session)
        at_seats = {
            seen.seat_id: states[seen.call_id]
            for seen in view.calls.values()
            if seen.state is CallState.TALKING and seen.call_id in states and seen.call_id not in inside
        }
        for row in rows:
            await self._compare_phone(row, view)
            await self._compare_part(row, states)
            await self._compare_talk(row, at_seats.get(SeatId(row.id)))
            await self._compare_member(row, view.members.get(SeatId(row.id)))

    def _twice(self, difference: str) -> bool:
        self._seen_now.add(difference)
        return difference in self._seen_before

    async def _compare_call(self, call: Call, seen: SeenCall | None) -> None:
        call_id = CallId(call.id)
        if seen is None:
            if self._twice(f"{call.id} gone"):
                await self._repair_call(call_id, CallState.ENDED, None, "not in Asterisk any more")
            return
        if seen.state is CallState.TALKING and call.state in IN_TALK:
            await self._compare_holder(call, seen)
        if seen.state is None or seen.state is call.state or (call.state, seen.state) in _SAME:
            return
        if self._twice(f"{call.id} {call.state} {seen.state} {seen.seat_id}"):
            if call.answered_at is None:
                await self._retell(call_id)
            await self._repair_call(call_id, seen.state, seen.seat_id, f"was {call.state}")

    async def _compare_holder(self, call: Call, seen: SeenCall) -> None:
        """Another leg has the call: the caller was queued, or rung back, and answered unseen."""
        async with reading(self._sessions) as session:
            in_room = call.id in await bridges.callers_inside(session)
        other = (seen.seat_id, seen.seat_channel) != (call.seat_id, call.seat_channel)
        if in_room or seen.seat_id is None or not other:
            return
        if self._twice(f"{call.id} at {seen.seat_channel}"):
            log.warning("repaired", call_id=call.id, seat_id=seen.seat_id, reason="another leg has it")
            now, call_id = self._clock.now(), CallId(call.id)
            await self._tell(
                CallTransferred(at=now, call_id=call_id, seat_id=seen.seat_id, seat_channel=seen.seat_channel)
            )
            # Of a room's seats the room tells; this one nobody has told yet that it talks
            await self._seats.on_fact(SeatTalked(at=now, seat_id=seen.seat_id, call_id=call_id))

    async def _retell(self, call_id: CallId) -> None:
        """What Asterisk wrote down of a call that lives; what is known already is refused."""
        for fact in self._written(call_id):
            await self._tell(fact)

    async def _repair_call(
        self, call_id: CallId, state: CallState, seat_id: SeatId | None, reason: str
    ) -> None:
        log.warning("repaired", call_id=call_id, state=state, reason=reason)
        now = self._clock.now()
        await self._tell(CallReconciled(at=now, call_id=call_id, state=state, seat_id=seat_id, reason=reason))

    async def _tell(self, fact: CallFact) -> None:
        if await self._calls.apply(fact, recovered=True):
            await self._seats.on_fact(fact)

    async def _adopt(self, seen: SeenCall) -> None:
        if not self._twice(f"{seen.call_id} unknown"):
            return
        log.warning("repaired", call_id=seen.call_id, reason="a call we did not know")
        await self._retell(seen.call_id)
        arrived = self._clock.now() - dt.timedelta(seconds=seen.age_s)
        await self._tell(
            CallArrived(
                at=arrived,
                call_id=seen.call_id,
                pii_caller=seen.number,
                dialled=seen.dialled,
                channel=seen.channel,
            )
        )
        if seen.state is not None:
            await self._repair_call(seen.call_id, seen.state, seen.seat_id, "adopted")

    async def _compare_phone(self, row: Seat, view: View) -> None:
        online = f"{row.phone}{row.id}" in view.contacts
        if online != row.phone_online:
            kind = SeatPhoneOnline if online else SeatPhoneOffline
            await self._seats.on_fact(kind(at=self._clock.now(), seat_id=SeatId(row.id)))

    async def _compare_part(self, row: Seat, open_calls: dict[str, Call]) -> None:
        """A seat in a call that is over, or that another seat has, is free. Rooms look after their own."""
        if row.state not in IN_CALL or row.call_id is None or row.bridge_id is not None:
            return
        call = open_calls.get(row.call_id)
        if (call is None or call.seat_id != row.id) and self._twice(f"seat {row.id} not in {row.call_id}"):
            fact = SeatFreed(at=self._clock.now(), seat_id=SeatId(row.id), call_id=CallId(row.call_id))
            await self._seats.on_fact(fact)
            await self._note(row, "its call is over")

    async def _compare_talk(self, row: Seat, call: Call | None) -> None:
        """A seat that talks and was never told: it was thought busy with a call that had ended unseen."""
        free = row.state in AT_EASE
        if call is None or not free or call.seat_id != row.id or call.state not in _SOUND:
            return
        if self._twice(f"seat {row.id} talks in {call.id}"):
            fact = SeatTalked(at=self._clock.now(), seat_id=SeatId(row.id), call_id=CallId(call.id))
            await self._seats.on_fact(fact)
            await self._note(row, "it talks")

    async def _compare_member(self, row: Seat, seen: SeenMember | None) -> None:
        seat_id, on_duty = SeatId(row.id), row.state in ON_DUTY
        if not on_duty:
            if seen is not None and self._twice(f"seat {row.id} member"):
                await self._switchboard.remove_member(seat_id, seen.phone)
                await self._note(row, "member without an operator on duty")
            return
        if seen is None or seen.phone != row.phone:
            await self._compare_absence(row, seen)
        elif row.state in AT_EASE and row.wish is SeatWish.NONE:  # a wish is repeated by the seat's tick
            await self._compare_rest(row, seen)

    async def _compare_absence(self, row: Seat, seen: SeenMember | None) -> None:
        """A seat on duty that the queue does not have: put back, unless it was about to leave."""
        left = seen is None and row.state in AT_EASE and row.wish is SeatWish.SIGN_OFF
        if not self._twice(f"seat {row.id} {'has left' if left else 'no member'}"):
            return
        if left:  # carried out, and nobody has told us
            now = self._clock.now()
            await self._seats.on_fact(SeatLeft(at=now, seat_id=SeatId(row.id), reason="signed_off"))
            await self._note(row, "it had left the queue")
        else:
            await self._put_back(row)

    async def _compare_rest(self, row: Seat, seen: SeenMember) -> None:
        reason = _difference(row, seen)
        if reason is None or not self._twice(f"seat {row.id} {reason}"):
            return
        if row.state is SeatState.READY:
            await self._switchboard.unpause_member(SeatId(row.id), row.phone)
        else:
            await self._pause(row)
        await self._note(row, reason)

    async def _put_back(self, row: Seat) -> None:
        async with reading(self._sessions) as session:
            account = await session.get(Account, row.operator_id) if row.operator_id else None
        name = account.work_number or account.login if account else f"seat{row.id}"
        await self._switchboard.add_member(SeatId(row.id), row.phone, name)
        if row.state in _AT_REST:
            await self._pause(row)
        await self._note(row, "was no member of the queue")

    async def _pause(self, row: Seat) -> None:
        reason = row.pause_reason or PauseReason.SYSTEM
        await self._switchboard.pause_member(SeatId(row.id), row.phone, reason, absent=_absent(row))

    async def _note(self, row: Seat, reason: str) -> None:
        log.warning("repaired", seat_id=row.id, reason=reason)
        fact: SeatFact = SeatReconciled(at=self._clock.now(), seat_id=SeatId(row.id), reason=reason)
        async with transaction(self._sessions) as session:
            await event_log.append(session, fact)
        await self._seats.tell(fact)


def _absent(row: Seat) -> bool:
    """Whether callers need not wait for this seat, which is ready or at rest."""
    return row.state in _AT_REST and (row.pause_reason or PauseReason.SYSTEM) not in ON_THE_SPOT


def _difference(row: Seat, seen: SeenMember) -> str | None:
    """What the queue has otherwise than this seat, which is ready or at rest; None if nothing.

    Pause and penalty are two orders: the link may have gone down between them (docs/adr/0001).
    """
    penalty = ABSENT_PENALTY if _absent(row) else PRESENT_PENALTY
    if seen.paused is not (row.state in _AT_REST):
        return f"was paused ({seen.reason})" if seen.paused else "was not paused"
    return f"had penalty {seen.penalty}, not {penalty}" if seen.penalty != penalty else None
