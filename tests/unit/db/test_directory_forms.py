"""Rows of the directory: what is taken, what is refused, and with which words."""

from __future__ import annotations

import datetime as dt
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from db.directory_forms import ContactForm, Form, RuleForm, ShiftForm, local_moment, phone_number, read
from db.directory_import import BadWorkbook, read_workbook
from db.directory_sheets import NOTES, SHEETS, Sheet, template

PERSON = {"编号": "P1", "姓名": "李某", "角色": "单位值班", "单位编码": "GS", "手机": "13800001234"}


def book(**sheets: list[list[object]]) -> bytes:
    made = Workbook()
    made.remove(made.worksheets[0])
    for title, lines in sheets.items():
        page = made.create_sheet(title)
        for line in lines:
            page.append(line)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def people(*rows: dict[str, object]) -> bytes:
    headings = list(rows[0])
    return book(人员=[headings, *([row.get(name) for name in headings] for row in rows)])


@given(st.text(max_size=30))
def test_whatever_is_typed_only_plain_digits_can_be_dialled(text: str) -> None:
    try:
        number = phone_number(text)
    except ValueError:
        return
    assert number == "" or (number.isascii() and number.isdigit() and 3 <= len(number) <= 12)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("１３８ ０００１ ２３４５", "13800012345"),
        ("+86 138-0001-2345", "13800012345"),
        ("(023) 56560000", "02356560000"),
        ("56560000", "56560000"),
        ("110", "110"),
        ("95598", "95598"),
    ],
)
def test_numbers_are_folded_to_digits(typed: str, kept: str) -> None:
    assert phone_number(typed) == kept


@pytest.mark.parametrize("typed", ["2356560000", "12345678901", "1380000123", "911", "00861380000", "1&2"])
def test_numbers_that_cannot_be_right_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"区号前的 0|不是可拨打的"):
        phone_number(typed)


def test_times_are_shanghai_times_and_kept_in_utc() -> None:
    wanted = dt.datetime(2026, 11, 24, 0, 30, tzinfo=dt.UTC)
    for typed in ("2026-11-24 08:30", "2026/11/24 8:30", "2026年11月24日 8:30", "2026-11-24T08:30"):
        assert local_moment(typed) == wanted
    assert local_moment(dt.datetime(2026, 11, 24, 8, 30)) == wanted  # noqa: DTZ001  as Excel gives it


def test_a_shift_runs_forward_and_not_for_weeks() -> None:
    row = {"contact_code": "P1", "starts_at": "2026-11-24 08:30"}
    assert isinstance(read(ShiftForm, {**row, "ends_at": "2026-11-24 20:30"}), Form)
    assert read(ShiftForm, {**row, "ends_at": "2026-11-24 08:30"}) == [("ends_at", "结束时间应晚于开始时间")]
    assert read(ShiftForm, {**row, "ends_at": "2026-12-24 08:30"}) == [("ends_at", "一个班次最长 7 天")]
    assert read(ShiftForm, row) == [("ends_at", "必填（至少 2 个字）")]


def test_every_wrong_field_is_named() -> None:
    wrong = read(ContactForm, {"code": "好", "name": "李某", "role": "村长", "mobile": "12"})
    assert isinstance(wrong, list)
    assert {name for name, _ in wrong} == {"code", "role", "mobile"}
    assert read(RuleForm, {"role": "紧急服务"}) == [("unit_code", "这个角色要指定单位")]
    assert read(RuleForm, {"role": "来电群众"}) == [("role", "来电群众的号码来自来电或工单，不设规则")]


def test_the_template_reads_back_as_empty_and_without_complaint() -> None:
    assert read_workbook(template()) == ([], [])
    names = load_workbook(io.BytesIO(template())).sheetnames
    assert names == [NOTES, *(sheet.title for sheet in SHEETS)]


def test_excel_numbers_arrive_as_the_digits_that_people_see() -> None:
    rows, errors = read_workbook(people({**PERSON, "手机": 13800001234.0, "值班电话": 2356560000}))
    assert rows == []
    assert [(one.row, one.column) for one in errors] == [(2, "F 值班电话")]
    assert "丢了区号前的 0" in errors[0].reason
    rows, errors = read_workbook(people({**PERSON, "手机": 13800001234.0}))
    assert errors == []
    assert isinstance(rows[0].form, ContactForm)
    assert rows[0].form.mobile == "13800001234"


def test_each_mistake_is_told_with_its_row_and_column() -> None:
    _rows, errors = read_workbook(people(PERSON, {**PERSON, "编号": "P2", "角色": "村长"}, PERSON))
    assert [(one.sheet, one.row, one.column) for one in errors] == [
        ("人员", 3, "C 角色"),
        ("人员", 4, "A 编号"),
    ]
    assert errors[0].reason == "应为：网格员、网信、单位值班、副职"
    assert errors[1].reason == "与第 2 行重复"


def test_unknown_sheets_and_columns_are_not_passed_over_in_silence() -> None:
    _rows, errors = read_workbook(
        book(人员表=[["编号"]], 人员=[["编号", "姓名", "电话号码"], ["P1", "李某", 1]])
    )
    assert [(one.sheet, one.column) for one in errors] == [
        ("人员表", ""),
        ("人员", "电话号码"),
        ("人员", "角色"),
    ]


@given(st.binary(max_size=400))
def test_a_file_that_is_no_workbook_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(BadWorkbook):
        read_workbook(data)


WHOLE = people(PERSON)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_damaged_workbook_is_read_or_refused_never_a_crash(seed: int, hits: int) -> None:
    dice = random.Random(seed)
    data = bytearray(WHOLE)
    for _ in range(hits):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        rows, errors = read_workbook(bytes(data))
    except BadWorkbook:
        return
    assert all(isinstance(one.form, Form) for one in rows)
    assert all(one.reason for one in errors)


EXCEL_DATES = st.datetimes(dt.datetime(1900, 2, 1), dt.datetime(9999, 1, 1))  # noqa: DTZ001  as Excel's
# What begins with = is a formula, and one that no spreadsheet has computed yet has no value
WORDS = st.text(st.characters(exclude_categories=["C"]), max_size=12).filter(lambda word: word[:1] != "=")
NUMBERS = st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
CELLS = st.one_of(st.none(), WORDS, NUMBERS, EXCEL_DATES)


@settings(deadline=None)
@given(st.sampled_from(SHEETS), st.data())
def test_any_cells_give_rows_or_reasons(sheet: Sheet, data: st.DataObject) -> None:
    width = len(sheet.columns)
    lines = data.draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4))
    rows, errors = read_workbook(book(**{sheet.title: [list(sheet.columns.values()), *lines]}))
    told = {one.row for one in rows} | {one.row for one in errors}
    filled = {
        number
        for number, line in enumerate(lines, start=2)
        if any(cell is not None and str(cell).strip() for cell in line)
    }
    assert told == filled
