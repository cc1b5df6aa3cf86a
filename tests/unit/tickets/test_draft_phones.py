"""The number to ring back on."""

from __future__ import annotations

import pytest

from tickets.draft.corpus import read_turns
from tickets.draft.heard import hear
from tickets.draft.phones import find_phone


def phone(call: str) -> str | None:
    return find_phone(hear(read_turns(call))).value


@pytest.mark.parametrize(
    ("call", "digits"),
    [
        ("我电话幺三六零八三五七七幺九", "13608357719"),
        ("我电话幺三八 嗯 零零幺三 / 八零零零", "13800138000"),
        ("O:您电话多少 / 幺三八 零零幺三 / O:嗯 您说 / 八零零零", "13800138000"),
        ("我电话零二三五六五六四四四六", "02356564446"),
        ("座机是五六五二三三八八 你们打这个", "56523388"),
        ("电话幺三八四个零幺二三四", "13800001234"),
        ("电话要三八零零幺三八零零零", "13800138000"),
        ("我的号码 138 0013 8000", "13800138000"),
        ("幺五幺二三四五六七八九三号楼二单元", "15123456789"),
        ("我的电话 幺九零 二七三三 八八幺四 嗯 八八幺四", "19027338814"),
        ("说赔一百二 幺七七 零四四二 六六八九", "17704426689"),
        ("我等不得 幺三九 二零七七 五五零三 五星村", "13920775503"),
        ("O:留个座机 / 座机误六八八二零幺三", "56882013"),
        ("打我电话 幺三三吧八六零四五七二", "13388604572"),
        ("快递不认账 你们打我座机零二三五六七七八八幺零", "02356778810"),
        ("O:留个电话 / 她的号码是幺三四五五八零七七九六", "13455807796"),
    ],
)
def test_every_digit_as_said(call: str, digits: str) -> None:
    assert phone(call) == digits


@pytest.mark.parametrize(
    ("call", "digits"),
    [
        ("号码是幺三八零零幺三八零零零 不对 是幺三九零零幺三八零零零", "13900138000"),
        ("电话幺三八零零幺三八零零零 / O:好的 / 说错了 尾号不是八零零零 是九零零零", "13800139000"),
        ("电话幺三八零零幺三八零零零 说错了 最后四位是幺二三四", "13800131234"),
        ("号码是一八五 七七一零 三三三四 不对 是三三四三 你改一下", "18577103343"),
        ("改一下我的电话 不是七三六八五五二 是七三六八五五零", "7368550"),
        ("我手机号是幺七三五二零九六幺八八 不对 后面是幺八零 幺七三五二零九六幺八零", "17352096180"),
        ("说错了 不是幺三三 是幺五三 幺五三零六二八四四九一", "15306284491"),
    ],
)
def test_the_callers_last_word_wins(call: str, digits: str) -> None:
    assert phone(call) == digits


@pytest.mark.parametrize(
    "call",
    [
        "骗子的电话是幺七零零零幺三八零零零",
        "我打了五六五六四四四四没人接",
        "我身份证号五幺二三零幺幺九八零零幺二三幺二三四",
        "我们三组七八个人三四天没得水",
        "O:您的电话是幺三八零零幺三八零零零吗 / 不是 我不想留",
    ],
)
def test_other_peoples_numbers_are_not_the_callers(call: str) -> None:
    assert phone(call) is None


def test_a_number_read_back_and_confirmed_counts() -> None:
    assert phone("O:您的电话是幺三八零零幺三八零零零对吗 / 对头") == "13800138000"
