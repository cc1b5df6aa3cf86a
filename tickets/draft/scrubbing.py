"""A call's lines without the caller's name and without any telephone number, however both were said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from tickets.draft.phones import in_digits, said_at
from tickets.draft.struck_names import name_spans
from tickets.draft.turns import CALLER, OPERATOR, Turn

Span = tuple[int, int]

_WIDE: Final = str.maketrans({chr(code): chr(code - 0xFEE0) for code in range(0xFF10, 0xFF1A)})
_GUESS: Final = "[\u2460-\u2469]"
_DIGIT: Final = "[0-9]"
_PAUSE: Final = (
    rf"(?:[\s\-－—,，、。.?？吗吧嘛]|{_GUESS}|[嗯呃哦喔噢啊哈诶欸哎好对是的再个双就说]|那个|然后|接着|完了|后面|后头|最后|中间|尾号"
    "|逗号|记[好到]了?没有?|听到没|还有|你说|继续|不对|错了|你等[一哈下]*|就是说)*"
)
_NUMBER: Final = re.compile(rf"(?:{_DIGIT}{_PAUSE}){{6,}}{_DIGIT}[ \-]?")
"""Seven digits or more, in however many pieces and lines they were dictated."""
_PIECE: Final = re.compile(rf"{_DIGIT}{{2,}}(?![年室块元米斤月日]|号楼|单元)")
_GROUP: Final = re.compile(f"{_DIGIT}+")
_UNIT: Final = re.compile("号(?!码)|单元|[年室块元栋幢楼层组万千百]")
_SHORTEST: Final = 7
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_APART: Final = 16
"""So many characters may stand between two pieces that are one number only together."""
_ECHO: Final = 3


def scrub(
    lines: Sequence[str], name: str, callers: Sequence[bool] | None = None, places: Iterable[str] = ()
) -> list[str]:
    """The same lines without the caller's name and without any number of seven digits or more.

    `callers`: which lines the caller said; all of them when nobody knows. `places` are never taken for names.
    """
    if not lines:
        return []
    clean = [line.replace("\n", " ").translate(_WIDE) for line in lines]
    by_caller = list(callers) if callers is not None else [True] * len(lines)
    whole = "\n".join(clean)
    names = name_spans(clean, name, by_caller, tuple(places))
    struck = _numbers(clean, by_caller, whole)
    return _without(whole, struck, names).split("\n")


def _without(whole: str, numbers: Sequence[bool], names: Sequence[Span]) -> str:
    by_start = dict(names)
    named = {at for start, end in names for at in range(start, end)}
    kept: list[str] = []
    inside = False
    for at, char in enumerate(whole):
        if char == "\n":
            kept.append(char)
        elif numbers[at]:
            kept.append("" if inside else "某号码")
            inside = True
        else:
            inside = False
            if at in by_start:
                kept.append("某某" if by_start[at] - at > 1 else "某")
            elif at not in named:
                kept.append(char)
    return "".join(kept)


def _numbers(lines: Sequence[str], callers: Sequence[bool], whole: str) -> list[bool]:
    """Which characters belong to a number: heard in all lines, or in one side's without the other's."""
    struck = [False] * len(whole)
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line) + 1)
    said: set[str] = set()
    for side in ({True, False}, {True}, {False}):
        at = [
            place
            for number, line in enumerate(lines)
            if callers[number] in side
            for place in range(begins[number], begins[number] + len(line) + 1)
            if place < len(whole)
        ]
        text = "".join(whole[place] for place in at)
        for start, end in [*_runs(text), *_pieced(text)]:
            said.add(_digits(text[start:end]))
            for place in at[start:end]:
                struck[place] = True
    for start, end in _by_phones(lines, callers, begins):
        said.add(_digits(whole[start:end]))
        struck[start:end] = [True] * (end - start)
    for start, end in _echoes(whole, said):
        struck[start:end] = [True] * (end - start)
    return struck


def _digits(said: str) -> str:
    return "".join(char for char in in_digits(said) if "0" <= char <= "9")


def _runs(text: str) -> Iterable[Span]:
    """Long runs of digits; what is only beside a whole number in them (a house, a group) is left alone."""
    view = in_digits(text)
    for found in _NUMBER.finditer(view):
        start, end = found.span()
        groups = [(start + one.start(), start + one.end()) for one in _GROUP.finditer(found[0])]
        counted = bool(_UNIT.match(view, groups[-1][1]))
        if counted and groups[-1][1] - groups[-1][0] <= _ECHO:
            end, counted = groups.pop()[0], False
        core = _core(view, groups)
        if core is not None:
            parts = [(start, core[0]), core, (core[1], end)]
        elif counted and _MOBILE.match(_digits(view[start:end])):
            parts = [(start, [at for at in range(start, end) if _digits(view[at])][10] + 1)]
        else:
            parts = [(start, groups[-1][0] if counted else end)]
        yield from (part for part in parts if len(_digits(view[slice(*part)])) >= _SHORTEST)


def _core(view: str, groups: Sequence[Span]) -> Span | None:
    """The pieces that are exactly one mobile number together, and what says parts of it again."""
    for first in range(len(groups)):
        for last in range(first, len(groups)):
            whole = _digits(view[groups[first][0] : groups[last][1]])
            if not _MOBILE.fullmatch(whole):
                continue
            while first and _is_part(view[slice(*groups[first - 1])], whole):
                first -= 1
            while last + 1 < len(groups) and _is_part(view[slice(*groups[last + 1])], whole):
                last += 1
            end = groups[last][1]
            return groups[first][0], end + (view[end : end + 1] in (" ", "-"))
    return None


def _is_part(piece: str, number: str) -> bool:
    return len(piece) >= _ECHO and piece in number


def _pieced(text: str) -> Iterable[Span]:
    """Pieces that stand far from each other and are exactly one mobile number together."""
    pieces = [(found.start(), found.end()) for found in _PIECE.finditer(in_digits(text))]
    for first in range(len(pieces)):
        whole = ""
        for last in range(first, min(first + 5, len(pieces))):
            if last > first and pieces[last][0] - pieces[last - 1][1] > _APART:
                break
            whole += _digits(text[slice(*pieces[last])])
            if _MOBILE.fullmatch(whole):
                yield from pieces[first : last + 1]


def _by_phones(lines: Sequence[str], callers: Sequence[bool], begins: Sequence[int]) -> Iterable[Span]:
    """What the draft itself would ring back on, or take for a number, joined as it joins."""
    turns = [Turn(CALLER if caller else OPERATOR, line) for line, caller in zip(lines, callers, strict=True)]
    for turn, start, end in said_at(turns):
        yield begins[turn] + start, begins[turn] + end


def _echoes(whole: str, said: Iterable[str]) -> Iterable[Span]:
    """Where a part of a number that was said is said back or again."""
    numbers = [number for number in said if number]
    for found in _PIECE.finditer(in_digits(whole)):
        piece = _digits(found[0])
        if len(piece) >= _ECHO and any(piece in number for number in numbers):
            yield found.span()
