"""How much money: the sum that the matter is about, in figures with 元."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tickets.draft.heard import Heard
from tickets.draft.numbers import digits, read
from tickets.draft.turns import Field

_DIGIT = "[一二两三四五六七八九]"
_ANY = "[0-9零一二两三四五六七八九十百千万]"
_PER = (
    "(?:晚|台|针|年|程|盒|平|张|月|份|天|个|次|户|碗|杯|人|吨|瓶|只|斤|节|亩|车|单|条|根|套|趟|间|头|桌|包|袋|分"
    "|科|桶|度|方|把|株)"
)
_COUNTED = (
    "(?:亩|斤|公|吨|米|里|个(?!月不)|人|来|户|口|度|年|岁|天|月|号|兆|张|只|头|棵|平|次|名|位|栋|倍|分|页|家|条|件|卡|遍|份|回|颗"
    "|辆|艘|本|台|匹|盏|根|桌|株|块地|站|楼|毫|升|座|组|期|步|字|克|下|秒|小时|钟头|点|周|箱|包|级|折|届|比|角|毛|伏|赞|趟|单|成|写)"
)
_LARGE = "(?:[一二两三四五六七八九十]{1,3}[百千万][一二两三四五六七八九十百千万零]{0,8}?|[1-9][0-9]{2,6})"
_SMALL = f"(?:{_DIGIT}?十{_DIGIT}?|[1-9][0-9]|{_LARGE})"
_SPENT = (
    "(?:多?[收扣赔补交充罚花涨卖欠借套判]|退|要(?=赔|价)|押金|租金|工钱|工资|补贴|[费价票钱]|存|骗|给|[每一](?:个月|个人|[天年月次人户亩张斤趟]))"
    "(?:了|到|我们?|他们?|起|出|成|娃儿|停靠费|运费|车费|车票|费){0,3}"
)
_END = f"(?=一{_PER}|(?:几|多)?(?!{_COUNTED})(?!多)(?!{_ANY})[^点几幺]|$)"
_SUMS: tuple[re.Pattern[str], ...] = (
    re.compile(
        f"(?<!{_ANY})(?P<whole>{_ANY}{{1,4}})块(?P<part>(?!一{_PER}){_DIGIT})(?![百千万十]|{_DIGIT}|个|人|张|只|米|块)"
    ),
    re.compile(f"(?<!{_ANY})(?P<whole>{_ANY}+)(?:几|多|来)?(?:块钱|元|块(?=一{_PER}))"),
    re.compile(
        f"(?P<whole>(?<!{_ANY})(?:(?!一块|两块|[三四五]块){_ANY})+|(?<=[收扣赔交涨到要给费价卖])[一两三四五])(?:几|多)?块"
        "(?![地田石木板砖铁牌头方布钱大宽冰肉荒空瓷皮窗碑]|水泥|玻璃)"
    ),
    re.compile(f"{_SPENT}(?P<whole>{_SMALL}){_END}"),
    re.compile(f"(?<![点幺第几])(?<!{_ANY})(?P<whole>{_LARGE}){_END}"),
)


_RISEN = re.compile("(?:涨到|涨成|变成?)了?$")
_RISEN_LONGEST = 3


@dataclass(frozen=True, slots=True)
class _Sum:
    start: int
    end: int
    value: str


def find_amount(heard: Heard) -> Field[str]:
    """The sum risen to, else the first one said: what comes after it is mostly compared with it."""
    text = heard.text
    found = sorted(
        _sums(text),
        key=lambda one: (
            not _RISEN.search(text[max(0, one.start - _RISEN_LONGEST) : one.start]),
            one.start,
            -one.end,
        ),
    )
    if not found:
        return Field()
    first = found[0]
    alone = all(one.value == first.value for one in found)
    return Field(f"{first.value}元", 0.85 if alone else 0.6, heard.evidence(first.start, first.end))


def _sums(text: str) -> Iterator[_Sum]:
    for pattern in _SUMS:
        for match in pattern.finditer(text):
            value = _figures(match["whole"])
            if value is None or value == "0":
                continue
            part = match.groupdict().get("part")
            yield _Sum(match.start("whole"), match.end(), f"{value}.{digits(part)}" if part else value)


def _figures(said: str) -> str | None:
    return said if said.isdigit() else read(said)
