"""Words that the trained tagger marks: taught by calls, kept in the model's file, traced to what was said."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tickets.draft import model as models
from tickets.draft import tagged, tagger_training, training
from tickets.draft.corpus import Example, read_lines, read_turns
from tickets.draft.drafter import Drafter
from tickets.draft.gazetteer import Region
from tickets.draft.heard import BREAK, hear
from tickets.draft.tagger import Tagger, best_span

CALL = "{0}在{1}{2}{3}|投诉|0201|||{4}||||一般|none|0|{0}"
PARTIES = ("收渣老汉", "摆摊那户", "跳舞那伙人", "卖鱼那个", "敲鼓那群娃")
PLACES = (("老戏台", "老戏台"), ("水塔坎上", "水塔坎上"), ("半边街三号", "半边街3号"))
ENDS = ("闹了一晚上", "乱堆东西", "天天吵人", "收费没有票")


@cache
def examples() -> tuple[Example, ...]:
    lines = [
        CALL.format(party, said, "那里" if number % 2 else "", end, written)
        for number, end in enumerate(ENDS)
        for party in PARTIES
        for said, written in PLACES
    ]
    danger = [f"{what}起火了 快来人|求助|1003|||||||特急|E1|0|" for what in ("屋里", "楼上", "灶房", "车里")]
    tell = [
        f"{what}吃低保 莫说是我说的|举报|1204|||||||一般|E4|1|{what}"
        for what in ("村主任", "会计", "书记", "社长")
    ]
    asks = [f"请问{what}要带啥子|咨询|1201|||||||一般|none|0|" for what in ("办证", "过户", "年检", "领表")]
    return tuple(one for author in ("one", "two") for one in read_lines(lines + danger + tell + asks, author))


@cache
def small() -> models.Model:
    return training.fit(examples())


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("在枫琴水岸三号楼六零二漏水", "枫琴水岸3号楼602", "枫琴水岸三号楼六零二"),
        ("物业不管", "物业", "物业"),
        ("三号楼", "5号楼", None),
    ],
)
def test_a_label_is_found_where_it_was_said(text: str, value: str, words: str | None) -> None:
    span = tagger_training.aligned(text, value)
    assert (text[slice(*span)] if span else None) == words


def test_the_best_span_never_runs_over_two_turns() -> None:
    text = "甲乙" + BREAK + "丙丁"
    scores = np.array([[0, 1, 1]] * len(text), np.float32)
    assert best_span(scores, text) in {(0, 2), (3, 5)}
    assert best_span(-scores, text) is None


def test_words_taught_are_marked_and_traced_to_the_turn() -> None:
    turns = read_turns("O:您好 / 喂 嗯 敲鼓那群娃 在半边街三号 那里天天吵人")
    draft = Drafter([Region("草堂镇")], small()).draft(turns)
    assert (draft.respondent.value, draft.place_detail.value) == ("敲鼓那群娃", "半边街3号")
    party, place = draft.respondent.evidence, draft.place_detail.evidence
    assert party is not None
    assert place is not None
    assert turns[party.turn].text[party.start : party.end] == "敲鼓那群娃"
    assert turns[place.turn].text[place.start : place.end] == "半边街三号"


@pytest.mark.parametrize("said", ["您好 敲鼓那群娃在老戏台乱堆东西", "敲鼓那群 嗯 娃 在老戏台 呃 乱堆东西"])
def test_openings_fillers_and_spaces_change_nothing(said: str) -> None:
    draft = Drafter([Region("草堂镇")], small()).draft(read_turns(said))
    assert (draft.respondent.value, draft.place_detail.value) == ("敲鼓那群娃", "老戏台")


@pytest.mark.parametrize("marked", ["物业居委会", "物业"])
def test_a_party_taken_back_at_once_gives_way_to_the_next_by_tagger_or_by_rules(marked: str) -> None:
    columns = {"mk投诉": 0, **{f"0{char}": at for at, char in enumerate(marked, 1)}}
    rows = [(0, {"物": 9, "居": 6}.get(char, 0), 2 * (char not in "物居")) for char in marked]
    weights = np.array([(0, -3, -1), *rows], np.float32)
    taggers = {"respondent": Tagger(columns, weights)}
    for said in ("物业 不对 是居委会 收了钱", "物业 哦 那个 说错了 应该是居委会收了钱"):
        assert tagged.respondent(hear(read_turns(said)), "投诉", taggers).value == "居委会"
    said = "物业收了钱 居委会也说他不对"
    assert tagged.respondent(hear(read_turns(said)), "投诉", taggers).value == "物业"


def test_who_only_asks_complains_of_nobody_whatever_the_tagger_says() -> None:
    heard = hear(read_turns("敲鼓那群娃在老戏台乱堆东西"))
    assert tagged.respondent(heard, "咨询", small().taggers).value is None
    assert tagged.respondent(heard, "投诉", small().taggers).value == "敲鼓那群娃"


def test_without_a_tagger_the_rules_carry_on() -> None:
    heard = hear(read_turns("物业收了钱不扫地 在三号楼二单元"))
    assert tagged.respondent(heard, "投诉", {}).value == "物业"
    assert tagged.place_detail(heard, [], (), {}).value == "3号楼2单元"


def test_teaching_twice_gives_the_same_weights_and_the_file_keeps_them(tmp_path: Path) -> None:
    again = training.fit(examples()).taggers
    models.save(small(), tmp_path / models.MODEL_NAME)
    read = models.load(tmp_path / models.MODEL_NAME).taggers
    assert set(read) == set(tagged.TAGGED)
    for name, tagger in small().taggers.items():
        assert again[name].columns == tagger.columns == read[name].columns
        assert np.array_equal(again[name].weights, tagger.weights)
        assert np.allclose(read[name].weights, tagger.weights, rtol=1e-2, atol=1e-2)
