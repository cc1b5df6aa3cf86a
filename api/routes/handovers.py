"""移交 110/119/120/122: a call of life and death goes over to who can save it, with nobody cut off."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from api.bridge_ports import Bridges
from api.bridge_view import bridge_json
from api.routes.bridges import Id, Key
from api.routes.calls import CallIdPath, allowed_call
from api.security import Operator, Person
from api.state import house_of
from core.bridge_words import SEAT, LegState, Presser
from core.emergency_words import SERVICES
from core.errors import Forbidden, IllegalTransition, NotAtSeat, NotFound
from core.vocabulary import BridgeRole, Role, Speaker
from db.models import Unit
from db.repositories import accounts, bridges, directory, emergencies, seats, tickets, utterances
from db.session import reading, transaction
from telephony.bridge_key import Press
from telephony.bridge_limits import NobodyToCall
from tickets.emergency_service import suggest

router = APIRouter(prefix="/api/v1/handovers")


class Handover(BaseModel):
    """To whom."""

    model_config = ConfigDict(extra="forbid")
    service: Literal["110", "119", "120", "122"]


@router.get("/{call_id}")
async def proposal(request: Request, person: Operator, call_id: CallIdPath) -> dict[str, Any]:
    """The services that can be called, and the one that the caller's words call for, if they are plain."""
    async with reading(house_of(request).sessions) as session:
        await allowed_call(session, person, call_id)
        found = await emergencies.numbers(session, list(SERVICES))
        said = [
            line.text for line in await utterances.of_call(session, call_id) if line.speaker is Speaker.CALLER
        ]
        suggested = suggest(said, await _by_rule(session, call_id))
    services = [{"service": code, "label": label} for code, label in SERVICES.items() if found[code]]
    return {"services": services, "suggested": suggested if suggested and found.get(suggested) else None}


@router.post("")
async def hand_over(request: Request, person: Operator, key: Key, body: Handover) -> dict[str, Any]:
    """Call the service into the caller's conference; it is asked for no key, and joins when it answers."""
    house = house_of(request)
    async with reading(house.sessions, urgent=True) as session:
        seat = await seats.of_operator(session, person.id)
        if seat is None or seat.call_id is None:
            raise NotAtSeat
        ticket = await tickets.of_call(session, seat.call_id)
        running = await bridges.open_of_call(session, seat.call_id)
        numbers = (await emergencies.numbers(session, [body.service]))[body.service]
    if not numbers:
        raise NobodyToCall
    role, service = str(BridgeRole.EMERGENCY), _service(request)
    if running is not None:
        bridge_id = running.id
        await service.add(bridge_id, role, numbers, asks=False)
    else:
        press = Press(
            key=f"p{person.id}:{key}",
            presser=Presser.SEAT_CALL,
            roles=[role],
            account_id=person.id,
            seat_id=seat.id,
            call_id=seat.call_id,
            ticket_id=ticket.id if ticket is not None else None,
            category=ticket.category_code if ticket is not None else None,
            given={role: numbers},
            asks=False,
            announce=body.service,
        )
        bridge_id = await service.press(press)
    return await _told(request, person, bridge_id, "handover_pressed", service=body.service)


@router.post("/{bridge_id}/done")
async def done(request: Request, person: Operator, bridge_id: Id) -> dict[str, Any]:
    """已移交: the service has the call; the seat leaves, caller and service go on talking, recorded."""
    async with reading(house_of(request).sessions) as session:
        bridge = await bridges.get(session, bridge_id)
        if bridge is None:
            raise NotFound(what="三方通话")
        if bridge.account_id != person.id and not person.at_least(Role.SHIFT_LEADER):
            raise Forbidden
        legs = {leg.role: leg for leg in await bridges.legs_of(session, bridge_id)}
    taken, seat = legs.get(str(BridgeRole.EMERGENCY)), legs.get(SEAT)
    if taken is None or taken.state is not LegState.JOINED:
        raise IllegalTransition(reason="对方还没有接通，不能移交")
    if seat is not None and seat.state is LegState.JOINED:
        await _service(request).remove(bridge_id, seat.id)
    return await _told(request, person, bridge_id, "handed_over")


def _service(request: Request) -> Bridges:
    service: Bridges = request.app.state.bridges
    return service


async def _by_rule(session: AsyncSession, call_id: str) -> str | None:
    """The service that the directory's rules name for the ticket's category."""
    ticket = await tickets.of_call(session, call_id)
    if ticket is None or not ticket.category_code:
        return None
    rules = await directory.roles_for(session, ticket.category_code, ticket.town_code, ticket.village_id)
    rule = rules.get(BridgeRole.EMERGENCY)
    unit = await session.get(Unit, rule.unit_id) if rule is not None and rule.unit_id else None
    return unit.code if unit is not None and unit.code in SERVICES else None


async def _told(request: Request, person: Person, bridge_id: int, act: str, **details: str) -> dict[str, Any]:
    house = house_of(request)
    who = {**details, "address": person.address}
    async with transaction(house.sessions) as session:
        await accounts.audit(session, house.clock.now(), person.id, act, f"bridge:{bridge_id}", **who)
        bridge = await bridges.get(session, bridge_id)
        if bridge is None:
            raise NotFound(what="三方通话")
        return await bridge_json(session, bridge)
