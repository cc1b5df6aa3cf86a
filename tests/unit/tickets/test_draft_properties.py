"""What must hold for any call: no digit lost or invented; noise around the words changes nothing."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from ops.draft_cli import regions
from tickets.draft.corpus import read_turns
from tickets.draft.drafter import Drafter
from tickets.draft.gazetteer import Region
from tickets.draft.heard import hear
from tickets.draft.judging import plain
from tickets.draft.numbers import render
from tickets.draft.phones import find_phone

SPOKEN = {
    "0": "零",
    "1": "幺",
    "2": "二",
    "3": "三",
    "4": "四",
    "5": "五",
    "6": "六",
    "7": "七",
    "8": "八",
    "9": "九",
}
MOBILE = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
CALLS = st.sampled_from(
    [
        "草堂镇石马村三组的路垮了 车子过不得 我电话幺三八零零幺三八零零零",
        "我举报村主任吃低保 莫说是我打的 在白帝镇 不对 是吐祥镇",
        "昨天晚上十点半停水了 / O:是漏气吗 / 不是 是没得水",
        "早教中心不退钱 八千六百块 五号楼二单元六零幺",
        "表扬一哈明月社区的网格员",
    ]
)


@cache
def drafter() -> Drafter:
    return Drafter(regions())


def spoken(digits: str) -> str:
    return "".join(SPOKEN[digit] for digit in digits)


_OPENINGS = (
    "不对,不是,错了,重新来,后面,后头他们换了,最后,最后不是,前面搞错了,前头说的,以前的,我们这边不对,"
    "他说不是,后面的路灯,不对 是,说错了 应该,最后 不对 来了"
)
_SMALL = [*"一二三四五六七八九", "一两", "三四", "七八", "二三十", "两三百", "三百五", "八千六"]
COUNTED = st.builds(
    "{}{}{}".format,
    st.sampled_from(_OPENINGS.split(",")),
    st.one_of(
        st.builds(str.__add__, st.sampled_from(_SMALL), st.sampled_from("家间个天回次户人辆条块")),
        st.sampled_from(["一直", "一共", "一起", "一下", "三不管"]),
    ),
    st.sampled_from(["", "都停了", "不是他们管", "重新装", "嘛 你们来看一下", "不对"]),
)
"""Ordinary sentences with small numbers in them, and words that also tell of a correction."""


@given(MOBILE)
def test_a_said_number_is_found_digit_for_digit(digits: str) -> None:
    assert find_phone(hear(read_turns(f"我的电话是{spoken(digits)}"))).value == digits


@given(MOBILE, st.lists(st.integers(1, 10), max_size=3), st.sampled_from([" ", " 嗯 ", " 那个 ", " 然后 "]))
def test_pauses_and_fillers_inside_a_number_lose_nothing(digits: str, cuts: list[int], gap: str) -> None:
    said = spoken(digits)
    for cut in sorted(set(cuts), reverse=True):
        said = said[:cut] + gap + said[cut:]
    assert find_phone(hear(read_turns(f"我的电话是{said} 你记一下"))).value == digits


@given(MOBILE, st.lists(COUNTED, min_size=1, max_size=3))
def test_what_is_counted_later_never_changes_a_number(digits: str, told: list[str]) -> None:
    said = f"我的电话是{spoken(digits)} {' '.join(told)}"
    assert find_phone(hear(read_turns(said))).value == digits


@given(st.text(st.sampled_from("零幺一二三四五六七八九的路我电话号码不对是"), max_size=40))
def test_no_digit_is_ever_invented(said: str) -> None:
    found = find_phone(hear(read_turns(said or "嗯"))).value or ""
    heard_digits = "".join(
        digit for char in said for digit, word in {**SPOKEN, "1": "幺一"}.items() if char in word
    )
    rest = iter(heard_digits)
    assert all(digit in rest for digit in found)


@given(MOBILE)
def test_the_reading_copy_keeps_every_digit(digits: str) -> None:
    assert render(f"打{spoken(digits)}找我") == f"打{digits}找我"


@settings(deadline=None, max_examples=60)
@given(CALLS, st.sampled_from(["喂 你好 ", "您好 ", "喂 同志 ", "你好 麻烦你们一下 "]))
def test_a_polite_opening_changes_no_field(call: str, opening: str) -> None:
    assert plain(drafter().draft(read_turns(opening + call))) == plain(drafter().draft(read_turns(call)))


@settings(deadline=None, max_examples=60)
@given(CALLS, st.integers(0, 60), st.sampled_from([" ", "  ", " 嗯 ", " 呃 "]))
def test_spaces_and_fillers_change_no_field(call: str, at: int, noise: str) -> None:
    first = call.split(" / ")[0]
    cut = at % (len(first) + 1)
    noisy = first[:cut] + noise + first[cut:] + call[len(first) :]
    assert plain(drafter().draft(read_turns(noisy))) == plain(drafter().draft(read_turns(call)))


@settings(deadline=None, max_examples=80)
@given(CALLS, st.integers(0, 60))
def test_a_stuttered_syllable_changes_no_place(call: str, at: int) -> None:
    place = at % len(call)
    char = call[place]
    stuttered = call[: place + 1] + char * (char >= "\u4e00") + call[place + 1 :]
    said, clear = drafter().draft(read_turns(stuttered)), drafter().draft(read_turns(call))
    assert (said.town.value, said.village.value) == (clear.town.value, clear.village.value)


@settings(deadline=None)
@given(st.sampled_from(regions()), st.data())
def test_a_syllable_lost_from_the_village_never_moves_the_town(region: Region, data: st.DataObject) -> None:
    if region.village is None:
        return
    at = data.draw(st.integers(0, len(region.village) - 1))
    said = region.village[:at] + region.village[at + 1 :]
    draft = drafter().draft(read_turns(f"在{region.town}{said}的路上"))
    assert draft.town.value == region.town
