"""Tickets: one list, one file, its steps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.security import MAX_ROW_ID, PLAIN_TEXT, Operator, Person, log_look
from api.state import House, house_of
from api.whose import number_open, openable
from core.errors import Forbidden, InvalidField, NotFound
from core.ticket_words import STEP_LABELS
from core.vocabulary import PauseReason, Role, TicketKind, TicketStatus, Urgency, label
from db.models import Category, Ticket, Town, Village
from db.repositories import accounts, recordings, tickets
from db.session import reading, transaction
from telephony.snapshot import masked
from tickets import service
from tickets.lifecycle import EDITABLE, NEXT

router = APIRouter(prefix="/api")

TicketNumber = Annotated[int, Path(ge=1, le=MAX_ROW_ID)]
Fields = Annotated[dict[str, Any], Body()]
BY_SYSTEM = (PauseReason.WRAP_UP, PauseReason.MISSED, PauseReason.SYSTEM)


@router.get("/tickets")
async def list_tickets(
    request: Request,
    person: Operator,
    status: Literal["", "draft", "pending_accept", "to_dispatch", "answered", "void", "merged"] = "",
    q: Annotated[str, Query(max_length=60, pattern=PLAIN_TEXT)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """Tickets of every channel, newest first, fifty a page; numbers masked."""
    async with reading(house_of(request).sessions) as session:
        seen_by = None if person.at_least(Role.SHIFT_LEADER) else person.id
        found, total = await tickets.search(
            session, status=status, text=q, seen_by=seen_by, limit=50, offset=(page - 1) * 50
        )
        joined = await tickets.how_many_joined(session, [ticket.id for ticket in found])
        people = await accounts.names(session)
        mine = await openable(session, person, found)
    rows = [
        {
            **brief(ticket, person),
            "joined": joined.get(ticket.id, 0),
            "operator_name": people[ticket.operator_id].name if ticket.operator_id in people else None,
            "may_open": ticket.id in mine,
        }
        for ticket in found
    ]
    return {"page": page, "total": total, "tickets": rows}


@router.get("/tickets/{ticket_id}")
async def get_ticket(request: Request, person: Operator, ticket_id: TicketNumber) -> dict[str, Any]:
    """The whole file with its history and its recording."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        ticket = await allowed_ticket(session, person, ticket_id)
        answer = await whole(session, ticket, person)
        if answer["contact_number"]:
            await log_look(house, session, person, "number_seen", f"ticket:{ticket_id}")
        return answer


@router.put("/tickets/{ticket_id}")
async def put_ticket(
    request: Request, person: Operator, ticket_id: TicketNumber, fields: Fields
) -> dict[str, Any]:
    """Change fields; `version` is the one that was seen."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        await allowed_ticket(session, person, ticket_id)
        ticket = await service.edit(session, ticket_id, fields, person.id, house.clock.now())
        fact = await service.told(session, ticket, house.clock.now())
        answer = await whole(session, ticket, person)
    await house.bus.publish(fact)
    return answer


@router.post("/tickets/{ticket_id}/submit")
async def submit(
    request: Request, person: Operator, ticket_id: TicketNumber, fields: Fields
) -> dict[str, Any]:
    """Send on (`to_dispatch`) or close as answered on the call (`answered`)."""
    try:
        to = TicketStatus(fields.get("to", ""))
    except ValueError:
        raise InvalidField(field="to", reason="只能转派单或直接答复") from None
    if to not in (TicketStatus.TO_DISPATCH, TicketStatus.ANSWERED):
        raise InvalidField(field="to", reason="只能转派单或直接答复")
    return await _move(house_of(request), person, ticket_id, to, fields)


@router.post("/tickets/{ticket_id}/void")
async def void(request: Request, person: Operator, ticket_id: TicketNumber, fields: Fields) -> dict[str, Any]:
    """Declare void, with a reason."""
    return await _move(house_of(request), person, ticket_id, TicketStatus.VOID, fields)


@router.get("/reference")
async def reference(request: Request, person: Operator) -> dict[str, Any]:
    """The lists a form offers."""
    del person
    async with reading(house_of(request).sessions) as session:
        categories = list(
            await session.scalars(select(Category).where(Category.active).order_by(Category.code))
        )
        towns = list(await session.scalars(select(Town).order_by(Town.code)))
        villages = list(await session.scalars(select(Village).order_by(Village.id)))
    return {
        "kinds": list(TicketKind),
        "urgencies": list(Urgency),
        "categories": [{"code": c.code, "parent": c.parent_code, "name": c.name} for c in categories],
        "towns": [{"code": town.code, "name": town.name} for town in towns],
        "villages": [{"id": v.id, "town": v.town_code, "name": v.name} for v in villages],
        "pause_reasons": [{"key": r, "label": label(r)} for r in PauseReason if r not in BY_SYSTEM],
    }


async def _move(
    house: House, person: Person, ticket_id: int, to: TicketStatus, fields: dict[str, Any]
) -> dict[str, Any]:
    async with transaction(house.sessions) as session:
        await allowed_ticket(session, person, ticket_id)
        ticket = await service.move(session, ticket_id, to, fields, person.id, house.clock.now())
        fact = await service.told(session, ticket, house.clock.now())
        answer = await whole(session, ticket, person)
    await house.bus.publish(fact)
    return answer


async def allowed_ticket(session: AsyncSession, person: Person, ticket_id: int) -> Ticket:
    """The file, for who may open it. Raises NotFound, Forbidden."""
    ticket = await tickets.get(session, ticket_id)
    if ticket is None:
        raise NotFound(what="工单")
    if await openable(session, person, [ticket]):
        return ticket
    raise Forbidden


async def _parent(session: AsyncSession, person: Person, parent: Ticket) -> dict[str, Any]:
    may_open = bool(await openable(session, person, [parent]))
    return {"id": parent.id, "number": parent.number, "may_open": may_open}


def brief(ticket: Ticket, person: Person) -> dict[str, Any]:
    """A ticket as a list shows it."""
    hidden = ticket.secret and not (person.at_least(Role.SHIFT_LEADER) or ticket.operator_id == person.id)
    return {
        "id": ticket.id,
        "number": ticket.number,
        "status": ticket.status,
        "status_label": label(ticket.status),
        "channel": ticket.channel,
        "kind": ticket.kind,
        "urgency": ticket.urgency,
        "secret": ticket.secret,
        "title": "（保密）" if hidden else ticket.title or ticket.content[:30],
        "caller_masked": "****" if ticket.secret else masked(ticket.caller_number),
        "call_id": None if hidden else ticket.call_id,
        "created_at": ticket.created_at.isoformat(),
        "updated_at": ticket.updated_at.isoformat(),
        "version": ticket.version,
    }


async def whole(session: AsyncSession, ticket: Ticket, person: Person) -> dict[str, Any]:
    """The whole file as its page shows it."""
    people = await accounts.names(session)
    parent = await tickets.get(session, ticket.parent_id) if ticket.parent_id else None
    joined = await tickets.how_many_joined(session, [ticket.id])
    sounds = await recordings.of_call(session, ticket.call_id) if ticket.call_id else []
    fields = {
        name: getattr(ticket, name) for name in (*service.TEXT_LIMITS, *service.FLAGS, *service.REFERENCES)
    }
    if ticket.contact_number == ticket.caller_number:
        fields["contact_number"] = ""
    return {
        **brief(ticket, person),
        **fields,
        "editable": ticket.status in EDITABLE,
        "next": sorted(NEXT[ticket.status]),
        "joined": joined.get(ticket.id, 0),
        "parent": await _parent(session, person, parent) if parent is not None else None,
        "may_call": await number_open(session, person, ticket),
        "may_part": parent is not None and person.at_least(Role.SHIFT_LEADER),
        "seat_id": ticket.seat_id,
        "operator_name": people[ticket.operator_id].name if ticket.operator_id in people else None,
        "recording_id": sounds[0].id if sounds and sounds[0].joined_file else None,
        "events": [
            {
                "at": event.at.isoformat(),
                "who": people[event.account_id].name if event.account_id in people else "系统",
                "from_label": label(event.from_status) if event.from_status else None,
                "to_label": label(event.to_status),
                "reason": event.reason,
                "words": STEP_LABELS.get(event.reason, event.reason),
                "changes": event.changes,
            }
            for event in await tickets.history(session, ticket.id)
        ],
    }
