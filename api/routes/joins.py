"""并单: an operator joins the file they hold into another; a shift leader takes it out again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.routes.tickets import TicketNumber, allowed_ticket, brief, whole
from api.security import MAX_ROW_ID, Operator, Person, ShiftLeader
from api.state import House, house_of
from api.whose import openable
from core.errors import Forbidden
from core.vocabulary import Role
from db.models import Ticket
from db.repositories import accounts, tickets
from db.session import reading, transaction
from tickets import joining, service

router = APIRouter(prefix="/api")
Move = Callable[[AsyncSession, dt.datetime], Awaitable[tuple[Ticket, Ticket]]]
"""Joins or parts; answers with child and parent."""


class Join(BaseModel):
    """Into which file, and the version that was seen of the one that moves."""

    model_config = ConfigDict(extra="forbid")
    into: int = Field(ge=1, le=MAX_ROW_ID)
    version: int = Field(ge=1)


class Part(BaseModel):
    """The version that was seen."""

    model_config = ConfigDict(extra="forbid")
    version: int = Field(ge=1)


@router.post("/tickets/{ticket_id}/join")
async def join(request: Request, person: Operator, ticket_id: TicketNumber, body: Join) -> dict[str, Any]:
    """The file becomes 已合并 and is listed under the other one; its caller stays its own."""

    async def move(session: AsyncSession, now: dt.datetime) -> tuple[Ticket, Ticket]:
        await allowed_ticket(session, person, ticket_id)
        into = await tickets.get(session, body.into)
        if into is not None and into.secret and not _may_see(person, into):
            raise Forbidden
        return await joining.join(session, ticket_id, body.into, body.version, person.id, now)

    return await _moved(house_of(request), person, move, ("ticket_joined", "into"))


@router.post("/tickets/{ticket_id}/part")
async def part(request: Request, person: ShiftLeader, ticket_id: TicketNumber, body: Part) -> dict[str, Any]:
    """A joined file stands on its own again, where it stood before."""

    async def move(session: AsyncSession, now: dt.datetime) -> tuple[Ticket, Ticket]:
        return await joining.part(session, ticket_id, body.version, person.id, now)

    return await _moved(house_of(request), person, move, ("ticket_parted", "out_of"))


async def _moved(house: House, person: Person, move: Move, written: tuple[str, str]) -> dict[str, Any]:
    """Child and parent in one transaction with the note of who did it; both are told of once it stands."""
    act, parent_is = written
    async with transaction(house.sessions) as session:
        now = house.clock.now()
        child, parent = await move(session, now)
        more = {parent_is: parent.number, "address": person.address}
        await accounts.audit(session, now, person.id, act, f"ticket:{child.id}", **more)
        facts = [await service.told(session, one, now) for one in (child, parent)]
        answer = await whole(session, child, person)
    for fact in facts:
        await house.bus.publish(fact)
    return answer


@router.get("/tickets/{ticket_id}/joined")
async def joined(request: Request, person: Operator, ticket_id: TicketNumber) -> dict[str, Any]:
    """The files joined into this one, each with its own caller, masked."""
    house: House = house_of(request)
    async with reading(house.sessions) as session:
        await allowed_ticket(session, person, ticket_id)
        found = await tickets.joined_to(session, ticket_id)
        mine = await openable(session, person, found)
        return {"tickets": [{**brief(one, person), "may_open": one.id in mine} for one in found]}


def _may_see(person: Person, ticket: Ticket) -> bool:
    return person.at_least(Role.SHIFT_LEADER) or ticket.operator_id == person.id
