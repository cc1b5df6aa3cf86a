"""Secrecy asked for in whatever words: what forbids telling, what hides a name, what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from tickets.draft import calibration, secrecy
from tickets.draft.corpus import read_turns
from tickets.draft.heard import hear
from tickets.draft.model import SECRET_AT

ABOUT = "隔壁榨油坊掺别的油 "


@pytest.mark.parametrize(
    "wish",
    [
        "莫说是我讲的",
        "就当我没打过这个电话",
        "千万不要让他们晓得是哪个",
        "名字替我捂到",
        "号码你们莫记",
        "身份请帮我保密",
        "你们去了就说是抽查",
        "对外只讲是路过看到的",
        "莫点我的名",
        "嘴巴要紧点哈",
        "这事只许你们晓得",
        "莫转给镇上",
        "别让老板看见",
        "不敢留名",
        "求保密",
    ],
)
@pytest.mark.parametrize("place", ["{0}{1}", "{1} {0}", "{0} 嗯 {1} 谢谢"])
def test_a_wish_is_seen_without_the_word_and_wherever_it_stands(wish: str, place: str) -> None:
    assert secrecy.likely(hear(read_turns(place.format(ABOUT, wish)))) >= 0.5


@pytest.mark.parametrize(
    "call",
    [
        "赔偿谈到哪一步了 能不能告诉我",
        "身份证要不要提前带",
        "卡可不可以转给我妹用",
        "他腰上别着刀 说谁来捅谁",
        "屋头静悄悄的 喊没人应",
        "楼上那家收了纸条装没看见",
        "请问能不能不留名举报",
        "果子烂在树上卖不脱",
        "我不需要保密 写我名字",
        "O:需要为您保密吗 / 不用",
        "O:怎么称呼 / 姓张",
    ],
)
def test_asking_telling_and_declining_are_no_wish(call: str) -> None:
    assert secrecy.likely(hear(read_turns(call))) < SECRET_AT


@pytest.mark.parametrize(
    "call", ["O:要给您保密吗 / 那当然要", "O:留您的姓名吗 / 不要", "O:名字要不要登记 / 不要登记"]
)
def test_an_answer_counts_by_what_was_asked(call: str) -> None:
    assert secrecy.likely(hear(read_turns(call))) >= 0.5


def test_the_level_is_the_lowest_that_is_as_good_as_the_best() -> None:
    asked = np.array([True] * 40 + [False] * 400)
    likely = np.concatenate([np.linspace(0.31, 0.9, 40), np.linspace(0.0, 0.29, 400)])
    level = calibration.secret_level(likely, asked)
    assert 0.29 <= level <= 0.31
    alone = calibration.secret_level(np.where(asked, 0.19, 0.01), asked)
    assert alone >= secrecy.CUES_SHARE
    few = calibration.secret_level(likely[30:], asked[30:])
    assert few == SECRET_AT


def test_cues_move_what_the_model_says_and_never_turn_it_over_alone() -> None:
    assert secrecy.together(0.6, 0.05) > SECRET_AT
    assert secrecy.together(0.05, 0.85) < SECRET_AT < secrecy.together(0.4, 0.85)
