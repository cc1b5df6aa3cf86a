"""May this leader listen to this call, in this mode, now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import BridgeKind, BridgeState, LegState, is_leader
from core.errors import HotlineError, IllegalTransition, NotFound
from core.ids import OperatorId, SeatId
from core.supervision_words import Mode, SupervisionState
from core.vocabulary import CallState, Role
from db.models.bridge import Bridge, BridgeLeg
from db.models.call import Call
from db.models.supervision import LeadPhone, Supervision
from db.repositories import bridges, calls, seats, supervisions, tickets
from telephony.bridge_states import LIVE
from telephony.confidence import closed

_TALKING: Final = (CallState.TALKING, CallState.HELD)
_IN_ROOM: Final = (*_TALKING, CallState.RECONNECTING)
_NEEDS_NO_SEAT: Final = (Mode.BARGE, Mode.TAKE_OVER)
"""A leader who is heard by all of a conference; for the others his ear hangs at the seat's."""

_TAKEN: Final = "另一位班长正在接管或已接管这通电话"
_ALONE: Final = "会议里已有另一位班长"
_NOT_HERE: Final = "咨询转接的通话不能接管：群众可能正在听音乐，请先插话或耳语"


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks for what."""

    leader: OperatorId
    role: Role
    seat_id: SeatId
    mode: Mode


class SecretCall(HotlineError):
    """这通电话的工单已标为保密，只有中心负责人可以监听。"""

    code = "secret-call"
    status = 403


async def check_call(session: AsyncSession, order: Order, row: Supervision | None) -> Call:
    """The call that this seat talks in; with `row`, the same call as before.

    Raises:
        NotFound, IllegalTransition.
    """
    seat_id = order.seat_id
    seat = await seats.get(session, seat_id)
    if seat is None:
        raise NotFound(what="坐席")
    if seat.operator_id == order.leader:
        raise IllegalTransition(reason="不能监听自己的坐席")
    if row is not None and order.mode in _NEEDS_NO_SEAT and (room := await _inside(session, row)) is not None:
        return room
    # A press at this moment has referred to the call, and is waited for, or refers to it after us
    look = calls.get_for_update if order.mode is Mode.TAKE_OVER else calls.get
    call = await look(session, seat.call_id) if seat.call_id else None
    if call is None or call.state not in _TALKING or call.seat_id != seat_id or not call.seat_channel:
        raise IllegalTransition(reason="这个坐席没有在通话")
    if row is not None and row.call_id != call.id:
        raise IllegalTransition(reason="请先结束当前的监听")
    return call


async def _inside(session: AsyncSession, row: Supervision) -> Call | None:
    """The call of the conference in which all hear this leader; the seat he came by may have left it."""
    room = await bridges.open_of_call(session, row.call_id)
    if room is None or room.kind is not BridgeKind.EMERGENCY:
        return None
    legs = await bridges.legs_of(session, room.id)
    if not any(leg.channel == row.channel and leg.state is LegState.JOINED for leg in legs if leg.channel):
        return None
    call = await calls.get(session, row.call_id)
    return call if call is not None and call.state in _IN_ROOM else None


async def check_secret(session: AsyncSession, call: Call, role: Role) -> None:
    """Raises SecretCall: what a citizen said in confidence is for the centre's head alone."""
    ticket = await tickets.of_call(session, call.id)
    if closed(ticket, role):
        raise SecretCall


async def check_mode(session: AsyncSession, call: Call, mode: Mode, row: Supervision | None) -> None:
    """Raises IllegalTransition: one leader takes a call over, and no room but a conference of one press."""
    if mode is not Mode.TAKE_OVER:
        return
    await calls.get_for_update(session, call.id)  # so that of two orders one sees the other's row
    if await supervisions.another_takes(session, call.id, row.id if row is not None else None):
        raise IllegalTransition(reason=_TAKEN)
    room = await bridges.open_of_call(session, call.id)
    if room is not None:
        legs = await bridges.legs_of(session, room.id)
        _check_place(room, legs, row.channel if row is not None else None)


def _check_place(bridge: Bridge, legs: list[BridgeLeg], channel: str | None) -> None:
    """Raises IllegalTransition where a leader may not take the seat's place."""
    if bridge.kind is not BridgeKind.EMERGENCY:
        raise IllegalTransition(reason=_NOT_HERE)
    if bridge.state is BridgeState.ENDED:
        raise IllegalTransition(state=bridge.state)
    others = [leg for leg in legs if is_leader(leg.role) and leg.state in LIVE and leg.channel != channel]
    if others:
        raise IllegalTransition(reason=_ALONE)


def has_call(row: Supervision | None, account_id: int | None) -> bool:
    """Whether this is a call that this person took over and has. Who is leaving presses no key any more."""
    if row is None or row.account_id != account_id or row.state is not SupervisionState.TAKEN_OVER:
        return False
    return row.ended_at is None and row.reason is None


def new_row(order: Order, phone: LeadPhone, call: Call, now: dt.datetime) -> Supervision:
    """The order's row, before anything is asked of Asterisk."""
    return Supervision(
        account_id=order.leader,
        lead=phone.number,
        phone=phone.phone,
        seat_id=order.seat_id,
        seat_channel=call.seat_channel or "",
        call_id=call.id,
        wanted=order.mode,
        state=SupervisionState.ORDERED,
        told=False,
        ordered_at=now,
        modes=[],
    )
