"""Which service a caller's words call for, and which words are taken back by what stands near them."""

from __future__ import annotations

import pytest

from tickets.draft.by_words import find_alarms
from tickets.draft.heard import hear
from tickets.draft.turns import CALLER, Turn
from tickets.emergency_service import suggest


@pytest.mark.parametrize(
    ("said", "service"),
    [
        ("我家着火了，快点来", "119"),
        ("老人昏迷喊不答应", "120"),
        ("老人没有呼吸了", "120"),
        ("有人持刀在追人", "110"),
        ("高速路口翻车了", "122"),
        ("不是着火，是灰尘大", None),
        ("没有着火，只是做饭的烟", None),
        ("昨天着火已经报过119了", None),
        ("上次着火你们来过", None),
        ("去年那回翻车的赔偿", None),
        ("我们在搞消防演练，模拟起火", None),
        ("这是演习，假装有人中毒", None),
        ("听说那边抢劫", None),
        ("火灾已经扑灭了", None),
        ("孩子走失已经找到了", None),
        ("要是着火怎么办", None),
        ("路灯不亮", None),
    ],
)
def test_a_word_counts_unless_it_is_denied_past_a_drill_or_settled(said: str, service: str | None) -> None:
    assert suggest([said], None) == service


def test_whoever_is_called_already_is_not_proposed_again() -> None:
    said = ["我家着火了", "有人昏迷"]
    assert suggest(said, "119") == "119"
    assert suggest(said, "119", {"119"}) == "120"
    assert suggest(said, "119", {"119", "120"}) is None


def test_a_guard_in_one_turn_takes_back_nothing_in_another() -> None:
    assert suggest(["昨天没有", "着火了"], None) == "119"
    assert suggest(["上次着火是假的", "今天楼上又在冒烟，浓烟滚滚"], None) == "119"


def test_a_word_said_again_without_a_guard_counts_once() -> None:
    assert suggest(["上次着火你们来得慢", "现在着火了", "着火了", "有人昏迷"], "119") == "119"
    assert suggest(["现在着火了", "着火了", "有人昏迷"], None) is None, "one word a service is no majority"


def test_the_rule_decides_where_all_words_are_taken_back() -> None:
    assert suggest(["不是着火"], "110") == "110"


@pytest.mark.parametrize("said", ["不是着火", "上次着火你们来过", "搞演练模拟起火"])
def test_alarms_and_services_are_guarded_alike(said: str) -> None:
    assert find_alarms(hear([Turn(CALLER, said)])) == []
    assert suggest([said], None) is None
