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
        ("晚上九点四十还在响 三塘", ("朱衣镇", "三塘村")),
        ("派出所报案回执丢了 / O:哪个所 / 永乐", ("永乐镇", None)),
        ("鹤锋 柳池 水费乱收", ("鹤峰乡", "柳池村")),
        ("草镇石村的路垮了", ("草堂镇", "石马村")),
        ("草草堂镇石马马村的路垮了", ("草堂镇", "石马村")),
        ("我在明良区这边停水了", ("鱼复街道", "明良社区")),
        ("三马 不是 魏家社区 商业局家属院", ("永安街道", "魏家社区")),
        ("兴隆到吐祥那条路 荆竹社区门口", ("兴隆镇", "荆竹社区")),
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
        "进村的路被大石头挡到了",
        "我们农村烧柴",
        "快递显示签收了我根本没看到东西",
        "村里批了三万 村里只花了两千",
        "水流下来了 窗外有码头",
        "提醒下大家",
        "现在产妇平安吗 都平安",
        "去吐祥的那个长隧道灯全黑",
    ],
)
def test_common_words_and_ties_name_no_place(call: str) -> None:
    assert place(call) == (None, None)


def test_only_the_town_is_kept_when_two_villages_are_equally_likely() -> None:
    assert place("草堂镇石马村和草堂镇欧营村都停水了") == ("草堂镇", None)
