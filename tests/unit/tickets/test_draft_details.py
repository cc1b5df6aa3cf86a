"""Where exactly: names nobody taught, and everyday words that are no address."""

from __future__ import annotations

import pytest

from tickets.draft.corpus import read_lines
from tickets.draft.details import find_detail
from tickets.draft.heard import hear
from tickets.draft.training import known_places
from tickets.draft.turns import CALLER, Turn


def detail(call: str, village: str = "", known: tuple[str, ...] = ()) -> str | None:
    heard = hear([Turn(CALLER, call)])
    at = heard.text.find(village) if village else 0
    return find_detail(heard, [(at, at + len(village))] if village else [], known).value


@pytest.mark.parametrize(
    ("call", "village", "wanted"),
    [
        ("他在江城御景九栋上班", "", "江城御景9栋"),
        ("楼梯间灯坏了 枫琴水岸二号楼的", "", "2号楼"),
        ("枫琴水岸二号楼的楼梯间灯不亮", "", "枫琴水岸2号楼"),
        ("水管冻爆了 步云社区糖厂巷", "步云社区", "糖厂巷"),
        ("水漫到膝盖了 步云社区这边", "步云社区", None),
        ("一栋楼都停水了", "", None),
        ("水都漫到一楼了", "", None),
    ],
)
def test_a_name_is_read_where_names_stand(call: str, village: str, wanted: str | None) -> None:
    assert detail(call, village) == wanted


def test_a_name_learnt_is_found_in_the_middle_of_a_call() -> None:
    assert detail("听说糖厂巷那边要修路", known=("糖厂巷",)) == "糖厂巷那边"


def test_a_name_learnt_is_found_by_its_sound_and_the_longest_of_several_wins() -> None:
    known = ("滨河", "滨河东路", "草堂镇东路")
    assert detail("宾河东路那边要修路", known=known) == "宾河东路那边"
    assert detail("滨河要修路", known=known) == "滨河"
    assert detail("草堂镇东路要修", "草堂镇", known) is None, "a name runs into words that are the village's"


def test_a_word_mostly_said_of_other_things_is_no_place() -> None:
    lines = [
        "糖厂巷的灯坏了|求助|0105|||糖厂巷||||一般|none|0|",
        "停车场的灯坏了|求助|0105|||停车场||||一般|none|0|",
        "停车场收费太贵了|投诉|0406|||||||一般|none|0|停车场",
        "请问停车场几点关门|咨询|0406|||||||一般|none|0|",
    ]
    assert known_places(read_lines(lines, "one")) == ("糖厂巷",)
