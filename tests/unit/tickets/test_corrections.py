"""What is kept of a call for the next model holds neither the caller's name nor a number."""

from __future__ import annotations

import pytest

from tickets.draft.corrections import scrub


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
        # What is no telephone number stays
        (["二零二四年买的三零二室", "交了三千五"], ["二零二四年买的三零二室", "交了三千五"]),
        (["草堂镇停电三天了"], ["草堂镇停电三天了"]),
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
        ("免贵姓向", "", "姓向"),
        ("好的向先生您别急", "", "向先生"),
    ],
)
def test_no_name_is_kept(said: str, name: str, gone: str) -> None:
    (kept,) = scrub([said], name)
    assert gone not in kept


def test_words_that_only_look_like_an_introduction_stay() -> None:
    said = ["我叫了救护车", "我叫他莫动", "我叫人来修"]
    assert scrub(said, "") == said
