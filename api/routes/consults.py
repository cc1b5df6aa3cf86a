"""咨询转接: ask somebody while the caller hears music, then fetch him in, hand him over or take him back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api import emergency_roles
from api.bridge_caller import Asker, AskerHere
from api.bridge_ports import Bridges
from api.bridge_view import bridge_json
from api.routes.bridges import Id, Key, allowed_bridge, directory_number
from api.same_press import asked_of, known
from api.state import house_of
from core.bridge_words import COLLEAGUE, BridgeKind, Presser
from core.emergency_words import ServiceRole
from core.errors import Forbidden, InvalidField, NotAtSeat
from core.vocabulary import BridgeRole
from db.models import Bridge, Seat, Ticket
from db.repositories import accounts, bridges, directory, seats, tickets
from db.session import reading, transaction
from telephony.bridge_key import Ask, Press
from telephony.consult_states import Order
from telephony.ports import Number

router = APIRouter(prefix="/api/v1/bridges")
GIVEN = "extra-1"
"""The role of a person who was chosen from the directory by number."""


class Consults(Protocol):
    """What people may order of consultations (telephony.consult_service)."""

    async def ask(self, bridge_id: int, ask: Ask) -> None:
        """Consult in a room that runs."""
        ...

    async def order(self, bridge_id: int, order: Order) -> None:
        """One order of the seat."""
        ...

    async def requeue(self, call_id: str, seat_id: int) -> None:
        """The caller back to the queue."""
        ...


class ConsultBody(BaseModel):
    """Whom to ask: a seat, a role, a number of the directory, or the queue; `blind`, without waiting."""

    model_config = ConfigDict(extra="forbid")

    seat_id: int | None = Field(default=None, ge=1, le=99)
    role: BridgeRole | ServiceRole | None = None
    number_id: int | None = Field(default=None, ge=1, le=2**53)
    queue: bool = False
    blind: bool = False

    def check(self) -> None:
        """Raises InvalidField."""
        if (
            sum((self.seat_id is not None, self.role is not None, self.number_id is not None, self.queue))
            != 1
        ):
            raise InvalidField(field="seat_id", reason="请选择一个坐席、一个角色、一个号码，或转回排队")


@router.post("/consult")
async def consult(request: Request, asker: AskerHere, key: Key, body: ConsultBody) -> dict[str, Any]:
    """Begin, or go on in the room that runs on this seat's call; the same Idempotency-Key begins it once."""
    body.check()
    house = house_of(request)
    service: Consults = request.app.state.consults
    async with reading(house.sessions, urgent=True) as session:
        seat, call_id = await _seat_of(session, asker)
        running = await bridges.open_of_call(session, call_id)
        asked = asked_of("consult", body, call_id)
        again = await known(session, f"{asker.name}:{key}", asked)
        if running is not None and not asker.may_handle(running):
            raise Forbidden
        numbers = await directory_number(session, body.number_id) if body.number_id is not None else []
        ticket = await tickets.of_call(session, call_id)
        role = await _role_of(session, body, ticket)
        new = not body.queue and (again is not None or running is None)
        press = _press_of(asker, seat, ticket, body, role or GIVEN, numbers) if new else {}
    act = "transferred" if body.blind or body.queue else "consulted"
    if body.queue:
        await service.requeue(call_id, seat.id)
        return await _answer(request, asker, act, call_id, None)
    if running is not None and not new:
        await service.ask(running.id, Ask(body.seat_id, role, numbers, body.blind))
        return await _answer(request, asker, act, call_id, running.id)
    presses: Bridges = request.app.state.bridges
    bridge_id = await presses.press(Press(key=f"{asker.name}:{key}", asked=asked, **press))
    return await _answer(request, asker, act, call_id, bridge_id)


@router.post("/{bridge_id}/join")
async def join(request: Request, asker: AskerHere, bridge_id: Id) -> dict[str, Any]:
    """Fetch the caller in: all hear each other."""
    return await _order(request, asker, bridge_id, Order.JOIN)


@router.post("/{bridge_id}/complete")
async def complete(request: Request, asker: AskerHere, bridge_id: Id) -> dict[str, Any]:
    """Hand the caller over and leave."""
    return await _order(request, asker, bridge_id, Order.COMPLETE)


@router.post("/{bridge_id}/back")
async def back(request: Request, asker: AskerHere, bridge_id: Id) -> dict[str, Any]:
    """Let go whom was asked and take the caller back."""
    return await _order(request, asker, bridge_id, Order.BACK)


@router.post("/{bridge_id}/hold")
async def hold(request: Request, asker: AskerHere, bridge_id: Id) -> dict[str, Any]:
    """The caller to the music; the others talk among themselves."""
    return await _order(request, asker, bridge_id, Order.HOLD)


@router.post("/{bridge_id}/swap")
async def swap(request: Request, asker: AskerHere, bridge_id: Id) -> dict[str, Any]:
    """Talk with the other one: the caller or whom was asked; who is left hears music."""
    return await _order(request, asker, bridge_id, Order.SWAP)


async def _order(request: Request, asker: Asker, bridge_id: int, order: Order) -> dict[str, Any]:
    async with reading(house_of(request).sessions, urgent=True) as session:
        known = await bridges.get(session, bridge_id)
        given = known is not None and asker.began(known) and not asker.may_handle(known)
        if known is not None and given and order is Order.COMPLETE:
            # Pressed again because the answer was lost: it is done, the call is the colleague's already
            return await bridge_json(session, known)
        bridge = await allowed_bridge(session, asker, bridge_id)
        call_id = bridge.call_id or ""
    service: Consults = request.app.state.consults
    await service.order(bridge_id, order)
    return await _answer(request, asker, f"consult_{order}", call_id, bridge_id)


async def _seat_of(session: AsyncSession, asker: Asker) -> tuple[Seat, str]:
    person = asker.person
    seat = await seats.of_operator(session, person.id) if person is not None else None
    if seat is None or seat.call_id is None:
        raise NotAtSeat
    return seat, seat.call_id


async def _role_of(session: AsyncSession, body: ConsultBody, ticket: Ticket | None) -> str | None:
    if body.number_id is not None:
        return await emergency_roles.of_number(session, body.number_id)
    if body.role is None:
        return None
    about = (ticket.category_code or "", ticket.town_code, ticket.village_id) if ticket else ("", None, None)
    return (await emergency_roles.named(session, [body.role], directory.Matter(*about)))[0]


def _press_of(  # noqa: PLR0913, RUF100 - whom to ask, by whom and about what
    asker: Asker, seat: Seat, ticket: Ticket | None, body: ConsultBody, role: str, numbers: Sequence[Number]
) -> dict[str, Any]:
    role = COLLEAGUE if body.seat_id is not None else role
    return {
        "kind": BridgeKind.CONSULT,
        "presser": Presser.SEAT_CALL,
        "roles": [role],
        "account_id": asker.account_id,
        "seat_id": seat.id,
        "call_id": seat.call_id,
        "ticket_id": ticket.id if ticket is not None else None,
        "category": ticket.category_code if ticket is not None else None,
        "town": ticket.town_code if ticket is not None else None,
        "village": ticket.village_id if ticket is not None else None,
        "given": {role: numbers} if numbers else {},
        "seats": {role: body.seat_id} if body.seat_id is not None else {},
        "blind": body.blind,
    }


async def _answer(
    request: Request, asker: Asker, act: str, call_id: str, bridge_id: int | None
) -> dict[str, Any]:
    house = house_of(request)
    subject = f"bridge:{bridge_id}" if bridge_id is not None else f"call:{call_id}"
    async with transaction(house.sessions) as session:
        await accounts.audit(session, house.clock.now(), asker.account_id, act, subject, **asker.trace)
        found = await session.get(Bridge, bridge_id) if bridge_id is not None else None
        return await bridge_json(session, found) if found is not None else {"queued": True}
