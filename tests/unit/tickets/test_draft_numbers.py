"""domain.md section 6's table, and the numbers that must be left alone."""

from __future__ import annotations

import pytest

from tickets.draft.details import houses
from tickets.draft.numbers import NumberKind, render, spans


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("幺三八零零幺三八零零零", "13800138000"),
        ("五六四四四四五六", "56444456"),
        ("零二三五六五六四四四四", "02356564444"),
        ("三号楼二单元六零幺", "3号楼2单元601"),
        ("十米深二十米长", "10米深20米长"),
        ("八千六百五十元", "8650元"),
        ("八千六块", "8600块"),
        ("晚上十点半", "晚上10点半"),
        ("两千零二十三年九月二十五日", "2023年9月25日"),
        ("二零二三年", "2023年"),
        ("百分之三十", "30%"),
        ("枫琴水岸五号楼二单元十一之三", "枫琴水岸5号楼2单元11之3"),
        ("五一二三零幺幺九八零零一二三幺二X", "5123011980012312X"),
        ("幺五零洞拐勾三三", "15007933"),
        ("一百零八号", "108号"),
        ("三百五十六号", "356号"),
        ("夔州路一百一十二号", "夔州路112号"),
        ("枫琴水岸一百零八号楼二单元", "枫琴水岸108号楼2单元"),
        ("桂井路三零二号", "桂井路302号"),
        ("门牌一三五七号", "门牌1357号"),
        ("九月二十五号", "9月25号"),
        ("三十一号停的", "31号停的"),
    ],
)
def test_numbers_are_read_by_what_they_count(said: str, read: str) -> None:
    assert render(said) == read


@pytest.mark.parametrize(
    "said",
    [
        "七八个人三四天",
        "二三十块",
        "五马镇三江社区",
        "青龙镇九盘村",
        "三马村",
        "一会儿",
        "一块地",
        "十几楼",
        "两三米",
        "三百号人",
        "百十号人",
        "一千八号码",
        "洞里头",
    ],
)
def test_names_and_approximate_pairs_stay_as_said(said: str) -> None:
    assert render(said) == said


def test_a_protected_name_is_never_read_as_a_number() -> None:
    assert render("五组三组", protected=[(0, 2)]) == "五组3组"


@pytest.mark.parametrize(
    ("said", "house"),
    [("枫琴水岸一百零八号楼", "108号楼"), ("枫琴水岸三百五十六号楼二单元", "356号楼2单元")],
)
def test_a_house_past_the_hundredth_is_found_whole(said: str, house: str) -> None:
    assert [found for _, _, found in houses(said)] == [house]


def test_every_span_says_where_and_what() -> None:
    (span,) = spans("赔我八千六百五十元")
    assert (span.start, span.end, span.kind, span.value) == (2, 8, NumberKind.MONEY, "8650")
