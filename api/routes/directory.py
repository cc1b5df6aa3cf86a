"""The directory: operators look (numbers masked), the centre's head and administrators edit."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response, UploadFile
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.called_roles import roles_json
from api.security import MAX_ROW_ID, PLAIN_TEXT, Operator, Person, log_look, require
from api.state import house_of
from core.errors import InvalidField, NotFound
from core.vocabulary import BridgeRole, Role, label
from db.directory_forms import Form, local_moment, read
from db.directory_import import MAX_BYTES, BadWorkbook, import_rows, read_workbook
from db.directory_sheets import SHEETS, template
from db.models import Category, PhoneNumber, Village
from db.repositories import accounts, directory
from db.repositories import directory_lists as lists
from db.repositories.directory_index import Row, load_index
from db.repositories.directory_rows import MODELS, remove, save
from db.session import reading, transaction
from telephony.snapshot import masked

router = APIRouter()
API = "/api/v1/directory"
FORMS = {sheet.kind: sheet.form for sheet in SHEETS}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Head = Annotated[Person, Depends(require(Role.CENTRE_HEAD))]
Kind = Literal["units", "contacts", "grids", "shifts", "rules"]
RowId = Annotated[int, Path(ge=1, le=MAX_ROW_ID)]
Fields = Annotated[dict[str, Any], Body()]


@router.get(f"{API}/template.xlsx")
async def get_template(person: Head) -> Response:
    """An empty workbook to fill in."""
    del person
    headers = {"Content-Disposition": "attachment; filename=directory-template.xlsx"}
    return Response(await asyncio.to_thread(template), media_type=XLSX, headers=headers)


@router.post(f"{API}/import")
async def post_import(
    request: Request, person: Head, file: UploadFile, apply: Annotated[bool, Query()] = False
) -> dict[str, Any]:
    """Read a workbook; without `apply`, or with any error, nothing is kept."""
    data = await file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadWorkbook
    # Unpacking is seconds of work: in a thread, and outside the transaction
    rows, errors = await asyncio.to_thread(read_workbook, data)
    if errors:
        return {"applied": False, "written": {}, "same": {}, "errors": [asdict(one) for one in errors[:200]]}
    house = house_of(request)
    async with transaction(house.sessions) as session:
        report = await import_rows(session, rows, apply=apply)
        if report.applied:
            who = {"address": person.address, "written": report.written}
            await accounts.audit(
                session, house.clock.now(), person.id, "directory_imported", "directory", **who
            )
    return asdict(report)


class Asked(Form):
    """Category and place as a person names them, and when."""

    category: str = Field("", pattern=r"^(\d{2}|\d{4})?$")
    town: str = Field("", max_length=12, pattern=PLAIN_TEXT)
    village: int | None = Field(None, ge=1, le=MAX_ROW_ID)
    at: str = Field("", max_length=30, pattern=PLAIN_TEXT)


@router.get(f"{API}/who")
async def who_is_called(
    request: Request, person: Operator, asked: Annotated[Asked, Query()]
) -> dict[str, Any]:
    """Which roles a press would call for this matter, and each role's numbers in order."""
    del person
    house = house_of(request)
    try:
        at = local_moment(asked.at) if asked.at else house.clock.now()
    except ValueError as error:
        raise InvalidField(field="at", reason=str(error)) from None
    async with reading(house.sessions) as session:
        village = await session.get(Village, asked.village) if asked.village else None
        town = village.town_code if village else asked.town or None
        matter = directory.Matter(asked.category, town, asked.village)
        roles = await roles_json(session, matter, at)
    return {"at": at.isoformat(), "roles": roles}


@router.get(f"{API}/choices")
async def choices(request: Request, person: Operator) -> dict[str, Any]:
    """The lists that the page's forms offer."""
    del person
    async with reading(house_of(request).sessions) as session:
        known = await lists.names(session)
        villages = list(await session.scalars(select(Village).order_by(Village.id)))
        categories = list(await session.scalars(select(Category).order_by(Category.code)))
    return {
        "units": [
            {"code": unit.code, "name": unit.name, "active": unit.active} for unit in known.units.values()
        ],
        "towns": known.towns,
        "villages": [{"id": v.id, "town": v.town_code, "name": v.name} for v in villages],
        "categories": [{"code": one.code, "name": one.name} for one in categories],
        "roles": [
            {"key": role, "label": label(role)} for role in BridgeRole if role is not BridgeRole.CITIZEN
        ],
    }


@router.get(f"{API}/{{kind}}")
async def list_rows(
    request: Request,
    person: Operator,
    kind: Kind,
    q: Annotated[str, Query(max_length=60, pattern=PLAIN_TEXT)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """Fifty rows a page; numbers masked."""
    del person
    async with reading(house_of(request).sessions) as session:
        rows, total = await lists.page(session, kind, q.strip(), limit=50, offset=(page - 1) * 50)
        return {"page": page, "total": total, "rows": await _shown(session, kind, rows)}


@router.get(f"{API}/{{kind}}/{{row_id}}")
async def get_row(request: Request, person: Head, kind: Kind, row_id: RowId) -> dict[str, Any]:
    """One row as its form, numbers in full: to edit it is to see it, which is written down."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        row = await _row(session, kind, row_id)
        numbers = await _numbers(session, kind, [row])
        if numbers:
            await log_look(house, session, person, "directory_number_seen", f"{kind}:{row_id}")
        (form,) = await lists.as_forms(session, [row])
        return {"id": row.id, **form, **lists.number_fields(numbers.get(row.id, []))}


@router.post(f"{API}/{{kind}}")
async def post_row(request: Request, person: Head, kind: Kind, fields: Fields) -> dict[str, Any]:
    """A new row; a code that is taken is refused."""
    form = _form(kind, fields)
    async with transaction(house_of(request).sessions) as session:
        index = await load_index(session)
        known = {"units": index.units, "contacts": index.contacts, "grids": index.grids}.get(kind, {})
        if getattr(form, "code", None) in known:
            raise InvalidField(field="code", reason="编码已被使用")
        row, changed = await save(session, index, form)
        if not changed:
            raise InvalidField(field="", reason="已有相同的记录")
        await _written(request, session, person, "directory_added", f"{kind}:{row.id}")
        return (await _shown(session, kind, [row]))[0]


@router.put(f"{API}/{{kind}}/{{row_id}}")
async def put_row(
    request: Request, person: Head, kind: Kind, row_id: RowId, fields: Fields
) -> dict[str, Any]:
    """Change a row; a number that changes must be tested again."""
    form = _form(kind, fields)
    async with transaction(house_of(request).sessions) as session:
        index = await load_index(session)
        row, changed = await save(session, index, form, await _row(session, kind, row_id))
        if changed:
            await _written(request, session, person, "directory_changed", f"{kind}:{row_id}")
        return (await _shown(session, kind, [row]))[0]


@router.delete(f"{API}/{{kind}}/{{row_id}}")
async def delete_row(request: Request, person: Head, kind: Kind, row_id: RowId) -> dict[str, bool]:
    """Delete a row that nothing refers to."""
    async with transaction(house_of(request).sessions) as session:
        await remove(session, await _row(session, kind, row_id))
        await _written(request, session, person, "directory_deleted", f"{kind}:{row_id}")
    return {"ok": True}


def _form(kind: str, fields: dict[str, Any]) -> Form:
    found = read(FORMS[kind], fields)
    if isinstance(found, Form):
        return found
    name, reason = found[0]
    raise InvalidField(field=name, reason=f"{_column(kind, name)}：{reason}")


def _column(kind: str, name: str) -> str:
    return next(sheet.columns.get(name, name) for sheet in SHEETS if sheet.kind == kind)


async def _row(session: AsyncSession, kind: str, row_id: int) -> Row:
    row: Row | None = await session.get(MODELS[kind], row_id)
    if row is None:
        raise NotFound(what="这条记录")
    return row


async def _numbers(session: AsyncSession, kind: str, rows: list[Row]) -> dict[int, list[PhoneNumber]]:
    return await lists.numbers_of(session, rows) if kind in ("units", "contacts") else {}


async def _shown(session: AsyncSession, kind: str, rows: list[Row]) -> list[dict[str, Any]]:
    numbers = await _numbers(session, kind, rows)
    forms = await lists.as_forms(session, rows)
    return [
        {"id": row.id, **form, "numbers": [number_json(one) for one in numbers.get(row.id, [])]}
        for row, form in zip(rows, forms, strict=True)
    ]


async def _written(request: Request, session: AsyncSession, person: Person, act: str, subject: str) -> None:
    now = house_of(request).clock.now()
    await accounts.audit(session, now, person.id, act, subject, address=person.address)


def number_json(number: PhoneNumber) -> dict[str, Any]:
    """A number as lists show it."""
    return {
        "id": number.id,
        "kind": number.kind,
        "masked": masked(number.number),
        "verified_at": number.verified_at.isoformat() if number.verified_at else None,
        "tested_at": number.tested_at.isoformat() if number.tested_at else None,
        "outcome": number.test_outcome,
    }
