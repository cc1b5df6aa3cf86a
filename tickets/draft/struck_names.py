"""Where somebody's name stands in a call's lines: as the ticket has it, or as people say a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from tickets.draft import sounds

Span = tuple[int, int]

_HAN: Final = "\u3400-\u9fff"
_DOUBLE: Final = "(?:欧阳|司马|诸葛|上官|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯)"
_FAMILY: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范石姚谭廖邹熊金陆郝孔白"
    "崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎武贺赖龚文向冉覃项牟詹易庞殷聂倪翁柯舒阮游骆鄢幸晏艾温苟蒲岳温季穆耿辛柳鲁施陶葛伍章祝凌申简卓甘包左柴路匡邬"
)
_RARE: Final = "高方安成万常关时管于全应单明严代丰占"
"""Family names that mostly are other words: only with 先生, or where a name was asked for."""
_STOPS: Final = (
    "镇村组社街路乡号楼栋的是在说找给跟和叫你我他她它们您不了着过到去来个有要没政上下里边处"
    "时候天晚月年日区城坝"
)
_ENDS_PLACE: Final = "镇村组社街乡路城坝区"
_NOT_A_NAME: Final = (
    "(?!向(?:政府|社区|有关|领导|上级|民生|县|相关|对面|前|后|左|右)|马上|白天|白帝|周[一二三四五六日末]"
    "|石头|江边|田[里边]|任何|何时|金额|路[上边过]|余下|万一)"
)
_GIVEN: Final = f"(?:(?![{_STOPS}])[{_HAN}])"
_TWO: Final = f"{_DOUBLE}[{_HAN}]{{1,3}}(?![{_HAN}])|{_DOUBLE}{_GIVEN}{{1,2}}"
_ONE: Final = f"[{_FAMILY}]{_GIVEN}{{1,3}}(?![{_HAN}])|[{_FAMILY}]{_GIVEN}{{1,2}}+(?![{_ENDS_PLACE}])"
_INTRODUCED: Final = re.compile(rf"(?<![不还就要])(?:我是|我就是|这里是)[ ,，]?{_NOT_A_NAME}({_TWO}|{_ONE})")
_RARE_ONE: Final = f"[{_FAMILY}{_RARE}]{_GIVEN}{{1,2}}(?![{_HAN}])"
_NAMED: Final = re.compile(rf"(?:名字|姓名)[ ,，]?{_NOT_A_NAME}({_TWO}|{_ONE}|{_RARE_ONE})")
_KEPT_BACK: Final = "(?!保密|绝对|千万|一定|隐|假|哪|啥|什么|谁|秘密)"
"""What is said of a name and is none: 名字是保密的."""
_CALLED: Final = re.compile(
    rf"(?:我叫|名字(?:是|叫)|姓名(?:是|叫)|免贵姓|我姓)(?:做|作)?[ ,，]?(?![了你他她它人们过着到不去来\s])"
    rf"{_KEPT_BACK}"
    rf"({_DOUBLE}[{_HAN}]{{1,3}}(?![{_HAN}])|{_DOUBLE}[{_HAN}]{{1,2}}|[{_HAN}]{{1,4}}(?![{_HAN}])|[{_HAN}]{{1,3}})"
)
_FAMILY_NAME: Final = re.compile(
    rf"(?<![贵百尊同])姓({_DOUBLE}|[{_FAMILY}{_RARE}])(?:(?![{_HAN}])[ ,，。、]*(\1[{_HAN}]{{1,3}}))?"
)
_TITLED: Final = re.compile(
    rf"((?:{_DOUBLE}{_GIVEN}{{0,2}}|[{_FAMILY}{_RARE}]{_GIVEN}{{0,3}}|[{_HAN}]))(?=先生|女士|小姐)"
)
_ASKS: Final = re.compile("贵姓|怎么称呼|咋个?称呼|姓什么|姓啥|什么名字|尊姓|您的?(?:姓名|名字)|叫啥子?")
_ANSWER: Final = re.compile(
    r"^[ ,，]*(?:(?:嗯|哦|啊|我|就|免贵|姓|叫|是)[ ,，]*)*"
    rf"({_DOUBLE}[{_HAN}]{{0,3}}|[{_FAMILY}{_RARE}]{_GIVEN}{{0,3}})(?![{_HAN}])"
)
_TYPED: Final = 3
"""A name so long is also known by its folded sound; a shorter one would be found in many words."""


def name_spans(lines: Sequence[str], name: str, callers: Sequence[bool], places: Sequence[str]) -> list[Span]:
    """Where names stand in the lines joined by line breaks; none overlapping, first ones first."""
    whole = "\n".join(lines)
    guarded = {at for start, end in _places(whole, places) for at in range(start, end)}
    found = [span for span in _introduced(whole, lines, callers) if guarded.isdisjoint(range(*span))]
    known = {whole[slice(*span)] for span in found if span[1] - span[0] >= _TYPED}
    for typed in {name, *known} if len(name) > 1 else known:
        found += _sounding(whole, typed)
    found += [found_one.span(1) for found_one in _TITLED.finditer(whole)]
    return _apart(found)


def _apart(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _places(whole: str, places: Sequence[str]) -> Iterable[Span]:
    said = {place for name in places for place in (name, re.sub("(?:街道|[镇乡村]|社区)$", "", name))}
    longest = sorted((place for place in said if len(place) > 1), key=len, reverse=True)
    if longest:
        for found in re.finditer("|".join(map(re.escape, longest)), whole):
            yield found.span()


def _introduced(whole: str, lines: Sequence[str], callers: Sequence[bool]) -> Iterable[Span]:
    for rule in (_INTRODUCED, _NAMED, _CALLED, _FAMILY_NAME):
        for found in rule.finditer(whole):
            yield from (found.span(group) for group in range(1, (rule.groups or 0) + 1) if found[group])
    begin, asked = 0, False
    for line, caller in zip(lines, callers, strict=True):
        answer = _ANSWER.match(line) if asked else None
        if answer:
            yield begin + answer.start(1), begin + answer.end(1)
        asked = bool(_ASKS.search(line)) or (asked and not caller)
        begin += len(line) + 1


def _sounding(whole: str, name: str) -> Iterable[Span]:
    """The name wherever it is heard, spelt as it may be; a short one only in its very tones."""
    if len(name) < _TYPED:
        heard, wanted = [sounds.toned(char) for char in whole], [sounds.toned(char) for char in name]
    else:
        heard, wanted = list(sounds.fold(whole)), list(sounds.fold(name))
    for at in range(len(heard) - len(wanted) + 1):
        if heard[at : at + len(wanted)] == wanted:
            yield at, at + len(wanted)
