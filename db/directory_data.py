"""The directory's first rows: units and rules everywhere; grids and people only where it is a demo."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import InvalidField
from db.directory_forms import ContactForm, Form, GridForm, RuleForm, UnitForm, read
from db.models.directory import BridgeRule
from db.repositories.directory_index import Index, load_index
from db.repositories.directory_rows import save

DATA: Final = Path(__file__).parent / "data"


async def load_directory(session: AsyncSession, *, demo: bool) -> None:
    """Add what is not there yet; rows that an administrator changed are kept."""
    index = await load_index(session)
    await _add(session, index, "units.csv", UnitForm)
    if not await session.scalar(select(func.count()).select_from(BridgeRule)):
        await _add(session, index, "bridge_rules.csv", RuleForm)
    if demo:
        await _add(session, index, "grids.csv", GridForm)
        await _add(session, index, "contacts.csv", ContactForm)
    await session.flush()


async def _add(session: AsyncSession, index: Index, name: str, form: type[Form]) -> None:
    known: set[str] = {*index.units, *index.grids, *index.contacts}
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("code") not in known]
    for row in rows:
        if row.get("login") and row["login"] not in index.accounts:
            row["login"] = ""
        found = read(form, row)
        if not isinstance(found, Form):
            field, reason = found[0]
            raise InvalidField(field=field, reason=f"{name}: {row}: {reason}")
        await save(session, index, found)
