"""一键三方: press the key, see each party, mute, remove, call again, add, end."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api import emergency_roles
from api.bridge_caller import Asker, AskerHere
from api.bridge_ports import Bridges
from api.bridge_view import bridge_json
from api.routes.tickets import allowed_ticket
from api.same_press import asked_of
from api.security import Person
from api.state import House, house_of
from api.whose import allowed_number
from core.bridge_words import BridgeState, Presser
from core.emergency_words import ServiceRole
from core.errors import Forbidden, IllegalTransition, InvalidField, NotAtSeat, NotFound
from core.vocabulary import BridgeRole, Role
from db.models import Bridge, Contact, PhoneNumber, Supervision, Ticket, Unit
from db.repositories import accounts, bridges, directory, seats, supervisions, tickets
from db.session import reading, transaction
from telephony.bridge_key import Press
from telephony.bridge_matter import matter_of, ticket_of
from telephony.ports import Number
from telephony.supervision_checks import has_call
from tickets.callback_rules import callable_number

router = APIRouter(prefix="/api/v1/bridges")

DEFAULT_ROLES = (BridgeRole.GRID_WORKER, BridgeRole.INTERNET_OFFICE, BridgeRole.HANDLING_UNIT)
Id = Annotated[int, Path(ge=1, le=2**53)]
Key = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[A-Za-z0-9._:-]{8,80}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PressBody(_Body):
    """From where, and who is to come; what is left out is taken from the ticket."""

    presser: Presser = Presser.SEAT_CALL
    ticket_id: int | None = Field(default=None, ge=1, le=2**53)
    roles: list[BridgeRole | ServiceRole] = Field(
        default_factory=lambda: list(DEFAULT_ROLES), min_length=1, max_length=8
    )
    category: str | None = Field(default=None, pattern=r"^[0-9]{2,8}$")
    town_code: str | None = Field(default=None, pattern=r"^[0-9]{1,12}$")
    village_id: int | None = Field(default=None, ge=1, le=2**53)


class AddBody(_Body):
    """A role that is not there yet, or one number of the directory."""

    role: BridgeRole | ServiceRole | None = None
    number_id: int | None = Field(default=None, ge=1, le=2**53)


class MuteBody(_Body):
    """Off or on."""

    muted: bool = True


@router.post("")
async def press(request: Request, asker: AskerHere, key: Key, body: PressBody) -> dict[str, Any]:
    """One conference; the same Idempotency-Key gives the same one."""
    house = house_of(request)
    async with reading(house.sessions, urgent=True) as session:
        order = await press_of(session, asker, key, body)
    bridge_id = await _service(request).press(order)
    async with transaction(house.sessions) as session:
        who, now = asker.account_id, house.clock.now()
        await accounts.audit(session, now, who, "bridge_pressed", f"bridge:{bridge_id}", **asker.trace)
        return await _shown(session, bridge_id)


@router.get("")
async def find(
    request: Request,
    asker: AskerHere,
    call_id: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,79}$")] = None,
    ticket_id: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> dict[str, Any]:
    """Conferences of a call or a ticket, newest first; without either those that run."""
    async with transaction(house_of(request).sessions) as session:
        found = await bridges.recent(session, call_id=call_id, ticket_id=ticket_id)
        if call_id is None and ticket_id is None:
            found = [bridge for bridge in found if bridge.state is not BridgeState.ENDED]
        asked = await bridges.asked_seat(session, await _own_seat(session, asker))
        mine = [one for one in found if asker.may_handle(one) or asker.began(one) or one.id in asked]
        return {"bridges": [await bridge_json(session, bridge) for bridge in mine]}


@router.get("/{bridge_id}")
async def show(request: Request, asker: AskerHere, bridge_id: Id) -> dict[str, Any]:
    """One conference with its parties."""
    async with transaction(house_of(request).sessions) as session:
        bridge = await bridges.get(session, bridge_id)
        asked = await bridges.asked_seat(session, await _own_seat(session, asker))
        if bridge is None or not (asker.began(bridge) or bridge_id in asked):
            await allowed_bridge(session, asker, bridge_id)
        return await _shown(session, bridge_id)


@router.post("/{bridge_id}/legs")
async def add(request: Request, asker: AskerHere, bridge_id: Id, body: AddBody) -> dict[str, Any]:
    """One more party."""
    if (body.role is None) == (body.number_id is None):
        raise InvalidField(field="role", reason="请选择一个角色，或通讯录中的一个号码")
    async with reading(house_of(request).sessions, urgent=True) as session:
        bridge = await allowed_bridge(session, asker, bridge_id)
        numbers = await directory_number(session, body.number_id) if body.number_id is not None else []
        role = await _role_of(session, bridge, body)
        if role == BridgeRole.CITIZEN:
            ticket = await ticket_of(session, bridge)
            if asker.person is not None:
                await allowed_number(session, asker.person, ticket)
            numbers = citizen(ticket)
    await _service(request).add(bridge_id, role, numbers)
    return await _now(request, asker, bridge_id, "bridge_added")


@router.post("/{bridge_id}/legs/{leg_id}/mute")
async def mute(
    request: Request, asker: AskerHere, bridge_id: Id, leg_id: Id, body: MuteBody
) -> dict[str, Any]:
    """Let nobody hear this party, or all again."""
    await _check(request, asker, bridge_id)
    await _service(request).mute(bridge_id, leg_id, muted=body.muted)
    return await _now(request, asker, bridge_id, "bridge_muted")


@router.post("/{bridge_id}/legs/{leg_id}/remove")
async def remove(request: Request, asker: AskerHere, bridge_id: Id, leg_id: Id) -> dict[str, Any]:
    """Take a party out, or stop calling it."""
    await _check(request, asker, bridge_id)
    await _service(request).remove(bridge_id, leg_id)
    return await _now(request, asker, bridge_id, "bridge_removed")


@router.post("/{bridge_id}/legs/{leg_id}/redial")
async def redial(request: Request, asker: AskerHere, bridge_id: Id, leg_id: Id) -> dict[str, Any]:
    """Call a role again from its first number."""
    await _check(request, asker, bridge_id)
    await _service(request).redial(bridge_id, leg_id)
    return await _now(request, asker, bridge_id, "bridge_redialled")


@router.post("/{bridge_id}/end")
async def end(request: Request, asker: AskerHere, bridge_id: Id) -> dict[str, Any]:
    """End it for all."""
    await _check(request, asker, bridge_id)
    await _service(request).end(bridge_id)
    return await _now(request, asker, bridge_id, "bridge_ended")


async def _role_of(session: AsyncSession, bridge: Bridge, body: AddBody) -> str | None:
    if body.number_id is not None:
        return await emergency_roles.of_number(session, body.number_id)
    matter = await matter_of(session, bridge)
    return (await emergency_roles.named(session, [str(body.role)], matter))[0]


async def _own_seat(session: AsyncSession, asker: Asker) -> int | None:
    seat = await seats.of_operator(session, asker.person.id) if asker.person is not None else None
    return seat.id if seat is not None else None


def _service(request: Request) -> Bridges:
    service: Bridges = request.app.state.bridges
    return service


async def press_of(session: AsyncSession, asker: Asker, key: str, body: PressBody) -> Press:
    """The press with what the house knows beside it. Raises NotAtSeat, NotFound, Forbidden."""
    person = asker.person
    if (person is None) != (body.presser is Presser.API):
        raise InvalidField(field="presser", reason="与登录方式不符")
    seat = await seats.of_operator(session, person.id) if person is not None else None
    taken = await _taken(session, person) if body.presser is Presser.LEADER_CALL else None
    call_id = taken.call_id if taken is not None else None
    if body.presser is Presser.SEAT_CALL:
        if seat is None or seat.call_id is None:
            raise NotAtSeat
        call_id = seat.call_id
    ticket = await _ticket(session, call_id, body.ticket_id)
    if ticket is not None and person is not None and (call_id is None or ticket.call_id != call_id):
        # Who may not open a ticket calls nobody in its name; who has the caller on the line may always
        await allowed_ticket(session, person, ticket.id)
    called = call_id is None and BridgeRole.CITIZEN in body.roles  # else the citizen is on the line
    if person is not None and called:
        await allowed_number(session, person, ticket)
    at_seat = seat is not None and body.presser in (Presser.SEAT_CALL, Presser.TICKET)
    category = body.category or (ticket.category_code if ticket is not None else None)
    town = body.town_code or (ticket.town_code if ticket is not None else None)
    village = body.village_id or (ticket.village_id if ticket is not None else None)
    matter = directory.Matter(category or "", town, village)
    return Press(
        key=f"{asker.name}:{key}",
        presser=body.presser,
        roles=await emergency_roles.named(session, body.roles, matter),
        account_id=asker.account_id,
        seat_id=seat.id if seat is not None and at_seat else None,
        call_id=call_id,
        supervision_id=taken.id if taken is not None else None,
        ticket_id=ticket.id if ticket is not None else None,
        category=category,
        town=town,
        village=village,
        given={str(BridgeRole.CITIZEN): citizen(ticket)} if called else {},
        asked=asked_of("bridge", body, call_id),
    )


async def _taken(session: AsyncSession, person: Person | None) -> Supervision:
    """The call that this shift leader took over and has. Raises Forbidden, IllegalTransition."""
    if person is None or not person.at_least(Role.SHIFT_LEADER):
        raise Forbidden
    row = await supervisions.open_of(session, person.id)
    if row is None or not has_call(row, person.id):
        raise IllegalTransition(reason="您没有接管着的通话")
    return row


async def _ticket(session: AsyncSession, call_id: str | None, ticket_id: int | None) -> Ticket | None:
    if ticket_id is None:
        return await tickets.of_call(session, call_id) if call_id is not None else None
    found = await tickets.get(session, ticket_id)
    if found is None:
        raise NotFound(what="工单")
    return found


def citizen(ticket: Ticket | None) -> list[Number]:
    """The citizen is called at the number that called us, never at one that was typed."""
    number = callable_number(ticket.caller_number) if ticket is not None else ""
    return [Line(number, "来电号码", "群众")] if number else []


class Line:
    """One number to call."""

    def __init__(self, digits: str, label: str, name: str) -> None:
        self.digits, self.label, self.name = digits, label, name


async def directory_number(session: AsyncSession, number_id: int) -> list[Number]:
    """One number of the directory, with its owner's name. Raises NotFound."""
    row = await session.get(PhoneNumber, number_id)
    if row is None:
        raise NotFound(what="通讯录号码")
    unit = await session.get(Unit, row.unit_id) if row.unit_id else None
    contact = await session.get(Contact, row.contact_id) if row.contact_id else None
    name = unit.name if unit is not None else contact.name if contact is not None else ""
    return [Line(row.number, str(row.kind), name)]


async def allowed_bridge(session: AsyncSession, asker: Asker, bridge_id: int) -> Bridge:
    """The room, if the asker may order in it. Raises NotFound, Forbidden."""
    bridge = await bridges.get(session, bridge_id)
    if bridge is None:
        raise NotFound(what="三方通话")
    if not asker.may_handle(bridge):
        raise Forbidden
    return bridge


async def _check(request: Request, asker: Asker, bridge_id: int) -> None:
    async with reading(house_of(request).sessions, urgent=True) as session:
        await allowed_bridge(session, asker, bridge_id)


async def _now(request: Request, asker: Asker, bridge_id: int, act: str) -> dict[str, Any]:
    house: House = house_of(request)
    async with transaction(house.sessions) as session:
        who, now = asker.account_id, house.clock.now()
        await accounts.audit(session, now, who, act, f"bridge:{bridge_id}", **asker.trace)
        return await _shown(session, bridge_id)


async def _shown(session: AsyncSession, bridge_id: int) -> dict[str, Any]:
    bridge = await bridges.get(session, bridge_id)
    if bridge is None:
        raise NotFound(what="三方通话")
    return await bridge_json(session, bridge)
