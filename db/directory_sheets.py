"""The directory as an Excel workbook: its sheets, their headings, and the empty template."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from core.vocabulary import BridgeRole, ContactRole, GridLayer, UnitKind, label
from db.directory_forms import ContactForm, Form, GridForm, RuleForm, ShiftForm, UnitForm

NOTES: Final = "说明"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its title, the form of its rows, and the heading of each field."""

    kind: str
    title: str
    form: type[Form]
    columns: Mapping[str, str]

    @property
    def required(self) -> list[str]:
        """Fields without which no row makes sense."""
        return [name for name, info in self.form.model_fields.items() if info.is_required()]


SHEETS: Final = (
    Sheet(
        "units",
        "单位",
        UnitForm,
        {
            "code": "编码",
            "name": "名称",
            "kind": "类别",
            "aliases": "别名",
            "parent_code": "上级编码",
            "town": "乡镇街道",
            "duty_day": "白班值班电话",
            "duty_night": "夜班值班电话",
            "active": "启用",
            "confirmed": "已确认",
        },
    ),
    Sheet(
        "grids",
        "网格",
        GridForm,
        {
            "code": "编码",
            "name": "名称",
            "layer": "层级",
            "parent_code": "上级编码",
            "town": "乡镇街道",
            "village": "村社区",
        },
    ),
    Sheet(
        "contacts",
        "人员",
        ContactForm,
        {
            "code": "编号",
            "name": "姓名",
            "role": "角色",
            "title": "职务",
            "unit_code": "单位编码",
            "grids": "网格编码",
            "leader": "网格长",
            "duty": "值班电话",
            "mobile": "手机",
            "deputy": "代班电话",
            "login": "登录账号",
            "active": "启用",
        },
    ),
    Sheet(
        "shifts",
        "排班",
        ShiftForm,
        {"contact_code": "人员编号", "starts_at": "开始时间", "ends_at": "结束时间"},
    ),
    Sheet(
        "rules",
        "三方规则",
        RuleForm,
        {
            "category_prefix": "分类编码",
            "town": "乡镇街道",
            "village": "村社区",
            "role": "角色",
            "unit_code": "单位编码",
            "confirmed": "已确认",
            "source": "依据",
        },
    ),
)


def template() -> bytes:
    """An empty workbook: one sheet a kind with its headings, and one that explains them."""
    book = Workbook()
    notes: Any = book.active
    notes.title = NOTES
    for line in _explanations():
        notes.append([line])
    notes.column_dimensions["A"].width = 110
    for sheet in SHEETS:
        page: Any = book.create_sheet(sheet.title)
        page.append(list(sheet.columns.values()))
        for number, cell in enumerate(page[1], start=1):
            cell.font = Font(bold=True)
            page.column_dimensions[get_column_letter(number)].width = 20
            for row in range(2, 202):
                # Text, else Excel drops the 0 of an area code and of a category
                page.cell(row, number).number_format = "@"
        page.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _explanations() -> Iterator[str]:
    yield "每个工作表一类数据，第一行是表头，不要改名。整份文件要么全部导入，要么一行也不导入。"
    yield "编码相同的行会更新原有记录；没有写到的记录保持不变。电话、编码请用文本格式。"
    yield "多个别名或网格编码用顿号隔开。是/否 填“是”或“否”。时间按北京时间，写作 2026-11-24 08:30。"
    for name, words in (
        ("单位类别", UnitKind),
        ("人员角色", ContactRole),
        ("网格层级", GridLayer),
        ("规则角色", [role for role in BridgeRole if role is not BridgeRole.CITIZEN]),
    ):
        yield f"{name}：" + "、".join(label(word) for word in words)
    for sheet in SHEETS:
        yield f"“{sheet.title}”必填列：" + "、".join(sheet.columns[name] for name in sheet.required)
