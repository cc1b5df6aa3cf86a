"""When, how much, where exactly and about whom: read off the caller's words by pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tickets.draft.heard import BREAK, Heard
from tickets.draft.lexicons import words
from tickets.draft.numbers import NumberKind, NumberSpan, read, render, spans
from tickets.draft.sounds import fold
from tickets.draft.turns import Field

_NUM = "[0-9零一二两三四五六七八九十百]"
_DAY = (
    "大前天|前天|昨天|昨日|昨晚|昨夜|今天|今日|今早|今晚|明天|后天|刚才|刚刚|将才"
    "|大前年子?|前年子?|去年子?|今年子?|明年|上个星期天?|上个?礼拜|上周[一二三四五六天日]?|这个?星期|这周|下个?星期|下周|上个月|这个月|下个月|前个月|上回|上次|前两年|前几年|这两年|这两天|前几天|前两天|年底|年初|腊月间?|正月间?|赶场天|过年前|过年|星期[一二三四五六天日]|礼拜[一二三四五六天日]|周[一二三四五六日]"
)
_PART = (
    "大清早|清早|清晨|凌晨|早上|早晨|早起|上午|中午|晌午|下午|傍晚|擦黑|晚上|夜头|夜里"
    "|半夜三更|半夜|天亮|天黑"
)
_CLOCK = f"{_NUM}{{1,3}}点(?:钟|半|一刻|{_NUM}{{1,3}}分?)?(?:多钟?|左右|过后|钟)?"
_DATE = (
    f"(?:{_NUM}{{2,4}}年)?{_NUM}{{1,3}}月{_NUM}{{1,3}}[号日]|{_NUM}{{4}}年"
    "|[一二三四五六七八九十]{1,3}月份|[一二三四五六七八九][一二三四五六七八九零]年(?!级)"
)
_EVERY = "每天|天天|每个月|每晚|每个星期"
_TIME = re.compile(
    f"(?:{_EVERY})?(?:{_DAY}|{_DATE})上?(?:{_PART})*(?:{_CLOCK})?|每个月|(?:{_EVERY})(?:{_PART})+(?:{_CLOCK})?"
    f"|(?:{_PART})+(?:{_CLOCK})|大?半夜三更|(?<!快)(?<!有)(?<!早)(?<!晚){_CLOCK}"
)
_LOOSE_MONEY = re.compile(
    "(?<![0-9零一二两三四五六七八九十百千万点幺第几])([一二两三四五六七八九十]{1,2}[万千百][一二两三四五六七八九十万千百零]{0,7}|[1-9][0-9]{2,6})"
    "(?![0-9零幺一二两三四五六七八九十百千万点亩斤吨米个人来户年度兆公里号张只头棵平次名位天岁块元倍分页家条件卡栋]|几)"
)
_HOUSE = re.compile(
    "[0-9]+(?:号楼|[栋幢])(?:[0-9]+单元)?(?:[0-9]+楼)?(?:[0-9]+(?:之[0-9]+)?(?:室|号)?)?|[0-9]+单元[0-9]+|[0-9]+[组社](?!区)|[0-9]+楼"
)
_AFTER = re.compile(
    "(?:后门|前门|门口|对面|旁边|背后|楼上|楼下|外头|外面|里头|边边|下段|上段|大门口|附近|转角|路口|那头|那边|前头)"
)


def find_time(heard: Heard) -> Field[str]:
    """The words of the time, as said; the first exact one."""
    found = list(_TIME.finditer(heard.text))
    if not found:
        return Field()
    best = max(found, key=lambda one: (bool(re.search("点", one[0])), -one.start() / 1000))
    return Field(best[0], 0.8, heard.evidence(*best.span()))


def find_amount(heard: Heard) -> Field[str]:
    """The sum of money in figures with 元."""
    options: list[tuple[int, int, str]] = []
    for span in spans(heard.text):
        if span.kind is NumberKind.MONEY:
            options.append((span.start, span.end, span.value))
    for match in _LOOSE_MONEY.finditer(heard.text):
        value = match[1] if match[1].isdigit() else read(match[1])
        if value and not any(start < match.end(1) and match.start(1) < end for start, end, _ in options):
            options.append((match.start(1), match.end(1), value))
    if not options:
        return Field()
    start, end, value = max(options)
    return Field(f"{value}元", 0.85 if len(options) == 1 else 0.6, heard.evidence(start, end))


def find_detail(heard: Heard, places: Iterable[tuple[int, int]], known: Iterable[str] = ()) -> Field[str]:
    """Estate, road, building and door; numbers in figures. `known`: names learned so far."""
    text = heard.text
    for start, end in places:
        text = text[:start] + BREAK * (end - start) + text[end:]
    start, end = _known_name(heard, text, known)
    value = text[start:end]
    for span_start, span_end, house in _houses(text):
        if not value or 0 <= span_start - end <= 3:
            value += house
            start, end = (start if end else span_start), span_end
            break
    after = _AFTER.match(text, end) if value and start < end else None
    if after:
        value, end = value + after[0], after.end()
    return Field(value, 0.6, heard.evidence(start, end)) if value else Field()


def _known_name(heard: Heard, text: str, known: Iterable[str]) -> tuple[int, int]:
    best = (0, 0)
    for name in known:
        at = text.find(name)
        if at < 0 and len(name) > 3:
            at = heard.sounds.find(fold(name))
            at = -1 if BREAK in text[max(at, 0) : at + len(name)] else at
        if at >= 0 and len(name) > best[1] - best[0]:
            best = (at, at + len(name))
    return best


def _houses(text: str) -> list[tuple[int, int, str]]:
    """Building, unit, door: where said, and in figures."""
    found: list[tuple[int, int, str]] = []
    run: list[NumberSpan] = [span for span in spans(text) if span.kind is NumberKind.HOUSE]
    at = 0
    while at < len(run):
        last = at
        while last + 1 < len(run) and run[last + 1].start - run[last].end <= 2:
            last += 1
        unit = re.match("号楼|单元|[栋幢楼组社室号]", text[run[last].end :])
        end = run[last].end + (unit.end() if unit else 0)
        shown = render(text[run[at].start : end])
        if _HOUSE.fullmatch(shown):
            found.append((run[at].start, end, shown))
        at = last + 1
    return found


def find_respondent(heard: Heard, kind: str | None) -> Field[str]:
    """Who is complained of: the named unit or trade nearest to the matter."""
    if kind not in ("投诉", "举报", "表扬"):
        return Field()
    best: tuple[int, int] | None = None
    for word in words("respondents"):
        at = heard.text.find(word)
        if at >= 0 and (
            best is None or len(word) > best[1] - best[0] or (len(word) == best[1] - best[0] and at < best[0])
        ):
            best = (at, at + len(word))
    if best is None:
        return Field()
    return Field(heard.text[best[0] : best[1]], 0.6, heard.evidence(*best))
