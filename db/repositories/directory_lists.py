"""The directory as pages list it: one page of a kind, and each row as the form that would write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models.account import Account
from db.models.directory import BridgeRule, Contact, DutyShift, Grid, GridMember, PhoneNumber, Unit
from db.models.reference import Town, Village
from db.repositories.directory_index import Row
from db.repositories.directory_rows import FORM_NUMBERS


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called."""

    units: dict[int, Unit]
    towns: dict[str, str]
    villages: dict[int, str]


async def names(session: AsyncSession) -> Names:
    """Units, towns and villages by id."""
    return Names(
        {unit.id: unit for unit in await session.scalars(select(Unit))},
        {town.code: town.name for town in await session.scalars(select(Town))},
        {village.id: village.name for village in await session.scalars(select(Village))},
    )


async def page(
    session: AsyncSession, kind: str, text: str, *, limit: int, offset: int
) -> tuple[list[Row], int]:
    """One page of a kind, and how many fit the search."""
    query = _query(kind, text)
    total = await session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    return list(await session.scalars(query.limit(limit).offset(offset))), total


def _query(kind: str, text: str) -> Select[Any]:
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"

    def has(*columns: Any) -> Any:
        return or_(*(column.like(like, escape="\\") for column in columns))

    if kind == "units":
        return select(Unit).where(has(Unit.code, Unit.name)).order_by(Unit.kind, Unit.code)
    if kind == "contacts":
        of_unit = Contact.unit_id.in_(select(Unit.id).where(has(Unit.code, Unit.name)))
        return select(Contact).where(or_(has(Contact.code, Contact.name), of_unit)).order_by(Contact.code)
    if kind == "grids":
        of_town = Grid.town_code.in_(select(Town.code).where(has(Town.name)))
        return select(Grid).where(or_(has(Grid.code, Grid.name), of_town)).order_by(Grid.code)
    if kind == "shifts":
        person = select(Contact.id).where(has(Contact.code, Contact.name))
        return select(DutyShift).where(DutyShift.contact_id.in_(person)).order_by(DutyShift.starts_at.desc())
    of_unit = BridgeRule.unit_id.in_(select(Unit.id).where(has(Unit.code, Unit.name)))
    found = or_(of_unit, has(BridgeRule.category_prefix, BridgeRule.source))
    return select(BridgeRule).where(found).order_by(BridgeRule.category_prefix, BridgeRule.id)


async def numbers_of(session: AsyncSession, rows: Sequence[Row]) -> dict[int, list[PhoneNumber]]:
    """The numbers of units or of people (rows are all of one kind), by their owner's id."""
    column = PhoneNumber.unit_id if rows and isinstance(rows[0], Unit) else PhoneNumber.contact_id
    query = select(PhoneNumber).where(column.in_([row.id for row in rows])).order_by(PhoneNumber.id)
    found: dict[int, list[PhoneNumber]] = {}
    for number in await session.scalars(query):
        found.setdefault(number.unit_id or number.contact_id or 0, []).append(number)
    return found


async def as_forms(session: AsyncSession, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each row as the fields of its form, without phone numbers."""
    known = await names(session)
    members, people, grids, logins = await _people_of(session, rows)
    forms: list[dict[str, Any]] = []
    for row in rows:
        if isinstance(row, Unit):
            forms.append(_unit(row, known))
        elif isinstance(row, Contact):
            mine = members.get(row.id, [])
            forms.append(
                {
                    **_contact(row, known),
                    "grids": [grids[one.grid_id].code for one in mine],
                    "leader": any(one.leader for one in mine),
                    "login": logins.get(row.account_id or 0, ""),
                }
            )
        elif isinstance(row, Grid):
            forms.append(_grid(row, known, grids))
        elif isinstance(row, DutyShift):
            forms.append(_shift(row, people[row.contact_id]))
        else:
            forms.append(_rule(row, known))
    return forms


async def _people_of(
    session: AsyncSession, rows: Sequence[Row]
) -> tuple[dict[int, list[GridMember]], dict[int, Contact], dict[int, Grid], dict[int, str]]:
    contacts = [row.id for row in rows if isinstance(row, Contact)]
    on_duty = [row.contact_id for row in rows if isinstance(row, DutyShift)]
    members: dict[int, list[GridMember]] = {}
    for one in await session.scalars(select(GridMember).where(GridMember.contact_id.in_(contacts))):
        members.setdefault(one.contact_id, []).append(one)
    people = {one.id: one for one in await session.scalars(select(Contact).where(Contact.id.in_(on_duty)))}
    wanted = {one.grid_id for mine in members.values() for one in mine}
    wanted |= {row.parent_id for row in rows if isinstance(row, Grid) and row.parent_id}
    grids = {one.id: one for one in await session.scalars(select(Grid).where(Grid.id.in_(wanted)))}
    accounts = [row.account_id for row in rows if isinstance(row, Contact) and row.account_id]
    found = await session.scalars(select(Account).where(Account.id.in_(accounts)))
    return members, people, grids, {one.id: one.login for one in found}


def _code(known: Names, unit_id: int | None) -> str:
    return known.units[unit_id].code if unit_id else ""


def _unit(row: Unit, known: Names) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "aliases": list(row.aliases),
        "parent_code": _code(known, row.parent_id),
        "town": known.towns.get(row.town_code or "", ""),
        "active": row.active,
        "confirmed": row.confirmed,
    }


def _contact(row: Contact, known: Names) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "role": row.role,
        "title": row.title,
        "unit_code": _code(known, row.unit_id),
        "unit_name": known.units[row.unit_id].name if row.unit_id else "",
        "active": row.active,
    }


def _grid(row: Grid, known: Names, grids: dict[int, Grid]) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "layer": row.layer,
        "parent_code": grids[row.parent_id].code if row.parent_id else "",
        "town": known.towns[row.town_code],
        "village": known.villages.get(row.village_id or 0, ""),
    }


def _shift(row: DutyShift, person: Contact) -> dict[str, Any]:
    return {
        "contact_code": person.code,
        "contact_name": person.name,
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
    }


def _rule(row: BridgeRule, known: Names) -> dict[str, Any]:
    return {
        "category_prefix": row.category_prefix,
        "town": known.towns.get(row.town_code or "", ""),
        "village": known.villages.get(row.village_id or 0, ""),
        "role": row.role,
        "unit_code": _code(known, row.unit_id),
        "unit_name": known.units[row.unit_id].name if row.unit_id else "",
        "confirmed": row.confirmed,
        "source": row.source,
    }


def number_fields(numbers: Sequence[PhoneNumber]) -> dict[str, str]:
    """The phone fields of a form."""
    fields = {kind: name for name, kind in FORM_NUMBERS.items()}
    return {fields[number.kind]: number.number for number in numbers}
