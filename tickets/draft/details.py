"""Where exactly: estate, road, building and door, read off the caller's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from tickets.draft.heard import BREAK, Heard
from tickets.draft.numbers import NumberKind, NumberSpan, render, spans
from tickets.draft.retold import Span, told_at_last
from tickets.draft.sounds import automaton, fold
from tickets.draft.turns import Field

_HOUSE = re.compile(
    "[0-9]+(?:号楼|[栋幢])(?:[0-9]+单元)?(?:[0-9]+楼)?(?:[0-9]+(?:之[0-9]+)?(?:室|号)?)?|[0-9]+单元[0-9]+|[0-9]+[组社](?!区)|[0-9]+楼"
)
_FLOOR = re.compile("[0-9]+楼|1[栋幢]")
"""Alone these tell of water on the first floor or of a whole house (一栋楼), not of an address."""
_AFTER = re.compile(
    "(?:后门|前门|门口|对面|旁边|背后|楼上|楼下|外头|外面|里头|边边|下段|上段|大门口|附近|转角|路口|那头|那边|前头)"
)
_BEFORE_HOUSE = re.compile(
    "(?:^|[\n在到住是]|我们|这个|那个|那边|这边|地址)(?P<name>[^\n在到住是我的有了就]{2,6})$"
)
_AFTER_PLACE = re.compile(
    "\n(?:的|那边|这边|这里|这儿|靠近|在)?(?P<name>(?![那这里上下外]+[边头面]$)[^\n在到住是我的有了就人你他嘛哈呢啊没不]{1,7}"
    "[路街巷道园苑城居宅舍楼栋幢桥站场厂店馆校学院所库坝湾弯坡坎岩坪沟口边头后下上旁门侧])$",
    re.MULTILINE,
)


def find_detail(heard: Heard, places: Iterable[tuple[int, int]], known: Sequence[str] = ()) -> Field[str]:
    """Estate, road, building and door; numbers in figures. `known`: names learned so far."""
    said = list(heard.text)
    for start, end in places:
        said[start:end] = BREAK * (end - start)
    text = "".join(said)
    value, span = _found(heard, text, known)
    if not value:
        return Field()
    told = told_at_last(text, span, lambda first, last: _found_from(heard, text, known, (first, last)))
    if told != span:
        value, span = _found(heard, BREAK * told[0] + text[told[0] :], known)
    return Field(value, 0.6, heard.evidence(*span))


def _found_from(heard: Heard, text: str, known: Sequence[str], begins: tuple[int, int]) -> Span | None:
    first, last = begins
    value, span = _found(heard, BREAK * first + text[first:], known)
    return span if value and first <= span[0] <= last else None


def _found(heard: Heard, text: str, known: Sequence[str]) -> tuple[str, Span]:
    numbered = houses(text)
    start, end = _known_name(heard, text, known) or _said_name(text, numbered)
    value = text[start:end]
    for span_start, span_end, house in numbered:
        if not value and _FLOOR.fullmatch(house):
            continue
        if not value or 0 <= span_start - end <= 3:
            value += house
            start, end = (start if end else span_start), span_end
            break
    after = _AFTER.match(text, end) if value and start < end else None
    if after:
        value, end = value + after[0], after.end()
    return value, (start, end)


def _said_name(text: str, houses: Sequence[tuple[int, int, str]]) -> tuple[int, int]:
    """A name nobody taught: what stands before a house's number, or alone behind the village."""
    for start, _, _ in houses:
        match = _BEFORE_HOUSE.search(text[max(0, start - 9) : start])
        if match:
            return start - len(match["name"]), start
    match = _AFTER_PLACE.search(text)
    return match.span("name") if match else (0, 0)


def _known_name(heard: Heard, text: str, known: Sequence[str]) -> tuple[int, int] | None:
    best = (0, 0)
    for name in _sounding_like(heard, known):
        at = text.find(name)
        if at < 0 and len(name) > 3:
            at = heard.sounds.find(fold(name))
            at = -1 if BREAK in text[max(at, 0) : at + len(name)] else at
        if at >= 0 and len(name) > best[1] - best[0]:
            best = (at, at + len(name))
    return best if best[1] else None


def _sounding_like(heard: Heard, known: Sequence[str]) -> Iterator[str]:
    """The few of the learnt names whose sound is heard anywhere, in their own order."""
    if known:
        ends: Iterator[tuple[int, tuple[int, ...]]] = _names_by_sound(tuple(known)).iter(heard.sounds)
        said = {number for _, numbers in ends for number in numbers}
        yield from (known[number] for number in sorted(said))


@lru_cache(maxsize=4)
def _names_by_sound(known: tuple[str, ...]) -> Any:
    """The learnt names are the same in every call: one search finds them all."""
    by_sound: dict[str, list[int]] = {}
    for number, name in enumerate(known):
        by_sound.setdefault(fold(name), []).append(number)
    return automaton({sound: tuple(numbers) for sound, numbers in by_sound.items()})


def houses(text: str) -> list[tuple[int, int, str]]:
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
