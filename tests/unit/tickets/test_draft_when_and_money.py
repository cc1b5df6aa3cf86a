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
        ("昨天夜里就响 今天早上开了口", "昨天夜里"),
        ("明天早上八点到下午六点停气", "明天早上八点到下午六点"),
        ("修大一点的停车场", None),
        ("每周的菜谱重复太多", None),
        ("手机上说三点二级地震", None),
        ("我在这里住了二十年 从来没这样过", None),
        ("住了二十年 上个月开始漏", "上个月"),
        ("合同还有五个月就喊我搬", None),
        ("报名表要再等三天才有", None),
        ("就像上午说的那样", None),
        ("我今年七十六岁走不动", None),
    ],
)
def test_the_time_as_said(call: str, time: str | None) -> None:
    assert find_time(hear(read_turns(call))).value == time


@pytest.mark.parametrize(
    ("call", "kind", "time"),
    [
        ("办事大厅晚上开不开门", "咨询", None),
        ("昨天停水的通知是哪里发的", "咨询", "昨天"),
        ("能不能晚上加一班车", "建议", None),
        ("楼下晚上打桩", "投诉", "晚上"),
        ("保安守了三个小时帮我找到娃儿", "表扬", None),
    ],
)
def test_hours_and_habits_are_no_time_of_what_happened(call: str, kind: str, time: str | None) -> None:
    assert find_time(hear(read_turns(call)), kind).value == time


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
