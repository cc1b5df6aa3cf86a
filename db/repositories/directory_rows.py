"""The directory's rows: written from forms (page and Excel alike), read, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HotlineError, InvalidField
from core.vocabulary import GridLayer, NumberKind
from db.directory_forms import ContactForm, Form, GridForm, RuleForm, ShiftForm, UnitForm
from db.models.directory import BridgeRule, Contact, DutyShift, Grid, GridMember, PhoneNumber, Unit
from db.repositories.directory_index import Index, Row, named, place, refer, renamed

MODELS: Final[Mapping[str, type[Row]]] = {
    "units": Unit,
    "grids": Grid,
    "contacts": Contact,
    "shifts": DutyShift,
    "rules": BridgeRule,
}
"""By kind, in the order in which an import must write them."""


FORM_NUMBERS: Final[Mapping[str, NumberKind]] = {
    "duty_day": NumberKind.DUTY_DAY,
    "duty_night": NumberKind.DUTY_NIGHT,
    "duty": NumberKind.DUTY,
    "mobile": NumberKind.MOBILE,
    "deputy": NumberKind.DEPUTY,
}
"""Which number each field of a unit's or person's form holds."""


class RowInUse(HotlineError):
    """还有其他记录引用它，不能删除；可改为停用。"""

    code = "row-in-use"
    status = 409


async def save(session: AsyncSession, index: Index, form: Form, row: Row | None = None) -> tuple[Row, bool]:
    """Write the form into `row`, or into the row that it names, or into a new one; says whether it changed.

    Raises:
        InvalidField: naming the field whose value refers to nothing or contradicts other rows.
    """
    row, changed = await put(session, index, form, row)
    await session.flush()
    return row, await attach(session, index, form, row) or changed


async def put(session: AsyncSession, index: Index, form: Form, row: Row | None = None) -> tuple[Row, bool]:
    """The row itself, not yet sent to the database: an import sends them in bulk. Raises InvalidField."""
    if isinstance(form, UnitForm):
        return await _put_unit(session, index, form, row)
    if isinstance(form, ContactForm):
        return _put_contact(session, index, form, row)
    if isinstance(form, GridForm):
        return await _put_grid(session, index, form, row)
    if isinstance(form, ShiftForm):
        return await _put_shift(session, index, form, row)
    assert isinstance(form, RuleForm)
    return await _put_rule(session, index, form, row)


async def attach(session: AsyncSession, index: Index, form: Form, row: Row) -> bool:
    """The numbers and memberships of a row that the database knows; says whether they changed."""
    changed = False
    if isinstance(row, Unit | Contact) and isinstance(form, UnitForm | ContactForm):
        changed = await _keep_numbers(session, index, row, form)
    if isinstance(row, Contact) and isinstance(form, ContactForm):
        grids = {index.grids[code].id for code in form.grids}
        changed = await _keep_members(session, index, row.id, grids, form.leader) or changed
    return changed


async def remove(session: AsyncSession, row: Row) -> None:
    """Delete the row with its own numbers, shifts and memberships.

    Raises:
        RowInUse: other rows refer to it.
    """
    try:
        async with session.begin_nested():
            await session.execute(delete(type(row)).where(type(row).id == row.id))
    except IntegrityError:
        raise RowInUse from None


async def _put_unit(session: AsyncSession, index: Index, form: UnitForm, row: Row | None) -> tuple[Row, bool]:
    unit = named(index.units, form.code, row)
    parent = refer(index.units, form.parent_code, "parent_code", "没有这个编码的单位")
    above = parent
    while above is not None:
        if above is unit:
            raise InvalidField(field="parent_code", reason="上级单位不能是自己或自己的下级")
        # A row that was not sent yet has no id: None would be everybody's parent
        upper = above.parent_id
        above = next((one for one in index.units.values() if upper is not None and one.id == upper), None)
    town = refer(index.towns, form.town, "town", "没有这个乡镇街道")
    for other in index.units.values():
        if other is not unit and other.name == form.name:
            raise InvalidField(field="name", reason="已有同名单位")
        if other is not unit and town is not None and other.town_code == town:
            raise InvalidField(field="town", reason=f"这个乡镇街道已是“{other.name}”")
    values = {
        "code": form.code,
        "name": form.name,
        "kind": form.kind,
        "aliases": form.aliases,
        "parent_id": await _id_of(session, parent),
        "town_code": town,
        "active": form.active,
        "confirmed": form.confirmed,
    }
    unit, changed = _write(session, Unit, unit, values)
    renamed(index.units, unit, row)
    return unit, changed


def _put_contact(session: AsyncSession, index: Index, form: ContactForm, row: Row | None) -> tuple[Row, bool]:
    contact = named(index.contacts, form.code, row)
    unit = refer(index.units, form.unit_code, "unit_code", "没有这个编码的单位")
    for code in form.grids:
        refer(index.grids, code, "grids", f"没有编码为 {code} 的网格")
    account = refer(index.accounts, form.login, "login", "没有这个登录账号")
    for other in index.contacts.values() if account is not None else ():
        if other is not contact and other.account_id == account:
            raise InvalidField(field="login", reason=f"账号已属于“{other.name}”")
    values = {
        "code": form.code,
        "name": form.name,
        "role": form.role,
        "title": form.title,
        "unit_id": unit.id if unit else None,
        "account_id": account,
        "active": form.active,
    }
    contact, changed = _write(session, Contact, contact, values)
    renamed(index.contacts, contact, row)
    return contact, changed


async def _put_grid(session: AsyncSession, index: Index, form: GridForm, row: Row | None) -> tuple[Row, bool]:
    grid = named(index.grids, form.code, row)
    parent = refer(index.grids, form.parent_code, "parent_code", "没有这个编码的网格")
    if parent is not None and (parent is grid or parent.layer is not GridLayer.GRID):
        raise InvalidField(field="parent_code", reason="上级应是另一个网格（不是微网格）")
    village = refer(index.villages, form.village, "village", "没有这个村社区")
    town = place(index, form.town, village)
    assert town is not None
    values = {
        "code": form.code,
        "name": form.name,
        "layer": form.layer,
        "parent_id": await _id_of(session, parent),
        "town_code": town,
        "village_id": village.id if village else None,
    }
    grid, changed = _write(session, Grid, grid, values)
    renamed(index.grids, grid, row)
    return grid, changed


async def _put_shift(
    session: AsyncSession, index: Index, form: ShiftForm, row: Row | None
) -> tuple[Row, bool]:
    contact = refer(index.contacts, form.contact_code, "contact_code", "没有这个编号的人员")
    assert contact is not None
    overlap = select(DutyShift).where(
        DutyShift.contact_id == contact.id,
        DutyShift.starts_at < form.ends_at,
        DutyShift.ends_at > form.starts_at,
    )
    shift = row if isinstance(row, DutyShift) else None
    for other in await session.scalars(overlap):
        if shift is None and (other.starts_at, other.ends_at) == (form.starts_at, form.ends_at):
            return other, False
        if other is not shift:
            raise InvalidField(field="starts_at", reason="与此人已有的班次重叠")
    values = {"contact_id": contact.id, "starts_at": form.starts_at, "ends_at": form.ends_at}
    return _write(session, DutyShift, shift, values)


async def _put_rule(session: AsyncSession, index: Index, form: RuleForm, row: Row | None) -> tuple[Row, bool]:
    prefix = form.category_prefix
    if prefix and prefix not in index.categories:
        raise InvalidField(field="category_prefix", reason="没有这个分类")
    village = refer(index.villages, form.village, "village", "没有这个村社区")
    unit = refer(index.units, form.unit_code, "unit_code", "没有这个编码的单位")
    key = {
        "category_prefix": prefix,
        "town_code": place(index, form.town, village),
        "village_id": village.id if village else None,
        "role": form.role,
    }
    same = await session.scalar(select(BridgeRule).filter_by(**key).limit(1))
    rule = row if isinstance(row, BridgeRule) else same
    if same is not None and same is not rule:
        raise InvalidField(field="role", reason="这个分类、地点和角色已有一条规则")
    values = {**key, "unit_id": unit.id if unit else None, "confirmed": form.confirmed, "source": form.source}
    return _write(session, BridgeRule, rule, values)


def _write(session: AsyncSession, model: type[Any], row: Any, values: Mapping[str, Any]) -> tuple[Any, bool]:
    if row is None:
        row = model(**values)
        session.add(row)
        return row, True
    changed = False
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return row, changed


async def _id_of(session: AsyncSession, row: Unit | Grid | None) -> int | None:
    """The row's id; one that is only in this session yet is sent first."""
    if row is not None and row.id is None:  # pyright: ignore[reportUnnecessaryComparison]  before the flush it is
        await session.flush()
    return row.id if row is not None else None


async def _keep_numbers(
    session: AsyncSession, index: Index, owner: Unit | Contact, form: UnitForm | ContactForm
) -> bool:
    """Make the owner's numbers so; a changed number is no longer verified."""
    side = "unit" if isinstance(owner, Unit) else "contact"
    known = index.numbers.setdefault((side, owner.id), {})
    changed = False
    for name, kind in FORM_NUMBERS.items():
        there, text = known.get(kind), str(getattr(form, name, ""))
        if text == (there.number if there else ""):
            continue
        changed = True
        if there is None:
            known[kind] = PhoneNumber(kind=kind, number=text, **{f"{side}_id": owner.id})
            session.add(known[kind])
        elif text:
            there.number = text
            there.verified_at = there.verified_by = there.tested_at = there.test_outcome = None
        else:
            await session.delete(known.pop(kind))
    return changed


async def _keep_members(
    session: AsyncSession, index: Index, contact_id: int, grids: set[int], leader: bool
) -> bool:
    known = index.members.setdefault(contact_id, {})
    changed = False
    for grid_id in set(known) - grids:
        await session.delete(known.pop(grid_id))
        changed = True
    for grid_id in grids:
        if grid_id not in known:
            known[grid_id] = GridMember(grid_id=grid_id, contact_id=contact_id, leader=leader)
            session.add(known[grid_id])
            changed = True
        elif known[grid_id].leader != leader:
            known[grid_id].leader = leader
            changed = True
    return changed
