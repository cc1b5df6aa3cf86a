"""When it happened, in the caller's own words: a day or an hour comes before a stretch of time."""

from __future__ import annotations

import re
from collections.abc import Callable

from tickets.draft.heard import BREAK, Heard
from tickets.draft.retold import told_at_last
from tickets.draft.turns import Field

_NUM = "[0-9零一二两三四五六七八九十]"
_COUNT = f"(?:{_NUM}{{1,3}}|半|几|好几|十几|二十几|几十)"
_WEEKDAY = "[一二三四五六天日]"
_WEEK = "(?:周|星期|礼拜)"
_SEASON = (
    "(?:夏天|冬天|春天|秋天|热天|伏天|春上|秋季|冬季|夏季|春季|腊月间?|正月间?|清明|国庆|春节|过年|年底|年初|上半年|下半年"
    "|(?<=年)十?[一二三四五六七八九十]月份?)"
)
_PART = (
    "(?:一个?(?:晚上|上午|下午|早上|中午)|大清早|清早|清晨|凌晨|早上|早晨|早起|一大?早|上午|大?中午|晌午|下午|傍晚|天?擦黑|晚上|夜头|夜里|夜间"
    "|深更半夜|半夜三更|大?半夜|深夜|天亮|天不亮)"
)
_YEAR = f"(?:大前年|前年|去年|昨年|今年|明年|后年|零[几一二三四五六七八九]年)子?{_SEASON}?"
_MONTH = f"(?:上上?|这|下|前|本)个?月(?:初|底|中旬|{_NUM}{{1,3}}号)?"
_IN_WEEK = f"(?:(?:上上?|这|下|本|前)个?{_WEEK}{_WEEKDAY}?|{_WEEK}{_WEEKDAY})"
_DAY = (
    "(?:昨夜头|大前天|大后天|前天|昨天|昨日|昨晚上?|昨夜|今天|今日|今早[上晨]?|今晚上?|明天|明晚|明早|后天|当天|刚才|刚刚|将才"
    "|前几年|前些年|前两年|这两年|前[几两]天|这[几两]天|前[几两]个?月|上半年|下半年|今晨|上回|上次|赶场天|大年三十|正月初[一二三四五六七八九十]"
    "|那天晚上|那晚上?|那天(?=[^天]|$))"
)
_DATE = (
    f"(?:{_NUM}{{2,4}}年{_NUM}{{1,3}}月(?:{_NUM}{{1,3}}[号日]|份)?|{_NUM}{{1,3}}月{_NUM}{{1,3}}[号日]|{_NUM}{{4}}年底?"
    "|(?<!个)(?<![0-9一二两三四五六七八九十])十?[一二三四五六七八九十]月份"
    "|(?<![一二三四五六七八九十])[一二三四五六七八九零][一二三四五六七八九零]年(?![级间])|零[几一二三四五六七八九]年|九几年)"
)
_MINUTES = f"(?:半|一刻|整|[一二三四五]?十[一二三四五六七八九]?分?|{_NUM}{{1,3}}分)"
_HOUR = "(?:十?[一二两三四五六七八九十]|二十[一二三四]?|零|[0-9]{1,2})点"
_CLOCK = f"(?:{_HOUR}(?:钟|{_MINUTES}?)(?:多钟?|左右|过后|钟|过|后|以后)?)"
_SURE_CLOCK = (
    "(?<![大小快有早晚好差慢多少高低第上下零一二两三四五六七八九十百千])"
    f"(?:{_HOUR}(?:钟|{_MINUTES}|多钟?|左右|过后|(?=就|还|都|才|开始)))"
)
_TO = f"(?:[到至]{_PART}?{_CLOCK})"
_EVERY = "(?:每天|天天|每晚|每日|每到|每个?星期|每个月)"
_NAMED = f"(?:{_YEAR}|{_MONTH}|{_IN_WEEK}|{_DATE}|{_DAY})"
_DURATION = (
    f"(?:{_COUNT}(?:多|来)?(?:个多?(?:半)?(?:月|小时|钟头|星期|礼拜|季度|学期)|年半?多?|天(?!然)|周(?![年岁围边])|分钟|小时|月(?![份饼亮初底子]))"
    "(?:半|多)?(?:[几0-9一二两三四五六七八九十]夜)?|一(?:晚上|上午|下午|早上|夜|晚)|通宵)"
)
_LASTING = (
    f"(?<=[了快都经整续过等停拖欠有跑修住])(?!一[天年]|半天|几[天年]){_DURATION}|(?!一[天年](?!一夜)|一个月|半天|几[天年]|[^月年天周]{{1,5}}[时头钟]){_DURATION}(?=[了没不都还咯啦多未无])"
    "|一(?:晚上|上午|早上)|通宵|半年|半个月|三天三夜"
)
_FEAST = (
    "暑假|寒假|清明节?|端午节?|国庆节?|中秋节?|春节|周末|汛期|雨季|早高峰|晚高峰|过年前?|年底|年初|腊月间?|正月间?"
    "|上半年|下半年|上学期|这学期|那年"
)
_KINDS: tuple[re.Pattern[str], ...] = (
    re.compile(
        f"{_EVERY}?{_NAMED}(?:的)?{_PART}*(?:{_CLOCK}{_TO}?)|{_EVERY}?{_PART}+{_CLOCK}{_TO}?|{_EVERY}{_CLOCK}{_TO}?"
    ),
    re.compile(f"{_NAMED}{_PART}*|{_DURATION}前"),
    re.compile(f"{_SURE_CLOCK}{_TO}?"),
    re.compile(f"{_EVERY}?{_PART}+"),
    re.compile(_LASTING),
    re.compile(_FEAST),
)


_LIVED = re.compile("(?:住|种|当|教|养|守|练|用|喂|卖)了(?:快|有)?$|嫁(?:过|出)?来$|判了?$")
"""Before years: how long somebody has lived or worked so (住了二十年), not since when something is wrong."""
_AHEAD = re.compile("(?:还有|还差|再[等过]|等|超过|不到|不出|每|保修|质保|有效期)$")
"""Before a stretch of time: what is to come, a term, or how often."""
_TOLD_OR_AGED = re.compile(f"说的|我?(?:都|满|快)?{_NUM}{{1,3}}岁")
"""Behind a time: when something was said, how old somebody is."""
_LASTS = re.compile(_DURATION)
_LOOKS_BACK = 4
_SELDOM: dict[str, frozenset[int]] = {
    "咨询": frozenset({2, 3, 5}),
    "建议": frozenset({2, 3, 4, 5}),
    "表扬": frozenset({2, 4}),
    "其他": frozenset({4, 5}),
}
"""Kinds of time that such a call names for opening hours, habits and wishes, hardly for what happened."""


def find_time(heard: Heard, call: str | None = None) -> Field[str]:
    """The words of the time, as said: the most exact kind, and of that the first.

    `call`: its type, where that is known.
    """
    text = heard.text
    seldom = _SELDOM.get(call or "", frozenset())
    for kind, found in enumerate(said(text)):
        happened = [span for span in found if kind not in seldom and _happened(text, span)]
        if happened:
            chosen = min(happened, key=lambda span: span[0])
            start, end = told_at_last(text, chosen, _named_between(text))
            return Field(text[start:end].replace(BREAK, ""), 0.8 - 0.08 * kind, heard.evidence(start, end))
    return Field()


def _happened(text: str, span: tuple[int, int]) -> bool:
    start, end = span
    if _TOLD_OR_AGED.match(text, end):
        return False
    before = text[max(0, start - _LOOKS_BACK) : start]
    lasts = _LASTS.fullmatch(text, start, end)
    return not (lasts and (_AHEAD.search(before) or ("年" in lasts[0] and _LIVED.search(before))))


def said(text: str) -> list[list[tuple[int, int]]]:
    """Every time that the rules see, the most exact kind first."""
    return [[match.span() for match in pattern.finditer(text)] for pattern in _KINDS]


def _named_between(text: str) -> Callable[[int, int], tuple[int, int] | None]:
    """Finds the most exact time that begins between two places."""

    def find(first: int, last: int) -> tuple[int, int] | None:
        return next((span for kind in said(text) for span in kind if first <= span[0] <= last), None)

    return find
