"""A party, place or time that is taken back in the next breath gives way to what is told then."""

from __future__ import annotations

import pytest

from tickets.draft.corpus import read_turns
from tickets.draft.details import find_detail
from tickets.draft.heard import hear
from tickets.draft.when import find_time
from tickets.draft.whom import find_respondent


@pytest.mark.parametrize(
    ("call", "party"),
    [
        ("物业 不对 是居委会 收了钱不做事", "居委会"),
        ("物业 哦 说错了 应该是居委会 收了钱不做事", "居委会"),
        ("物业 不是 是居委会 不对 是村委会 收了钱", "村委会"),
        ("物业不是东西 收了钱不做事", "物业"),
        ("物业做得不对 居委会看到也不管", "物业"),
    ],
)
def test_the_party_told_at_last(call: str, party: str) -> None:
    assert find_respondent(hear(read_turns(call)), "投诉").value == party


@pytest.mark.parametrize(
    ("call", "time"),
    [
        ("昨天晚上 不对 是前天晚上 停的水", "前天晚上"),
        ("上个月 说错了 上上个月 就报了", "上上个月"),
        ("昨天说的不对 今天又来", "今天"),
    ],
)
def test_the_time_told_at_last(call: str, time: str) -> None:
    assert find_time(hear(read_turns(call))).value == time


@pytest.mark.parametrize(
    ("call", "place"),
    [
        ("在三号楼 不对 是五号楼 漏水", "5号楼"),
        ("在三号楼二单元 哦 记错了 五号楼二单元 漏水", "5号楼2单元"),
        ("三号楼的水压不对 五号楼是好的", "3号楼"),
    ],
)
def test_the_house_told_at_last(call: str, place: str) -> None:
    heard = hear(read_turns(call))
    found = find_detail(heard, ())
    assert found.value == place
    assert found.evidence is not None


@pytest.mark.parametrize(
    "said", ["{0} 嗯 不对 那个 是 {1}不管", "您好 {0}不对 是{1}不管", "{0}不对是{1} 不管"]
)
def test_fillers_and_spaces_do_not_hide_a_correction(said: str) -> None:
    call = said.format("物业", "居委会")
    assert find_respondent(hear(read_turns(call)), "投诉").value == "居委会"
