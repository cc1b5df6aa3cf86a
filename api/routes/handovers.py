"""移交 110/119/120/122: a call of life and death goes over to who can save it, with nobody cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from api import emergency_roles
from api.bridge_ports import Bridges
from api.bridge_view import bridge_json
from api.routes.bridges import Id, Key
from api.routes.calls import CallIdPath
from api.same_press import asked_of, known
from api.security import Operator, Person
from api.state import house_of
from api.whose import allowed_call
from core.bridge_words import BridgeState, LegState, Presser
from core.emergency_words import SERVICES, is_emergency, role_of, service_of
from core.errors import Forbidden, IllegalTransition, NotAtSeat, NotFound
from core.vocabulary import Role, Speaker
from db.models import Bridge, BridgeLeg, Seat
from db.repositories import accounts, bridges, directory, emergencies, seats, tickets, utterances
from db.repositories.directory import Candidate
from db.session import reading, transaction
from telephony.bridge_key import Press
from telephony.bridge_limits import NobodyToCall
from telephony.bridge_states import ON_THE_WAY, OVER
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
        here = await _called(session, await bridges.open_of_call(session, call_id))
        said = [
            line.text for line in await utterances.of_call(session, call_id) if line.speaker is Speaker.CALLER
        ]
        suggested = suggest(said, await _by_rule(session, call_id), here)
    services = [
        {"service": code, "label": label, "called": code in here}
        for code, label in SERVICES.items()
        if found[code]
    ]
    return {"services": services, "suggested": suggested if suggested and found.get(suggested) else None}


@router.post("")
async def hand_over(request: Request, person: Operator, key: Key, body: Handover) -> dict[str, Any]:
    """Call the service into the caller's conference; it is asked for no key, and joins when it answers.

    Each service is a party of its own: 119 and 120 come to one conference, and each is called once.
    """
    house, whole_key = house_of(request), f"p{person.id}:{key}"
    async with reading(house.sessions, urgent=True) as session:
        seat = await seats.of_operator(session, person.id)
        if seat is None or seat.call_id is None:
            raise NotAtSeat
        asked = asked_of("handover", body, seat.call_id)
        await known(session, whole_key, asked)
        ticket = await tickets.of_call(session, seat.call_id)
        running = await bridges.open_of_call(session, seat.call_id)
        numbers = (await emergencies.numbers(session, [body.service]))[body.service]
    if not numbers:
        raise NobodyToCall
    role, service = str(role_of(body.service)), _service(request)
    if running is not None:
        bridge_id = running.id
    else:
        press = Press(
            key=whole_key,
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
            asked=asked,
        )
        bridge_id = await service.press(press)
    await _see_that_it_comes(request, bridge_id, role, numbers)
    return await _told(request, person, bridge_id, "handover_pressed", service=body.service)


@router.post("/{bridge_id}/done")
async def done(request: Request, person: Operator, bridge_id: Id) -> dict[str, Any]:
    """已移交，我退出: the service has the call; who presses leaves, caller and service talk on, recorded."""
    async with reading(house_of(request).sessions) as session:
        bridge = await bridges.get(session, bridge_id)
        if bridge is None:
            raise NotFound(what="三方通话")
        legs = await bridges.legs_of(session, bridge_id)
        own = _inside(legs, await seats.of_operator(session, person.id))
    if own is None:
        if bridge.account_id != person.id and not person.at_least(Role.SHIFT_LEADER):
            raise Forbidden
        raise IllegalTransition(reason="您不在这个会议里，无需退出")
    services = [leg.state for leg in legs if is_emergency(leg.role)]
    if LegState.JOINED not in services:
        raise IllegalTransition(reason="对方还没有接通，不能移交")
    if any(state in ON_THE_WAY for state in services):
        # Were it in vain, nobody would be left to call again
        raise IllegalTransition(reason="还有一方正在呼叫，接通或移出后再退出")
    await _service(request).remove(bridge_id, own.id)
    return await _told(request, person, bridge_id, "handed_over")


def _inside(legs: Sequence[BridgeLeg], seat: Seat | None) -> BridgeLeg | None:
    """The party that this seat is, by whichever role it came in: the call may have been given to it."""
    mine = [leg for leg in legs if seat is not None and leg.seat_id == seat.id]
    return next((leg for leg in mine if leg.state is LegState.JOINED), None)


def _service(request: Request) -> Bridges:
    service: Bridges = request.app.state.bridges
    return service


async def _see_that_it_comes(
    request: Request, bridge_id: int, role: str, numbers: Sequence[Candidate]
) -> None:
    """The service is a party of this conference: added to one that ran, called again where it was in vain."""
    async with reading(house_of(request).sessions, urgent=True) as session:
        bridge = await bridges.get(session, bridge_id)
        leg = next((leg for leg in await bridges.legs_of(session, bridge_id) if leg.role == role), None)
    if bridge is None or bridge.state is BridgeState.ENDED:
        return  # the same press, told again after all was over
    if leg is None:
        await _service(request).add(bridge_id, role, numbers, asks=False)
    elif leg.state in OVER:
        await _service(request).redial(bridge_id, leg.id)


async def _called(session: AsyncSession, running: Bridge | None) -> set[str]:
    """Services that are in the conference or on their way."""
    legs = await bridges.legs_of(session, running.id) if running is not None else []
    called = {service_of(leg.role) for leg in legs if leg.state not in OVER}
    return {service for service in called if service is not None}


async def _by_rule(session: AsyncSession, call_id: str) -> str | None:
    """The service that the directory's rules name for the ticket's category."""
    ticket = await tickets.of_call(session, call_id)
    if ticket is None or not ticket.category_code:
        return None
    matter = directory.Matter(ticket.category_code, ticket.town_code, ticket.village_id)
    return await emergency_roles.by_rule(session, matter)


async def _told(request: Request, person: Person, bridge_id: int, act: str, **details: str) -> dict[str, Any]:
    house = house_of(request)
    who = {**details, "address": person.address}
    async with transaction(house.sessions) as session:
        await accounts.audit(session, house.clock.now(), person.id, act, f"bridge:{bridge_id}", **who)
        bridge = await bridges.get(session, bridge_id)
        if bridge is None:
            raise NotFound(what="三方通话")
        return await bridge_json(session, bridge)
