"""Town and village of the matter."""

from __future__ import annotations

import csv
from functools import cache

import pytest

from core.config import PROJECT_ROOT
from tickets.draft.corpus import read_turns
from tickets.draft.gazetteer import Gazetteer, Region
from tickets.draft.heard import hear
from tickets.draft.places import Places


@cache
def places() -> Places:
    with (PROJECT_ROOT / "db" / "data" / "regions.csv").open(encoding="utf-8") as file:
        return Places(Gazetteer(Region(row["town"], row["village"] or None) for row in csv.DictReader(file)))


def place(call: str) -> tuple[str | None, str | None]:
    town, village = places().find(hear(read_turns(call)))
    return town.value, village.value


@pytest.mark.parametrize(
    ("call", "where"),
    [
        ("草堂镇石马村三组的路垮了", ("草堂镇", "石马村")),
        ("石马那边的路垮了", ("草堂镇", "石马村")),
        ("四马村的路垮了", ("草堂镇", "石马村")),
        ("雨森社区的垃圾没人收", ("永安街道", "羽声社区")),
        ("我们龙桥乡没得电了", ("龙桥土家族乡", None)),
        ("吐祥双河的桥断了", ("吐祥镇", "双河村")),
        ("我在青龙这边跑车", ("青龙镇", None)),
    ],
)
def test_full_bare_and_misheard_names(call: str, where: tuple[str, str | None]) -> None:
    assert place(call) == where


@pytest.mark.parametrize(
    ("call", "where"),
    [
        ("在白帝镇 不对 是草堂镇 有人打架", ("草堂镇", None)),
        ("不是白帝镇 是草堂镇的 路断了", ("草堂镇", None)),
        ("我屋头在朱衣镇 但是这个事在吐祥镇新桥社区", ("吐祥镇", "新桥社区")),
        ("停水了 / O:是草堂镇吗 / 对", ("草堂镇", None)),
        ("停水了 / O:是草堂镇吗 / 不是 是白帝镇", ("白帝镇", None)),
        ("停水了 / O:是草堂镇石马村吗", (None, None)),
    ],
)
def test_the_callers_own_word_decides(call: str, where: tuple[str | None, str | None]) -> None:
    assert place(call) == where


@pytest.mark.parametrize(
    "call",
    [
        "这个事情处理得不公平",
        "门口那棵大树倒了",
        "祝你们一路平安",
        "白帝城的门票好多钱",
        "白帝去夔门那段路断了",
        "大叔正在修路",
    ],
)
def test_common_words_and_ties_name_no_place(call: str) -> None:
    assert place(call) == (None, None)


def test_only_the_town_is_kept_when_two_villages_are_equally_likely() -> None:
    assert place("草堂镇石马村和草堂镇欧营村都停水了") == ("草堂镇", None)
