"""The grid worker's telephone: one key between an emergency and three people talking; a matter reported."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.bridge_ports import Bridges
from api.bridge_view import bridge_json
from api.same_press import asked_of
from api.security import MAX_ROW_ID, PLAIN_TEXT, GridWorker, Person
from api.state import house_of
from core.bridge_words import Presser
from core.emergency_words import role_of
from core.errors import Forbidden, InvalidField, NotFound
from core.vocabulary import BridgeRole, NumberKind, label
from db.models import Bridge, Category, Contact, Grid, GridMember, PhoneNumber, Town, Village
from db.repositories import accounts, bridges, directory, emergencies
from db.session import reading, transaction
from telephony.bridge_key import Press
from telephony.ports import Number
from tickets.for_grid import Reporter, open_for_grid

router = APIRouter(prefix="/api/v1/grid")

RowId = Annotated[int, Path(ge=1, le=MAX_ROW_ID)]
Key = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[A-Za-z0-9._:-]{8,80}$")]


REPORTED: Final = ("content", "category_code", "town_code", "village_id", "address", "urgency")


class PressBody(BaseModel):
    """What it is about and where; which emergency services are to come as well."""

    model_config = ConfigDict(extra="forbid")
    category: str = Field("", pattern=r"^(\d{2}|\d{4})?$")
    town: str = Field("", max_length=12, pattern=PLAIN_TEXT)
    village: int | None = Field(None, ge=1, le=MAX_ROW_ID)
    services: list[Literal["110", "119", "120", "122"]] = Field([], max_length=4)


class Own(BaseModel):
    """One of the presser's own numbers, as the conference dials it."""

    digits: str
    label: str
    name: str


@router.get("/start")
async def start(request: Request, person: GridWorker) -> dict[str, Any]:
    """Who this is, where their grids are, the lists to choose from, and their conference if one runs."""
    async with reading(house_of(request).sessions) as session:
        me = await _contact(session, person)
        member = select(GridMember.grid_id).where(GridMember.contact_id == (me.id if me else -1))
        grids = list(await session.scalars(select(Grid).where(Grid.id.in_(member)).order_by(Grid.code)))
        categories = list(
            await session.scalars(select(Category).where(Category.active).order_by(Category.code))
        )
        towns = list(await session.scalars(select(Town).order_by(Town.code)))
        villages = list(await session.scalars(select(Village).order_by(Village.id)))
        mine = [one for one in await bridges.open_bridges(session) if one.account_id == person.id]
        return {
            "name": person.name,
            "reachable": bool(me and await _own_numbers(session, me)),
            "grids": [
                {"name": grid.name, "town": grid.town_code, "village": grid.village_id} for grid in grids
            ],
            "categories": [{"code": c.code, "parent": c.parent_code, "name": c.name} for c in categories],
            "towns": [{"code": town.code, "name": town.name} for town in towns],
            "villages": [{"id": v.id, "town": v.town_code, "name": v.name} for v in villages],
            "bridge": await bridge_json(session, mine[-1]) if mine else None,
        }


@router.post("/bridges")
async def press(request: Request, person: GridWorker, key: Key, body: PressBody) -> dict[str, Any]:
    """Call the roles of this matter and place, and the presser's own phone; one key is one press."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        order = await _press(session, person, key, body)
    bridge_id = await _service(request).press(order)
    async with transaction(house.sessions) as session:
        who = {"address": person.address, "reason": "grid"}
        now = house.clock.now()
        await accounts.audit(session, now, person.id, "bridge_pressed", f"bridge:{bridge_id}", **who)
        return await bridge_json(session, await _mine(session, person, bridge_id))


@router.get("/bridges/{bridge_id}")
async def show(request: Request, person: GridWorker, bridge_id: RowId) -> dict[str, Any]:
    """A conference that this person began."""
    async with reading(house_of(request).sessions) as session:
        return await bridge_json(session, await _mine(session, person, bridge_id))


@router.post("/bridges/{bridge_id}/legs/{leg_id}/redial")
async def redial(request: Request, person: GridWorker, bridge_id: RowId, leg_id: RowId) -> dict[str, Any]:
    """Call a role again from its first number."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        await _mine(session, person, bridge_id)
    await _service(request).redial(bridge_id, leg_id)
    return await _after(request, person, bridge_id, "bridge_redialled")


@router.post("/bridges/{bridge_id}/end")
async def end(request: Request, person: GridWorker, bridge_id: RowId) -> dict[str, Any]:
    """End it for all."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        await _mine(session, person, bridge_id)
    await _service(request).end(bridge_id)
    return await _after(request, person, bridge_id, "bridge_ended")


@router.post("/reports")
async def report(
    request: Request, person: GridWorker, fields: Annotated[dict[str, Any], Body()]
) -> dict[str, Any]:
    """A matter that is no emergency: a ticket that an operator accepts."""
    house = house_of(request)
    known = {name: fields[name] for name in REPORTED if name in fields}
    async with transaction(house.sessions) as session:
        me = await _contact(session, person)
        own = await _own_numbers(session, me) if me else []
        reporter = Reporter(person.id, person.name, own[0].digits if own else "")
        ticket, fact = await open_for_grid(session, reporter, known, house.clock.now())
    await house.bus.publish(fact)
    return {"number": ticket.number, "status_label": label(ticket.status)}


async def _after(request: Request, person: Person, bridge_id: int, act: str) -> dict[str, Any]:
    house = house_of(request)
    async with transaction(house.sessions) as session:
        who, now = person.id, house.clock.now()
        await accounts.audit(session, now, who, act, f"bridge:{bridge_id}", address=person.address)
        return await bridge_json(session, await _mine(session, person, bridge_id))


async def _press(session: AsyncSession, person: Person, key: str, body: PressBody) -> Press:
    me = await _contact(session, person)
    own = await _own_numbers(session, me) if me else []
    if not own:
        raise InvalidField(field="phone", reason="通讯录里没有您的电话，请联系热线中心登记")
    village = await session.get(Village, body.village) if body.village else None
    town = village.town_code if village else body.town or None
    if town is None or await session.get(Town, town) is None:
        raise InvalidField(field="town", reason="请选择事发的乡镇街道或村社区")
    wanted = await directory.roles_for(session, body.category, town, body.village)
    roles = [role for role in wanted if role is not BridgeRole.EMERGENCY]
    lines = await emergencies.numbers(session, body.services)
    services = {
        str(role_of(service)): lines[service] or [Own(digits=service, label="紧急号码", name=service)]
        for service in body.services
    }
    return Press(
        key=f"p{person.id}:{key}",
        presser=Presser.GRID,
        roles=[str(role) for role in dict.fromkeys([BridgeRole.GRID_WORKER, *roles, *services])],
        account_id=person.id,
        category=body.category or None,
        town=town,
        village=body.village,
        given={str(BridgeRole.GRID_WORKER): own, **services},
        asked=asked_of("grid", body),
    )


async def _contact(session: AsyncSession, person: Person) -> Contact | None:
    return await session.scalar(select(Contact).where(Contact.account_id == person.id, Contact.active))


async def _own_numbers(session: AsyncSession, me: Contact) -> list[Number]:
    query = select(PhoneNumber).where(PhoneNumber.contact_id == me.id).order_by(PhoneNumber.id)
    kinds: list[NumberKind] = list(directory.OWN)
    mine = [one for one in await session.scalars(query) if one.kind in kinds]
    mine.sort(key=lambda one: kinds.index(one.kind))
    return [Own(digits=one.number, label=str(one.kind), name=me.name) for one in mine]


async def _mine(session: AsyncSession, person: Person, bridge_id: int) -> Bridge:
    bridge = await bridges.get(session, bridge_id)
    if bridge is None:
        raise NotFound(what="三方通话")
    if bridge.account_id != person.id:
        raise Forbidden
    return bridge


def _service(request: Request) -> Bridges:
    service: Bridges = request.app.state.bridges
    return service
