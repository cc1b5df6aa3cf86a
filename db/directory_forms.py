"""What a row of the directory must look like, whether typed on the page or read from Excel. Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic import model_validator as checks_whole

from core.clock import SHANGHAI
from core.vocabulary import BridgeRole, ContactRole, GridLayer, UnitKind, label

LONGEST_SHIFT: Final = dt.timedelta(days=7)
YES: Final = frozenset({"是", "1", "true", "y", "yes", "√", "✓"})
NO: Final = frozenset({"否", "0", "false", "n", "no", "", "×"})
_NUMBER: Final = re.compile(
    r"1[3-9]\d{9}"  # mobile
    r"|0(?:10|2\d|[3-9]\d{2})[2-9]\d{6,7}"  # fixed line with area code; never 00, the way abroad
    r"|[2-8]\d{7}"  # fixed line of this area
    r"|11[09]|12[02]|12\d{3}|9[56]\d{3,4}"  # emergency and service numbers
)
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,19}")
_TIME: Final = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]+(\d{1,2})[:时](\d{1,2})(?::00)?分?"
)


def plain(text: object) -> str:
    """One line as a form holds it: full-width letters folded, no control characters; nothing for None."""
    if text is None:
        return ""
    folded = unicodedata.normalize("NFKC", str(text))
    return "".join(" " if unicodedata.category(one)[0] == "C" else one for one in folded).strip()


def phone_number(value: object) -> str:
    """Digits that may be dialled, or nothing.

    Raises:
        ValueError: with the reason in Chinese.
    """
    digits = re.sub(r"[\s()-]", "", plain(value)).removeprefix("+86")
    if not digits or _NUMBER.fullmatch(digits):
        return digits
    if re.fullmatch(r"[2-9]\d{9,10}", digits):
        raise ValueError("固定电话似乎丢了区号前的 0，请把单元格设为文本后重填")
    raise ValueError("不是可拨打的电话号码（手机 11 位，固话带区号或 8 位）")


def local_moment(value: object) -> dt.datetime:
    """A moment: Excel's date, ISO text, or `2026-11-24 08:30`, of Asia/Shanghai where no zone is said.

    Raises:
        ValueError: with the reason in Chinese.
    """
    if not isinstance(value, dt.datetime):
        text = plain(value)
        match = _TIME.fullmatch(text)
        try:
            numbers = [int(part) for part in match.groups()] if match else []
            value = dt.datetime(*numbers) if match else dt.datetime.fromisoformat(text)  # type: ignore[arg-type, misc]  # noqa: DTZ001  the zone follows
        except ValueError:
            raise ValueError("时间应写作 2026-11-24 08:30") from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=SHANGHAI)
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("时间超出范围") from None


def _code(text: str) -> str:
    if text and not _CODE.fullmatch(text):
        raise ValueError("编码为 2 至 20 位字母、数字或 _.-")
    return text


def _flag(value: object) -> bool:
    word = plain(value).lower()
    if word in YES or word in NO:
        return word in YES
    raise ValueError("应为 是 或 否")


def _listed(value: object) -> list[str]:
    parts: list[Any] = (
        list(value)  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, list)
        else re.split(r"[、,，;；\n]", "" if value is None else str(value))
    )
    return list(dict.fromkeys(part for part in (plain(one) for one in parts) if part))


def _prefix(text: str) -> str:
    if text and not re.fullmatch(r"\d{2}|\d{4}", text):
        raise ValueError("分类编码为 2 位或 4 位数字，空 = 全部")
    return text


def _role(value: object) -> object:
    word = plain(value)
    return next((role for role in BridgeRole if word in (str(role), label(role))), word)


Text = Annotated[str, BeforeValidator(plain)]
Code = Annotated[str, BeforeValidator(plain), AfterValidator(_code)]
Number = Annotated[str, BeforeValidator(phone_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Listed = Annotated[list[Annotated[str, Field(max_length=60)]], BeforeValidator(_listed), Field(max_length=20)]
Moment = Annotated[dt.datetime, BeforeValidator(local_moment)]


class Form(BaseModel):
    """One row as people give it; other rows are named by code or name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitForm(Form):
    """承办单位."""

    code: Code = Field(min_length=2)
    name: Text = Field(min_length=2, max_length=60)
    kind: Annotated[UnitKind, BeforeValidator(plain)]
    aliases: Listed = []
    parent_code: Code = ""
    town: Text = Field("", max_length=40)
    duty_day: Number = ""
    duty_night: Number = ""
    active: Flag = True
    confirmed: Flag = False


class ContactForm(Form):
    """人员."""

    code: Code = Field(min_length=2)
    name: Text = Field(min_length=2, max_length=40)
    role: Annotated[ContactRole, BeforeValidator(plain)]
    title: Text = Field("", max_length=40)
    unit_code: Code = ""
    grids: Listed = []
    leader: Flag = False
    duty: Number = ""
    mobile: Number = ""
    deputy: Number = ""
    login: Text = Field("", max_length=40)
    active: Flag = True

    @checks_whole(mode="after")
    def _belongs_somewhere(self) -> ContactForm:
        if self.role is ContactRole.GRID_WORKER:
            if not self.grids and not self.unit_code:
                raise ValueError("grids|网格员至少要有一个网格或所属乡镇单位")
        elif not self.unit_code:
            raise ValueError("unit_code|请填写所属单位")
        return self


class GridForm(Form):
    """网格."""

    code: Code = Field(min_length=2)
    name: Text = Field(min_length=2, max_length=60)
    layer: Annotated[GridLayer, BeforeValidator(plain)]
    parent_code: Code = ""
    town: Text = Field("", max_length=40)
    village: Text = Field("", max_length=40)

    @checks_whole(mode="after")
    def _fits_its_layer(self) -> GridForm:
        if (self.layer is GridLayer.MICRO) != bool(self.parent_code):
            raise ValueError("parent_code|微网格要有上级网格，网格没有上级网格")
        if not self.town and not self.village:
            raise ValueError("town|请填写乡镇街道或村社区")
        return self


class ShiftForm(Form):
    """排班: 起 included, 止 excluded."""

    contact_code: Code = Field(min_length=2)
    starts_at: Moment
    ends_at: Moment

    @checks_whole(mode="after")
    def _runs_forward(self) -> ShiftForm:
        if not self.starts_at < self.ends_at:
            raise ValueError("ends_at|结束时间应晚于开始时间")
        if self.ends_at - self.starts_at > LONGEST_SHIFT:
            raise ValueError("ends_at|一个班次最长 7 天")
        return self


class RuleForm(Form):
    """三方规则."""

    category_prefix: Annotated[Text, AfterValidator(_prefix)] = ""
    town: Text = Field("", max_length=40)
    village: Text = Field("", max_length=40)
    role: Annotated[BridgeRole, BeforeValidator(_role)]
    unit_code: Code = ""
    confirmed: Flag = False
    source: Text = Field("", max_length=120)

    @checks_whole(mode="after")
    def _names_a_unit(self) -> RuleForm:
        if self.role is BridgeRole.CITIZEN:
            raise ValueError("role|来电群众的号码来自来电或工单，不设规则")
        if self.role in (BridgeRole.INTERNET_OFFICE, BridgeRole.EMERGENCY) and not self.unit_code:
            raise ValueError("unit_code|这个角色要指定单位")
        return self


F = TypeVar("F", bound=Form)


def read(form: type[F], values: Mapping[str, object]) -> F | list[tuple[str, str]]:
    """The row, or every (field, reason in Chinese) that is wrong with it."""
    try:
        return form.model_validate(dict(values))
    except ValidationError as error:
        return list(_reasons(form, error))


def _reasons(form: type[Form], error: ValidationError) -> Iterator[tuple[str, str]]:
    for one in error.errors(include_url=False, include_input=False):
        field = str(one["loc"][0]) if one["loc"] else ""
        said = str(one.get("ctx", {}).get("error", ""))
        if one["type"] == "value_error":
            yield (field, said) if field else tuple[str, str](said.split("|", 1))  # type: ignore[misc]
        elif one["type"] == "enum":
            kind = form.model_fields[field].annotation
            assert isinstance(kind, type)
            assert issubclass(kind, StrEnum)
            yield field, "应为：" + "、".join(label(word) for word in kind)
        elif one["type"] in ("missing", "string_too_short"):
            yield field, "必填（至少 2 个字）"
        elif one["type"] == "extra_forbidden":
            yield field, "没有这一项"
        else:
            yield field, "内容太长" if one["type"].endswith("too_long") else "格式不对"
