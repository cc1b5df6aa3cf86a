"""Calling out from a seat 外呼: one order rings the own phone and the other side together."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from sqlalchemy.ext.asyncio import AsyncSession

from api.bridge_ports import Bridges
from api.bridge_view import bridge_json
from api.outbound_targets import OutboundBody, Target, find
from api.routes.callbacks import at_seat
from api.same_press import asked_of, free_for, known
from api.security import Operator, Person
from api.state import House, house_of
from core.bridge_words import BridgeKind, Presser
from core.errors import HotlineError, IllegalTransition, NotFound
from core.vocabulary import SeatState
from db.repositories import accounts, bridges, seats
from db.session import reading, transaction
from telephony.bridge_key import Press
from telephony.bridge_limits import read_limits
from telephony.snapshot import masked
from tickets.callback_rules import read_rules
from tickets.callbacks import Facts, begin_attempt, claim, undo_attempt

router = APIRouter(prefix="/api/v1/outbound")

Key = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[A-Za-z0-9._:-]{8,80}$")]
_FREE: Final = frozenset({SeatState.READY, SeatState.PAUSED, SeatState.WRAP_UP})
RECENT: Final = 12


@router.post("")
async def call_out(request: Request, person: Operator, key: Key, body: OutboundBody) -> dict[str, Any]:
    """Ring my phone and theirs; the same Idempotency-Key gives the same call."""
    house, whole_key, asked = house_of(request), f"p{person.id}:{key}", asked_of("outbound", body)
    async with transaction(house.sessions, urgent=True) as session:
        before = await known(session, whole_key, asked)
        if before is not None:
            return await bridge_json(session, before)
        target = await find(session, person, body)
        (await read_limits(session)).check_number(target.line.digits)
        seat_id = await _free_seat(session, person)
        await free_for(session, whole_key, body.callback_id)  # under the seat's lock
        facts = await _begin(session, house, person, body.callback_id, whole_key)
        await accounts.audit(
            session,
            house.clock.now(),
            person.id,
            "called_out",
            _subject(body),
            address=person.address,
            number=masked(target.line.digits),
        )
    for fact in facts:
        await house.bus.publish(fact)
    order = _order(whole_key, asked, person, seat_id, target)
    bridge_id = await _press(request, order, body.callback_id)
    async with reading(house.sessions) as session:
        bridge = await bridges.get(session, bridge_id)
        if bridge is None:
            raise NotFound(what="外呼")
        shown = await bridge_json(session, bridge)
    return {**shown, "number": target.line.digits, "name": target.line.name}


@router.get("")
async def recent(request: Request, person: Operator) -> dict[str, Any]:
    """My last calls out, newest first, to be made again."""
    async with reading(house_of(request).sessions) as session:
        found = await bridges.outbound_of(session, person.id, RECENT)
        return {"calls": [await bridge_json(session, bridge) for bridge in found]}


def _order(key: str, asked: str, person: Person, seat_id: int, target: Target) -> Press:
    return Press(
        key=key,
        presser=Presser.TICKET,
        roles=[target.role],
        kind=BridgeKind.OUTBOUND,
        account_id=person.id,
        seat_id=seat_id,
        call_id=target.call_id,
        ticket_id=target.ticket_id,
        given={target.role: [target.line]},
        asks=False,
        asked=asked,
    )


def _subject(body: OutboundBody) -> str:
    """Whose number it was; a typed one belongs to nobody, and is in the details, masked."""
    kind = body.wanted()[0]
    return kind if kind == "digits" else f"{kind}:{getattr(body, kind)}"


async def _free_seat(session: AsyncSession, person: Person) -> int:
    """This person's seat, where nobody talks and nothing rings. Raises NotAtSeat, IllegalTransition."""
    seat_id = await at_seat(session, person.id)
    seat = await seats.get_for_update(session, seat_id)
    if seat is None or seat.state not in _FREE:
        raise IllegalTransition(reason="振铃或通话中不能外呼")
    return seat_id


async def _begin(
    session: AsyncSession, house: House, person: Person, callback_id: int | None, key: str
) -> Facts:
    """The attempt stands before anything is dialled."""
    if callback_id is None:
        return []
    now = house.clock.now()
    facts = await claim(session, callback_id, person.id, await read_rules(session), now)
    _, begun = await begin_attempt(session, callback_id, person.id, key, now)
    return [*facts, *begun]


async def _press(request: Request, order: Press, callback_id: int | None) -> int:
    service: Bridges = request.app.state.bridges
    try:
        return await service.press(order)
    except HotlineError:
        if callback_id is not None:
            await _undo(house_of(request), order.key)
        raise


async def _undo(house: House, key: str) -> None:
    """Nothing was dialled: the attempt counts for nothing, and the line is everybody's again."""
    async with transaction(house.sessions) as session:
        facts = await undo_attempt(session, key, await read_rules(session), house.clock.now())
    for fact in facts:
        await house.bus.publish(fact)
