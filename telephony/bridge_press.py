"""The press: who presses, who is to come, and the rows that stand before anything is ordered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_events import BridgePressed, LegFailed
from core.bridge_words import CALLER, SEAT, BridgeKind, BridgeState, LegAim, Presser
from core.emergency_words import is_emergency
from core.errors import IllegalTransition, InvalidField, NotFound
from core.ids import SeatId
from core.vocabulary import CallState, SeatState
from db.models.bridge import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber
from db.models.call import Call
from db.repositories import bridges, calls, seats, supervisions
from telephony.bridge_key import Press, check_same
from telephony.bridge_legs import apply, dial_order, first_attempt
from telephony.bridge_limits import Limits, NobodyToCall, Wanted, may_dial, without_seat
from telephony.bridge_numbers import number_rows
from telephony.bridge_step import Move, Step
from telephony.leader_press import those_of_leader
from telephony.ports import Directory, Number

RINGABLE: Final = frozenset({SeatState.READY, SeatState.WRAP_UP, SeatState.PAUSED})
"""A seat of ours in one of these can be asked, and can call out."""
_TALKING: Final = frozenset({CallState.TALKING, CallState.HELD, CallState.RECONNECTING})


Numbers = dict[str, list[Number]]


async def look_up(press: Press, directory: Directory) -> Mapping[str, Sequence[Number]]:
    """Each role's numbers, all roles at once."""
    wanted = [role for role in press.roles if role not in press.given and role not in press.seats]
    if not wanted:
        return press.given
    return {
        **press.given,
        **await directory.numbers_of(wanted, press.category, press.town, press.village),
    }


def choose(press: Press, found: Mapping[str, Sequence[Number]], limits: Limits) -> Numbers:
    """Those numbers of each role that may be dialled; none for a role that has none.

    Raises:
        InvalidField: too many parties.
        NobodyToCall: no role has a number.
    """
    if len(press.roles) > limits.parties:
        raise InvalidField(field="roles", reason=f"最多 {limits.parties} 方")
    numbers = {role: may_dial(found.get(role, ()), limits) for role in press.roles}
    if not press.seats and not any(numbers.values()):
        raise NobodyToCall
    return numbers


def wanted_by(press: Press) -> Wanted:
    """What the press would dial, as the caps count it."""
    outside = [role for role in press.roles if role not in press.seats]
    return Wanted(press.kind, outside, press.seat_id, without_seat(press.key, press.seat_id))


async def room_of(session: AsyncSession, press: Press) -> Bridge | None:
    """The conference of this press, else the one that runs on its call, or None. Raises KeyUsedOtherwise."""
    found = await bridges.of_press(session, press.key, press.call_id)
    if found is not None and found.key == press.key:
        check_same(found.asked, press.asked)
    return found


def new_bridge(press: Press, now: dt.datetime) -> Bridge:
    """The conference's row."""
    return Bridge(
        key=press.key,
        asked=press.asked or None,
        kind=press.kind,
        presser=press.presser,
        account_id=press.account_id,
        seat_id=press.seat_id,
        call_id=press.call_id,
        ticket_id=press.ticket_id,
        about=press.category or "",
        state=BridgeState.OPENING,
        pressed_at=now,
    )


async def write_rows(step: Step, press: Press, numbers: Numbers) -> None:
    """Legs, numbers, first attempts, and the orders they stand for. Raises NotFound, IllegalTransition."""
    for seat_id in press.seats.values():
        await check_seat(step, seat_id)
    moved = await _moved(step, press)
    if press.kind is BridgeKind.OUTBOUND:
        await _check_free(step, press)
    own: Numbers = {SEAT: []} if press.presser is not Presser.SEAT_CALL and press.seat_id is not None else {}
    at_seats = {**press.seats, **({SEAT: press.seat_id} if press.seat_id is not None else {})}
    await begin_legs(step, {**own, **numbers}, at_seats=at_seats, asks=press.asks, moved=moved)
    seat_id = SeatId(press.seat_id) if press.seat_id is not None else None
    pressed = BridgePressed(**step.frame(), presser=press.presser, seat_id=seat_id, roles=tuple(press.roles))
    step.change.facts.insert(0, pressed)


async def _moved(step: Step, press: Press) -> dict[str, str]:
    """Who talks already, with the channels that are moved."""
    if press.presser is Presser.LEADER_CALL:
        return await those_of_leader(step, press)
    return await _those_who_talk(step, press) if press.presser is Presser.SEAT_CALL else {}


async def _check_free(step: Step, press: Press) -> None:
    """Looked at under the seat's lock: two orders at once are one call out."""
    row = await seats.get_for_update(step.session, press.seat_id or 0)
    if row is None or row.state not in RINGABLE:
        raise IllegalTransition(reason="振铃或通话中不能外呼")
    if await bridges.open_of_seat(step.session, row.id, besides=step.bridge.id) is not None:
        raise IllegalTransition(reason="上一个外呼还没有结束")


async def _those_who_talk(step: Step, press: Press) -> dict[str, str]:
    """Caller and seat with the channels that are moved."""
    call = await calls.get(step.session, press.call_id or "")
    if call is None:
        raise NotFound(what="来电")
    if call.state not in _TALKING or call.seat_id != press.seat_id:
        raise IllegalTransition(state=call.state)
    if await supervisions.takes_over(step.session, call.id):
        # His order and ours would each move the caller: one of the two was left alone in a room
        raise IllegalTransition(reason="班长正在接管这通电话")
    held = press.kind is BridgeKind.CONSULT
    if held and call.state is CallState.RECONNECTING:
        raise IllegalTransition(state=call.state)
    # A seat that does not wait is let go by the queue when its caller is taken away
    seat = None if press.blind else _seat_channel(call)
    step.change.orders.append(Move(step.bridge.id, call.channel, seat, held=held, announce=press.announce))
    return {role: channel for role, channel in ((CALLER, call.channel), (SEAT, seat)) if channel is not None}


def _seat_channel(call: Call) -> str | None:
    """The seat's leg that is to come along; a leg that is being brought back is deaf and stays behind."""
    if call.state is CallState.RECONNECTING:
        return None
    if call.seat_channel is None:
        raise IllegalTransition(state=call.state, reason="坐席通道尚未确认，请稍候再试")
    return call.seat_channel


async def check_seat(step: Step, seat_id: int) -> None:
    """Raises IllegalTransition for a seat that cannot be rung now."""
    row = await seats.get(step.session, seat_id)
    if row is None or row.state not in RINGABLE or not row.phone_online or seat_id == step.bridge.seat_id:
        raise IllegalTransition(reason="这个坐席现在不能接听")


async def begin_leg(
    step: Step, role: str, numbers: Sequence[Number], *, asks: bool = True, seat_id: int | None = None
) -> BridgeLeg:
    """One leg that is to be dialled, at these numbers or at a seat."""
    at_seats = {role: seat_id} if seat_id is not None else None
    return (await begin_legs(step, {role: numbers}, at_seats=at_seats, asks=asks))[0]


async def begin_legs(  # noqa: PLR0913, RUF100 - a press in five words
    step: Step,
    roles: Mapping[str, Sequence[Number]],
    *,
    at_seats: Mapping[str, int] | None = None,
    asks: bool = True,
    moved: Mapping[str, str] | None = None,
) -> list[BridgeLeg]:
    """Legs that are to be dialled, written together; one is failed at once where it has no number.

    `at_seats` says which roles are seats; `asks`, whether those outside press 1 to join; `moved` are legs
    beside these, that come with channels of their own.
    """
    channels = moved or {}
    written = await _write_legs(step, [*channels, *roles], at_seats or {}, channels, asks=asks)
    legs = [written[role] for role in roles]
    lines = {leg.id: number_rows(leg, roles[leg.role]) for leg in legs}
    # Statements of many rows: each trip to the database is a moment in which no phone rings
    if rows := [row for found in lines.values() for row in found]:
        await step.session.execute(insert(BridgeNumber), rows)
    dialled = [leg for leg in legs if lines[leg.id] or leg.seat_id is not None]
    if dialled:
        await step.session.execute(insert(BridgeAttempt), [first_attempt(step, leg) for leg in dialled])
    for leg in legs:
        if leg in dialled:
            step.change.orders.append(
                await dial_order(step, leg, [BridgeNumber(**row) for row in lines[leg.id]])
            )
        else:
            await apply(step, leg, LegFailed(**step.about(leg), reason="no_number"))
    return legs


async def _write_legs(
    step: Step, roles: Sequence[str], at_seats: Mapping[str, int], channels: Mapping[str, str], *, asks: bool
) -> dict[str, BridgeLeg]:
    held = step.bridge.kind is BridgeKind.CONSULT
    rows = [
        {
            "bridge_id": step.bridge.id,
            "role": role,
            "channel": channels.get(role),
            "seat_id": at_seats.get(role),
            "aim": LegAim.MUSIC if held and role == CALLER else LegAim.ROOM,
            # A dispatcher of 110, 119 or 120 presses no key
            "asks": asks and not is_emergency(role),
            "since": step.now,
        }
        for role in roles
    ]
    # Rows that differ in what they leave empty would be a statement each
    made = await step.session.scalars(
        insert(BridgeLeg).returning(BridgeLeg), rows, execution_options={"render_nulls": True}
    )
    return {leg.role: leg for leg in made}
