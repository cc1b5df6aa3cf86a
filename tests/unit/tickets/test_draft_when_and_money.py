"""When it happened and how much it is about, in the caller's words."""

from __future__ import annotations

import pytest

from tickets.draft.corpus import read_turns
from tickets.draft.heard import hear
from tickets.draft.money import find_amount
from tickets.draft.when import find_time


@pytest.mark.parametrize(
    ("call", "time"),
    [
        ("今天上午开始没得水", "今天上午"),
        ("昨晚上十点半停的电", "昨晚上十点半"),
        ("停了三天了没得人管", "三天"),
        ("半夜还在打桩", "半夜"),
        ("去年冬天就报过", "去年冬天"),
        ("下周三要办酒", "下周三"),
        ("昨天还是平的 今天就裂了", "今天"),
        ("明天早上八点到下午六点停气", "明天早上八点到下午六点"),
        ("修大一点的停车场", None),
        ("每周的菜谱重复太多", None),
        ("手机上说三点二级地震", None),
    ],
)
def test_the_time_as_said(call: str, time: str | None) -> None:
    assert find_time(hear(read_turns(call))).value == time


@pytest.mark.parametrize(
    ("call", "amount"),
    [
        ("交了八千六百五十块钱", "8650元"),
        ("扣了三十七块五叫退不退", "37.5元"),
        ("摊位费从三百涨到五百五没贴公告", "550元"),
        ("八百块一根不换", "800元"),
        ("交了四千二一节课没上", "4200元"),
        ("一个月收我五十八", "58元"),
        ("打一针两百", "200元"),
        ("桥面掉了一块看得到河水", None),
        ("我们小区一百多户都没得水", None),
        ("请多发两百份资料", None),
        ("欠我几个月工资", None),
    ],
)
def test_the_sum_in_figures(call: str, amount: str | None) -> None:
    assert find_amount(hear(read_turns(call))).value == amount
