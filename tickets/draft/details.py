"""Where exactly: estate, road, building and door, read off the caller's words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tickets.draft.heard import BREAK, Heard
from tickets.draft.numbers import NumberKind, NumberSpan, render, spans
from tickets.draft.sounds import fold
from tickets.draft.turns import Field

_HOUSE = re.compile(
    "[0-9]+(?:号楼|[栋幢])(?:[0-9]+单元)?(?:[0-9]+楼)?(?:[0-9]+(?:之[0-9]+)?(?:室|号)?)?|[0-9]+单元[0-9]+|[0-9]+[组社](?!区)|[0-9]+楼"
)
_AFTER = re.compile(
    "(?:后门|前门|门口|对面|旁边|背后|楼上|楼下|外头|外面|里头|边边|下段|上段|大门口|附近|转角|路口|那头|那边|前头)"
)


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
