"""The centre's own words over a finished draft: they raise, one kind calms, and none touches another call."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.draft_words import WordMeaning
from ops.draft_cli import regions
from tickets.draft.corpus import read_turns
from tickets.draft.drafter import Drafter
from tickets.draft.house_words import heed
from tickets.draft.turns import Draft

LIFE, SUPPLY, SECRECY, HARMLESS = (
    WordMeaning.LIFE,
    WordMeaning.SUPPLY,
    WordMeaning.SECRECY,
    WordMeaning.HARMLESS,
)


@cache
def drafter() -> Drafter:
    return Drafter(regions())


def drafted(said: str, **words: WordMeaning) -> Draft:
    turns = read_turns(said)
    return heed(drafter().draft(turns), turns, words)


@pytest.mark.parametrize(
    ("said", "danger", "urgency"),
    [
        ("我们这儿水龙吼了 水管子在喷", "E2", "紧急"),
        ("我们这儿水农吼了 管子在喷", "E2", "紧急"),  # by its sound
        ("这边没有水龙吼的情况 莫紧张", "none", "一般"),  # denied
        ("问一下社保怎么交", "none", "一般"),
    ],
)
def test_a_word_of_supply_raises_where_it_is_said_and_not_taken_back(said, danger, urgency):
    found = drafted(said, 水龙吼=SUPPLY)
    assert (found.emergency_class.value, found.urgency.value) == (danger, urgency)


def test_the_words_themselves_are_the_evidence():
    found = drafted("喂 你好 我这里水龙吼了", 水龙吼=SUPPLY)
    evidence = found.emergency_class.evidence
    assert evidence is not None
    assert "喂 你好 我这里水龙吼了"[evidence.start : evidence.end] == "水龙吼"


def test_a_graver_danger_stays_and_a_lesser_one_gives_way():
    assert drafted("楼上着火了 水龙吼了", 水龙吼=SUPPLY).emergency_class.value == "E1"
    assert drafted("停水了 娃儿落凼了", 落凼=LIFE).emergency_class.value == "E1"


def test_a_harmless_word_takes_back_its_own_alarm_only():
    assert drafted("请问爆炸糖是哪个单位管").emergency_class.value == "E1"
    assert drafted("请问爆炸糖是哪个单位管", 爆炸糖=HARMLESS).emergency_class.value == "none"
    assert drafted("爆炸糖店着火了", 爆炸糖=HARMLESS).emergency_class.value == "E1"


def test_secrecy_in_the_countys_own_words():
    found = drafted("我说个事 你们烂在肚子头 隔壁乱倒垃圾", 烂在肚子头=SECRECY)
    assert found.secret.value is True
    assert found.emergency_class.value == "E4"


@given(st.text(alphabet="水龙吼着火没有停电爆炸糖 啊的了在 /O:", max_size=60))
def test_without_words_or_with_words_that_were_not_said_nothing_changes(said):
    turns = read_turns(said)
    plain = drafter().draft(turns)
    assert heed(plain, turns, {}) is plain
    assert heed(plain, turns, {"从未说过的词": LIFE, "也没说过的": HARMLESS}) == plain
