"""A very long turn costs about as much work a character as a short one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from types import FrameType
from typing import Any

import pytest

from ops.draft_cli import regions
from tickets.draft.drafter import Drafter
from tickets.draft.turns import CALLER, Turn

CHARACTERS = 600
MOST = 2.6
"""Work for twice the words: 2 where it is linear, 4 where it is quadratic."""


@cache
def drafter() -> Drafter:
    return Drafter(regions())


def steps(run: Callable[[], Any]) -> int:
    """Lines of Python that were run; what one regular expression does inside is not seen."""
    counted = 0

    def count(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal counted
        counted += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        run()
    finally:
        sys.settrace(before)
    return counted


@pytest.mark.parametrize(
    "said",
    [
        "石马村",
        "草堂镇不对是石马村不是",
        "我电话幺三八零零幺三八零零幺不对 ",
        "起火了没有停电了上次",
        "昨天晚上十点半停了三天",
        "物业的老板三号楼二单元六零二",
    ],
)
def test_twice_the_words_cost_about_twice_the_work(said: str) -> None:
    drafter().draft([Turn(CALLER, said)])

    def cost(length: int) -> int:
        text = (said * length)[:length]
        return steps(lambda: drafter().draft([Turn(CALLER, text)]))

    assert cost(2 * CHARACTERS) < MOST * cost(CHARACTERS)


def test_every_name_of_the_county_in_one_breath() -> None:
    names = [region.village or region.town for region in regions()]
    half, whole = ("".join(names[:count]) for count in (len(names) // 2, len(names)))
    a, b = (steps(lambda text=text: drafter().draft([Turn(CALLER, text)])) for text in (half, whole))
    assert b < MOST * a * len(whole) / (2 * len(half))
