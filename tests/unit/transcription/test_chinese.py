"""Vosk puts spaces between Chinese words: they go, and nothing else does."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.chinese import join_words

chinese = st.text(st.sampled_from("民生之声热线停水了一二三〇㐀𠮷，。、"), min_size=1, max_size=5)
latin = st.text(st.sampled_from("abcXYZ019-'가나다"), min_size=1, max_size=5)
words = st.lists(st.one_of(chinese, latin), max_size=12)
spaces = st.sampled_from((" ", "  ", "\t", "\u3000", "\n"))


def is_chinese(char):
    return char in "民生之声热线停水了一二三〇㐀𠮷，。、"


@given(words, spaces)
def test_only_spaces_change(words, space):
    assert join_words(space.join(words)).replace(" ", "") == "".join(words)


@given(words, spaces)
def test_a_space_is_kept_exactly_where_one_side_is_not_chinese(words, space):
    wanted = words[0] if words else ""
    for one, two in itertools.pairwise(words):
        wanted += two if is_chinese(one[-1]) and is_chinese(two[0]) else f" {two}"
    assert join_words(space.join(words)) == wanted


@given(words)
def test_joining_twice_changes_nothing_more(words):
    once = join_words(" ".join(words))
    assert join_words(once) == once


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("我 家 停水 了", "我家停水了"),
        ("请 拨 vosk model 好 吗", "请拨 vosk model 好吗"),
        ("안녕하세요 여보세요", "안녕하세요 여보세요"),
        ("  ", ""),
    ],
)
def test_lines_as_people_read_them(raw, line):
    assert join_words(raw) == line
