"""Chinese numbers, changed span by span: only where the words around them say what they count.

The transcript itself is never rewritten; callers get spans, and `render` makes a reading copy.
Approximate pairs (七八个人, 三四天) and place names (五马镇) stay as they were said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cn2an

DIGIT_OF = {
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    **dict(zip("〇幺两洞拐勾", "012079", strict=True)),
    **{digit: digit for digit in "0123456789"},
}
DIGITS = "0-9零〇幺一二两三四五六七八九"
RADIO = "洞拐勾"
_NUMBER = "[0-9零一二两三四五六七八九十百千万点]"
_BEGINS = f"(?<![{DIGITS}十百千万])"
"""Only where the number begins: 八号 is not what 一百零八号 says."""
_TENS = "[一二三四五六七八九]十[一二三四五六七八九]?"
_LONGEST = 30
"""A longer run of number words is no number."""
_APPROXIMATE = re.compile("一二|二三|两三|三四|三五|四五|五六|六七|七八|八九")


class NumberKind(StrEnum):
    """What a number counts."""

    PHONE = "phone"
    IDENTITY = "identity"
    RUN = "run"
    HOUSE = "house"
    MONEY = "money"
    TIME = "time"
    MEASURE = "measure"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """`text[start:end]` read as `value`."""

    start: int
    end: int
    kind: NumberKind
    value: str


_RULES: tuple[tuple[NumberKind, re.Pattern[str]], ...] = (
    (NumberKind.IDENTITY, re.compile(f"(?<![{DIGITS}])[{DIGITS}]{{17}}[{DIGITS}Xx](?![{DIGITS}])")),
    (NumberKind.PHONE, re.compile(f"[{DIGITS}{RADIO}]{{7,}}")),
    (NumberKind.RUN, re.compile(f"[{DIGITS}{RADIO}]{{5,}}(?![十百千万点])")),
    (NumberKind.PERCENT, re.compile(f"百分之({_NUMBER}+)")),
    (NumberKind.TIME, re.compile(f"([{DIGITS}]{{2,4}}|两千零[一二三四五六七八九十]+)(?=年)")),
    (
        NumberKind.HOUSE,
        re.compile(
            f"{_BEGINS}([1-9一二两三四五六七八九]百(?:零[一二三四五六七八九]|{_TENS})?)(?=号(?![人码]))"
        ),
    ),
    (
        NumberKind.TIME,
        re.compile(f"{_BEGINS}([0-9一二三四五六七八九十]{{1,3}})(?=月(?!薪)|日|号(?![楼栋院井线机]))"),
    ),
    (
        NumberKind.TIME,
        re.compile(
            "(?:(?<=[上中下]午)|(?<=晚上)|(?<=早上)|(?<=凌晨)|(?<=半夜)|(?<=夜里)|(?<=今早)|(?<=昨晚))([0-9一二两三四五六七八九十]{1,3})(?=点)"
        ),
    ),
    (NumberKind.TIME, re.compile("([0-9一二两三四五六七八九十]{1,3})(?=点(?:半|钟|[一二三四五][十]|[0-9]))")),
    (NumberKind.TIME, re.compile("(?<=点)([0-9零一二三四五六七八九十]{2,3})(?=分)")),
    (NumberKind.HOUSE, re.compile(f"([{DIGITS}]{{3,4}})(?=室|房|号)")),
    (
        NumberKind.HOUSE,
        re.compile("(?<=[元楼栋幢])([一二三四五六七八九十]{1,3})(?=之[一二三四五六七八九十])"),
    ),
    (NumberKind.HOUSE, re.compile("(?<=[一二三四五六七八九十]之)([一二三四五六七八九十]{1,2})")),
    (
        NumberKind.HOUSE,
        re.compile("([0-9一二两三四五六七八九十百]{1,4})(?=号楼|号院|[栋幢楼层室组社]|单元|号门)"),
    ),
    (NumberKind.HOUSE, re.compile(f"(?<=[元楼栋幢室层房])([{DIGITS}]{{3,4}})")),
    (NumberKind.HOUSE, re.compile("(?<=[路街道巷号])([0-9一二两三四五六七八九十百零]{1,5})(?=号)")),
    (
        NumberKind.MONEY,
        re.compile(f"(?<!{_NUMBER})({_NUMBER}+)(?=块钱|元|块(?!地|田|石|木|板|砖|铁|牌|头|方|布))"),
    ),
    (
        NumberKind.MEASURE,
        re.compile(f"(?<!{_NUMBER})({_NUMBER}+)(?=平方|立方|公里|公分|厘米|毫米|米|斤|公斤|吨|亩|度电|千瓦)"),
    ),
)


def spans(text: str, protected: Sequence[tuple[int, int]] = ()) -> list[NumberSpan]:
    """Every number that can be read with certainty, first rule first, none overlapping."""
    taken = [False] * len(text)
    for start, end in protected:
        taken[start:end] = [True] * (end - start)
    found: list[NumberSpan] = []
    for kind, rule in _RULES:
        for match in rule.finditer(text):
            start, end = match.span(1) if rule.groups else match.span()
            if any(taken[start:end]):
                continue
            value = _value(kind, text[start:end])
            if value is None:
                continue
            if kind is NumberKind.PERCENT:
                start, value = match.start(), value + "%"
            taken[start:end] = [True] * (end - start)
            found.append(NumberSpan(start, end, kind, value))
    return sorted(found, key=lambda span: span.start)


def render(text: str, protected: Sequence[tuple[int, int]] = ()) -> str:
    """A reading copy with the numbers in figures."""
    return "".join(_pieces(text, spans(text, protected)))


def _pieces(text: str, found: Sequence[NumberSpan]) -> Iterator[str]:
    done = 0
    for span in found:
        yield text[done : span.start]
        yield span.value
        done = span.end
    yield text[done:]


def digits(said: str) -> str:
    """Digit by digit, 幺 and radio talk included; anything else is left out."""
    return "".join(DIGIT_OF[char] for char in said if char in DIGIT_OF)


def _value(kind: NumberKind, said: str) -> str | None:
    if kind in (NumberKind.PHONE, NumberKind.RUN):
        return digits(said)
    if kind is NumberKind.IDENTITY:
        return digits(said[:-1]) + (digits(said[-1]) or "X")
    if all(char in DIGIT_OF for char in said) and (len(said) > 2 or kind is not NumberKind.MONEY):
        if len(said) == 2 and _APPROXIMATE.fullmatch(said):
            return None
        return digits(said)
    return read(said)


def read(said: str) -> str | None:
    """A counted number in figures (八千六 → 8600); None where it is not one number."""
    if len(said) > _LONGEST or (_APPROXIMATE.search(said) and not re.search("[十百千万]", said)):
        return None
    if re.search(
        "(?:一二|二三|两三|三四|四五|五六|六七|七八|八九)[十百千万]|十[一二三四五六七八][二三四五六七八九]",
        said,
    ):
        return None
    try:
        value = cn2an.cn2an(said.strip("点"), "smart")
    except (ValueError, TypeError, KeyError):
        return None
    return str(int(value)) if float(value).is_integer() else str(value)
