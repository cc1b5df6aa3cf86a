"""What is kept of a call for the next model holds neither the caller's name nor a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.draft.corrections import scrub
from tickets.draft.numbers import digits


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (["我电话一三八零零零零一二三四"], ["我电话某号码"]),
        (["138 0000-1234 记一下"], ["某号码记一下"]),
        # Dictated in pieces, each of them short
        (["一三八", "零零零零", "一二三四 好"], ["某号码", "", "好"]),
        (["一三八 嗯", "一三八", "然后是五六七八", "对 九零一二"], ["某号码", "", "", ""]),
        (["幺三八四个零三个九一二"], ["某号码"]),
        (["一三八，五六七，二三四五"], ["某号码"]),
        (["一三八零零", "您说", "一三八零零零"], ["某号码", "", ""]),
        (["一三八哈零零一哈三八零零零"], ["某号码"]),
        (["一三八零零 尾号是 一三八零零零"], ["某号码"]),
        (["我电话要三八零零", "接着", "一三八零零零"], ["我电话某号码", "", ""]),
        (["幺三三吧八六零四五七二"], ["某号码"]),
        # What is no telephone number stays
        (["二零二四年买的三零二室", "交了三千五"], ["二零二四年买的三零二室", "交了三千五"]),
        (["草堂镇停电三天了"], ["草堂镇停电三天了"]),
        (["五号楼二单元三零二", "是的", "一三五七号"], ["五号楼二单元三零二", "是的", "一三五七号"]),
        (["赔我八千六百五十元", "一共两万三千五"], ["赔我八千六百五十元", "一共两万三千五"]),
        (["打幺二零 一直占线 三组五号"], ["打幺二零 一直占线 三组五号"]),
    ],
)
def test_no_number_is_kept_however_it_was_dictated(said: list[str], kept: list[str]) -> None:
    assert [line.strip() for line in scrub(said, "")] == kept


@pytest.mark.parametrize(
    ("said", "name", "gone"),
    [
        ("我是向大明 屋头停电了", "向大明", "向大明"),
        # Anonymous, or written down otherwise than it was heard
        ("我叫向大明 屋头停电了", "", "向大明"),
        ("我的名字是向大明", "项大明", "向大明"),
        ("姓名向大明 电话等下说", "", "向大明"),
        ("姓名高大明 电话等下说", "", "大明"),
        ("我的名字 方小红", "", "小红"),
        ("姓名 于小红 停电了", "", "小红"),
        ("免贵姓向", "", "姓向"),
        ("好的向先生您别急", "", "向先生"),
        ("我是向大明 屋头停电了", "项大明", "向大明"),
        ("我是向大明 屋头停电了", "", "向大明"),
        ("我是向大明屋头停电了", "", "大明"),
        ("姓向 向大明", "", "大明"),
        ("向大明先生您别急", "", "大明"),
        ("我叫欧阳建国军", "", "国军"),
        ("我是欧阳建国 停电了", "", "建国"),
        ("那个项大明就是我", "向大明", "大明"),
        ("我是王平 停水了", "", "王平"),
    ],
)
def test_no_name_is_kept(said: str, name: str, gone: str) -> None:
    (kept,) = scrub([said], name)
    assert gone not in kept


@pytest.mark.parametrize("question", ["您贵姓", "怎么称呼您", "请问您叫什么名字"])
@pytest.mark.parametrize("answer", ["向大明", "我姓向 向大明", "免贵姓向", "欧阳建国"])
def test_who_is_asked_for_a_name_tells_one(question: str, answer: str) -> None:
    kept = scrub([question, answer, "草堂镇停电了", "好的向大明您说"], "", [False, True, True, False])
    assert not set("向明建") & set(kept[1])
    assert (kept[0], kept[2]) == (question, "草堂镇停电了")


def test_a_number_dictated_around_the_operators_words_is_gone() -> None:
    said = ["一三八零零", "您稍等我拿笔记哈", "一三八零零零", "一三八零零是不是"]
    assert scrub(said, "", [True, False, True, False]) == [
        "某号码",
        "您稍等我拿笔记哈",
        "某号码",
        "是不是",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "我叫了救护车",
        "我叫他莫动",
        "我叫人来修",
        "我是石马村三组的",
        "我是白帝镇的 停水了",
        "我是朱衣镇五组的",
        "我是向你们反映个事",
        "我是周一去的",
        "我是马上要走",
        "老百姓没得水吃",
        "我是司机",
        "我是高中老师",
        "名字绝对不能漏",
        "我的名字是保密的哈",
        "名字莫说出去",
    ],
)
def test_words_that_only_look_like_an_introduction_stay(said: str) -> None:
    assert scrub([said], "") == [said]


def test_a_place_is_never_taken_for_a_name() -> None:
    assert scrub(["我是朱衣 停水了"], "", places=["朱衣镇"]) == ["我是朱衣 停水了"]
    assert scrub(["不想说", "我是石马三组的"], "", places=["石马村"]) == ["不想说", "我是石马三组的"]


SPELT = {digit: [digit, word] for digit, word in zip("0123456789", "零一二三四五六七八九", strict=True)}
SPELT["1"].append("幺")
_GAPS = [
    "",
    "",
    "",
    " ",
    "，",
    "嗯",
    "哈",
    "吧",
    " 尾号是 ",
    "然后",
    "接着",
    "是",
    "\n",
    "\nO:您说\n",
    "\nO:嗯 好\n",
    "\nO:您稍等我拿笔哈\n",
]


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.data())
def test_no_run_of_a_number_survives_however_it_was_dictated(number: str, data: st.DataObject) -> None:
    said = "".join(
        data.draw(st.sampled_from(SPELT[digit]))
        + (data.draw(st.sampled_from(_GAPS)) if at % 2 and at < 9 else "")
        for at, digit in enumerate(number)
    )
    lines = f"草堂镇停电了 我电话{said} 记到没\nO:{number[:5]}是吧\n三组五号的".split("\n")
    kept = scrub(
        [line.removeprefix("O:") for line in lines], "", [not line.startswith("O:") for line in lines]
    )
    assert len(kept) == len(lines)
    left = digits("".join(kept))
    assert not any(number[at : at + 5] in left for at in range(7)), kept
    assert kept[0].startswith("草堂镇停电了 我电话")
    assert kept[-1] == "三组五号的", (lines, kept)
