"""The directory from and to Excel: read whole, told row by row what is wrong, kept all or not at all."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HotlineError, InvalidField
from db.directory_forms import ContactForm, Form, UnitForm, plain, read
from db.directory_sheets import NOTES, SHEETS, Sheet
from db.repositories.directory_index import Index, Row, load_index, send_in_bulk
from db.repositories.directory_rows import attach, put

MAX_BYTES: Final = 4_000_000
MAX_UNPACKED: Final = 60_000_000
MAX_ROWS: Final = 6_000


class BadWorkbook(HotlineError):
    """这不是可以读取的 Excel 文件（.xlsx），或文件太大。"""

    code = "bad-workbook"
    status = 422


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong where."""

    sheet: str
    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row that is well formed by itself."""

    sheet: Sheet
    row: int
    letters: Mapping[str, str]
    form: Form


@dataclass(slots=True)
class Report:
    """What an import would do, or did."""

    applied: bool = False
    written: dict[str, int] = field(default_factory=dict[str, int])
    """New or changed rows by kind."""
    same: dict[str, int] = field(default_factory=dict[str, int])
    errors: list[RowError] = field(default_factory=list[RowError])


def read_workbook(data: bytes) -> tuple[list[ReadRow], list[RowError]]:
    """Rows that are well formed, and what is wrong with the others. Blocking: call it in a thread.

    Raises:
        BadWorkbook: not a workbook, or too large a one.
    """
    rows: list[ReadRow] = []
    errors: list[RowError] = []
    sheets = {sheet.title: sheet for sheet in SHEETS}
    for title, lines in _pages(data):
        if title == NOTES:
            continue
        if title not in sheets:
            errors.append(RowError(title, 1, "", "没有这种工作表；应为：" + "、".join(sheets)))
            continue
        for found in _rows(sheets[title], lines):
            rows.append(found) if isinstance(found, ReadRow) else errors.append(found)
    errors.extend(_repeated(rows))
    rows.sort(key=lambda one: SHEETS.index(one.sheet))
    return rows, errors


def _pages(data: bytes) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Every sheet's cells. All that openpyxl raises on a broken file becomes one sentence."""
    try:
        if len(data) > MAX_BYTES:
            raise BadWorkbook
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED:
                raise BadWorkbook
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        pages: list[tuple[str, list[tuple[object, ...]]]] = []
        for page in book.worksheets:
            page.reset_dimensions()  # pyright: ignore[reportAttributeAccessIssue]  a read-only page has it
            lines: list[tuple[object, ...]] = []
            for line in page.iter_rows(max_col=40, values_only=True):
                lines.append(line)
                if len(lines) > MAX_ROWS:
                    raise BadWorkbook(reason=f"每个工作表最多 {MAX_ROWS} 行")
            pages.append((page.title, lines))
        return pages
    except (
        zipfile.BadZipFile,
        zlib.error,
        ParseError,
        InvalidFileException,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
        EOFError,
        RuntimeError,
    ) as error:
        raise BadWorkbook from error


def _rows(sheet: Sheet, lines: Sequence[tuple[object, ...]]) -> Iterator[ReadRow | RowError]:
    if not any(plain(cell) for line in lines for cell in line):
        return
    places, wrong = _headings(sheet, lines[0])
    yield from wrong
    if any(name not in places for name in sheet.required):
        return
    letters = {name: f"{get_column_letter(at + 1)} {sheet.columns[name]}" for name, at in places.items()}
    for number, line in enumerate(lines[1:], start=2):
        values = {name: _cell(line[at]) for name, at in places.items() if at < len(line)}
        values = {name: value for name, value in values.items() if plain(value)}
        found = read(sheet.form, values) if values else []
        if isinstance(found, Form):
            yield ReadRow(sheet, number, letters, found)
            continue
        for name, reason in found:
            yield RowError(sheet.title, number, letters.get(name, sheet.columns.get(name, name)), reason)


def _headings(sheet: Sheet, cells: Sequence[object]) -> tuple[dict[str, int], list[RowError]]:
    """Where each field stands, and what is wrong with the first row."""
    fields = {heading: name for name, heading in sheet.columns.items()}
    places: dict[str, int] = {}
    wrong: list[RowError] = []
    for number, heading in enumerate(plain(cell) for cell in cells):
        if heading and (heading not in fields or fields[heading] in places):
            wrong.append(RowError(sheet.title, 1, heading, "没有这一列，或表头重复"))
        elif heading:
            places[fields[heading]] = number
    missing = [sheet.columns[name] for name in sheet.required if name not in places]
    if missing:
        wrong.append(RowError(sheet.title, 1, "、".join(missing), "缺少这一列"))
    return places, wrong


def _cell(value: object) -> object:
    """Numbers as the digits that people see: Excel keeps 13800001234 as a float."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value


def _repeated(rows: Iterable[ReadRow]) -> Iterator[RowError]:
    seen: dict[tuple[str, str], int] = {}
    for one in rows:
        code = getattr(one.form, "code", None)
        if code is not None and seen.setdefault((one.sheet.kind, code), one.row) != one.row:
            first = seen[one.sheet.kind, code]
            yield RowError(one.sheet.title, one.row, one.letters["code"], f"与第 {first} 行重复")


class _Undo(Exception):
    """Leaves the savepoint without keeping it."""


async def import_rows(session: AsyncSession, rows: Sequence[ReadRow], *, apply: bool) -> Report:
    """Write every row, or, if one is refused or `apply` is false, nothing; the report says which."""
    report = Report()
    try:
        async with session.begin_nested():
            await _write(session, rows, report)
            if report.errors or not apply:
                raise _Undo
            report.applied = True
    except _Undo:
        session.expire_all()
    return report


async def _write(session: AsyncSession, rows: Sequence[ReadRow], report: Report) -> None:
    """Kind by kind: all rows in one go, then what hangs on them. The write lock is held all the while."""
    index = await load_index(session)
    for _sheet, of_kind in groupby(rows, key=lambda one: one.sheet):
        kept: list[tuple[ReadRow, Row, bool]] = []
        for one in of_kind:
            try:
                kept.append((one, *await put(session, index, one.form)))
            except InvalidField as refusal:
                report.errors.append(_refused(one, refusal))
        await send_in_bulk(session, index)
        for one, row, changed in kept:
            more = await attach(session, index, one.form, _sent(index, one.form, row))
            counts = report.written if changed or more else report.same
            counts[one.sheet.kind] = counts.get(one.sheet.kind, 0) + 1
        await send_in_bulk(session, index)


def _sent(index: Index, form: Form, row: Row) -> Row:
    """The row as the database knows it."""
    if isinstance(form, UnitForm):
        return index.units[form.code]
    if isinstance(form, ContactForm):
        return index.contacts[form.code]
    return row


def _refused(one: ReadRow, refusal: InvalidField) -> RowError:
    name = str(refusal.facts["field"])
    column = one.letters.get(name, one.sheet.columns.get(name, name))
    return RowError(one.sheet.title, one.row, column, str(refusal.facts["reason"]))
