"""What takes a word of danger back: 没有, 上次, 演习 … close by, in the same turn."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tickets.draft.features import GUARD_REACH, LONGEST_GUARD, Hit
from tickets.draft.heard import BREAK, Heard

Span = tuple[int, int]


def guards_in(hits: Sequence[Hit]) -> list[Span]:
    """Where guards were said, in order, as written: a guess by sound takes nothing back."""
    return sorted((start, end) for start, end, label, exact in hits if exact and label.startswith("guards:"))


def taken_back(heard: Heard, span: Span, guards: Sequence[Span]) -> bool:
    """Whether one of these guards (in order) is near this word and no part of it, as 没 is of 没呼吸."""
    start, end = span
    first = bisect_left(guards, (start - GUARD_REACH - LONGEST_GUARD,))
    last = bisect_left(guards, (end + GUARD_REACH,))
    return any(
        until > start - GUARD_REACH
        and at < end + GUARD_REACH
        and not (at >= start and until <= end)
        and BREAK not in heard.text[min(at, start) : max(until, end)]
        for at, until in guards[first:last]
    )
