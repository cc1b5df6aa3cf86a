"""All that a row of the directory may refer to, by the name that people use for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import InvalidField
from core.vocabulary import NumberKind
from db.models.account import Account
from db.models.directory import BridgeRule, Contact, DutyShift, Grid, GridMember, PhoneNumber, Unit
from db.models.reference import Category, Town, Village

Row = Unit | Contact | Grid | DutyShift | BridgeRule
T = TypeVar("T")


@dataclass(slots=True)
class Index:
    """Everything a form may name, by the name it uses; loaded once for one edit or one import."""

    units: dict[str, Unit] = field(default_factory=dict[str, Unit])
    contacts: dict[str, Contact] = field(default_factory=dict[str, Contact])
    grids: dict[str, Grid] = field(default_factory=dict[str, Grid])
    towns: dict[str, str] = field(default_factory=dict[str, str])
    villages: dict[str, Village] = field(default_factory=dict[str, Village])
    categories: set[str] = field(default_factory=set[str])
    accounts: dict[str, int] = field(default_factory=dict[str, int])
    numbers: dict[tuple[str, int], dict[NumberKind, PhoneNumber]] = field(
        default_factory=dict[tuple[str, int], dict[NumberKind, PhoneNumber]]
    )
    members: dict[int, dict[int, GridMember]] = field(default_factory=dict[int, dict[int, GridMember]])


async def load_index(session: AsyncSession) -> Index:
    """What is there now."""
    index = Index(
        units={unit.code: unit for unit in await session.scalars(select(Unit))},
        contacts={contact.code: contact for contact in await session.scalars(select(Contact))},
        grids={grid.code: grid for grid in await session.scalars(select(Grid))},
        villages={village.name: village for village in await session.scalars(select(Village))},
        categories=set(await session.scalars(select(Category.code))),
        accounts={account.login: account.id for account in await session.scalars(select(Account))},
    )
    for town in await session.scalars(select(Town)):
        index.towns[town.name] = index.towns[town.code] = town.code
    for number in await session.scalars(select(PhoneNumber)):
        index.numbers.setdefault(_owner(number), {})[number.kind] = number
    for member in await session.scalars(select(GridMember)):
        index.members.setdefault(member.contact_id, {})[member.grid_id] = member
    return index


async def send_in_bulk(session: AsyncSession, index: Index) -> None:
    """New rows of this session in one statement a table: one by one, they would hold the write lock long.

    Those that have a code are read back, so that the index knows their ids.
    """
    known: dict[Any, dict[str, Any]] = {Unit: index.units, Grid: index.grids, Contact: index.contacts}
    for model in (Unit, Grid, Contact, PhoneNumber):
        fresh = [one for one in session.new if isinstance(one, model)]
        if not fresh:
            continue
        names = [attribute.key for attribute in model.__mapper__.column_attrs if attribute.key != "id"]
        for one in fresh:
            session.expunge(one)
        await session.execute(insert(model), [{name: getattr(one, name) for name in names} for one in fresh])
        if model in known:
            wanted = {getattr(one, "code", "") for one in fresh}
            for row in await session.scalars(select(model)):
                if getattr(row, "code", "") in wanted:
                    known[model][getattr(row, "code", "")] = row
    await session.flush()


def place(index: Index, town_name: str, village: Village | None) -> str | None:
    """The town's code; a village names its town, and must not contradict the one that is given."""
    town = refer(index.towns, town_name, "town", "没有这个乡镇街道")
    if village is not None and town not in (None, village.town_code):
        raise InvalidField(field="village", reason="这个村社区不在所填的乡镇街道")
    return village.town_code if village is not None else town


def named(known: dict[str, Any], code: str, row: Row | None) -> Any:
    """The row to write into; a code that belongs to another row is refused."""
    there = known.get(code)
    if row is not None and there is not None and there is not row:
        raise InvalidField(field="code", reason="编码已被使用")
    return row or there


def renamed(known: dict[str, Any], row: Any, edited: Row | None) -> None:
    """Let the index find the row by its present code; only an edit of a given row can change it."""
    if edited is not None:
        for code in [code for code, one in known.items() if one is row]:
            del known[code]
    known[row.code] = row


def refer(known: Mapping[str, T], name: str, field_name: str, reason: str) -> T | None:
    """What is known by that name; None for an empty one."""
    if not name:
        return None
    if name not in known:
        raise InvalidField(field=field_name, reason=reason)
    return known[name]


def _owner(number: PhoneNumber) -> tuple[str, int]:
    return ("unit", number.unit_id) if number.unit_id else ("contact", number.contact_id or 0)
