"""The trained model on the barest words: a danger named plainly alarms, alone and beside another matter."""

from __future__ import annotations

from functools import cache

import pytest

from ops.draft_cli import regions
from ops.setup_steps import ensure_shared_draft_model
from tickets.draft.corpus import read_turns
from tickets.draft.drafter import Drafter
from tickets.draft.judging import ALARMS
from tickets.draft.model import MODEL_NAME, load

NAMED = (
    "有人落水了", "河里有人落水了", "着火了", "我家着火了", "有人要跳河", "有人跳楼了", "漏气了",
    "家里煤气漏了", "有人触电了", "房子垮了压到人了", "有人打架动刀了", "停水了", "停电了", "路断了",
    "我爸没呼吸了", "娃儿不见了", "有人晕倒了", "山体滑坡了", "出车祸了 有人受伤", "电梯困人了", "救命啊",
    "有人抢劫", "煤气中毒了", "船翻了", "井盖不见了", "电线掉下来了", "水管爆了", "喝农药了", "被蛇咬了",
    "要生了", "老人走丢了", "河水涨进屋了",
)  # fmt: skip
CALM = (
    "着火了打哪个电话", "没有着火", "去年着过火", "明天停水", "电梯要年检了", "煤气罐多少钱", "火灭了",
    "来电了", "请问停水怎么补偿", "路灯坏了", "工资没发", "怎么办身份证", "打错了", "热死个人",
    "河边装个护栏嘛", "灭火器过期了",
)  # fmt: skip
MATTERS = ("我想问你们几点下班", "我们的工资还没发", "社保怎么交", "小区垃圾没人收")
FEW_MISSED = 2
"""Two trainings of one corpus differ in a call or two (docs/model-card.md)."""


@cache
def drafter() -> Drafter:
    return Drafter(regions(), load(ensure_shared_draft_model(print) / MODEL_NAME))


def alarms(call: str) -> bool:
    return drafter().draft(read_turns(call)).emergency_class.value in ALARMS


def test_a_danger_named_in_a_few_words_alarms() -> None:
    missed = [call for call in NAMED if not alarms(call)]
    assert len(missed) <= FEW_MISSED, missed


def test_the_same_words_where_nothing_is_wrong_do_not() -> None:
    false = [call for call in CALM if alarms(call)]
    assert len(false) <= FEW_MISSED, false


@pytest.mark.parametrize("matter", MATTERS)
def test_another_matter_before_or_after_drowns_no_danger(matter: str) -> None:
    heard = [call for call in NAMED if alarms(call)]
    for mixed in ("{matter} / {danger}", "{danger} / O:好的 / {matter}"):
        lost = [call for call in heard if not alarms(mixed.format(matter=matter, danger=call))]
        assert len(lost) <= FEW_MISSED, lost


def test_a_danger_and_then_many_facts_still_alarms() -> None:
    facts = "O:在哪里 / 草堂镇石马村 / O:电话多少 / 幺三八零零幺三八零零零 / O:好的 / 我姓张 谢谢"
    lost = [call for call in NAMED if alarms(call) and not alarms(f"{call} / {facts}")]
    assert len(lost) <= FEW_MISSED, lost
