"""Something said and taken back in the next breath (物业 不对 是居委会): what is told then counts."""

from __future__ import annotations

import re
from collections.abc import Callable

_TAKEN_BACK = re.compile(
    "[哦噢唉哎]?(?:(?:不对|不不+|[说讲搞记弄]错了?|错了|说拐了|口误)(?:不是)?|不是(?=应该是|是|[我说讲]))(?:我?[说讲]错了?)?(?:应该|我?[说讲]的|就)?(?:是|喊)?"
)
_NEAR = 2
"""So many characters may stand before what is told instead."""
Span = tuple[int, int]


def told_at_last(text: str, span: Span, again: Callable[[int, int], Span | None]) -> Span:
    """The span that stands in the end; `again` finds one that begins between two places."""
    for taken_back in _TAKEN_BACK.finditer(text, *span):
        if taken_back.end() < span[1]:
            span = taken_back.end(), span[1]
    while taken_back := _TAKEN_BACK.match(text, span[1]):
        told = again(taken_back.end(), taken_back.end() + _NEAR)
        if told is None:
            break
        span = told
    return span
