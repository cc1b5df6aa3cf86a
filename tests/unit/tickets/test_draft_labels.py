"""The corpus keeps to the written labelling guide, and fields that contradict each other are not drafted."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from core.config import PROJECT_ROOT
from tickets.draft.agreement import agreed
from tickets.draft.corpus import read_corpus, read_lines
from tickets.draft.labels import complaints

DATA = PROJECT_ROOT / "db" / "data"
WANTED_PER_CATEGORY = 40


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def categories() -> set[str]:
    return {row["code"] for row in rows("categories") if len(row["code"]) == 4}


def checked(line: str) -> list[str]:
    villages = {row["village"]: row["town"] for row in rows("regions") if row["village"]}
    towns = {row["town"] for row in rows("regions")}
    return list(complaints(read_lines([line], "one")[0], categories(), villages, towns))


def test_every_line_of_the_corpus_keeps_to_the_guide() -> None:
    villages = {row["village"]: row["town"] for row in rows("regions") if row["village"]}
    towns = {row["town"] for row in rows("regions")}
    known = categories()
    wrong = [
        (one.author, one.turns[0].text[:20], complaint)
        for one in read_corpus()
        for complaint in complaints(one, known, villages, towns)
    ]
    assert not wrong


def test_every_category_has_enough_lines() -> None:
    seen = Counter(one.fields["category"] for one in read_corpus())
    assert {code: seen[code] for code in categories() if seen[code] < WANTED_PER_CATEGORY} == {}


def test_no_two_authors_wrote_the_same_line() -> None:
    said = Counter("".join(turn.text for turn in one.turns).replace(" ", "") for one in read_corpus())
    assert [text for text, times in said.items() if times > 1] == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("停水了|求助|9999|||||||紧急|E2|0|", "category"),
        ("停水了|求助|0101|||||||一般|E2|0|", "urgency"),
        ("停水了|咨询|0101|||||||特急|E1|0|", "E1 as"),
        ("井盖遭人偷了|举报|0305|||||||紧急|E2|0|", "E2 as 举报"),
        ("莫说是我|举报|1204|||||||一般|none|1|", "secret"),
        ("谢谢师傅|表扬|0403|||||||一般|none|0|", "praise"),
        ("停水了 石马村|求助|0101|竹园镇|石马村|||||紧急|E2|0|", "village"),
        ("电话是138|咨询|1299|||||||一般|none|0|", "recogniser"),
        ("欠我八千|投诉|0601||||||八千|一般|none|0|", "amount"),
        ("打这个|咨询|1299||||123|||一般|none|0|", "phone"),
    ],
)
def test_a_line_against_the_guide_is_named(line: str, complaint: str) -> None:
    assert any(complaint in found for found in checked(line))


def test_a_life_in_danger_is_never_filed_as_a_complaint() -> None:
    types, _ = agreed({"投诉": 0.7, "求助": 0.2, "表扬": 0.1}, {"1003": 1.0}, "E1")
    assert max(types, key=lambda name: types[name]) == "求助"


def test_a_failed_supply_may_be_a_complaint_but_no_question() -> None:
    types, _ = agreed({"咨询": 0.6, "投诉": 0.3, "求助": 0.1}, {"0101": 1.0}, "E2")
    assert max(types, key=lambda name: types[name]) == "投诉"


def test_praise_and_its_category_come_together_or_not_at_all() -> None:
    types, found = agreed({"表扬": 0.7, "求助": 0.3}, {"1207": 0.4, "0403": 0.6}, "none")
    assert (set(types), set(found)) == ({"表扬"}, {"1207"})
    types, found = agreed({"表扬": 0.3, "求助": 0.7}, {"1207": 0.6, "0403": 0.4}, "none")
    assert (set(types), set(found)) == ({"求助"}, {"0403"})
