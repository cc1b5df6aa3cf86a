"""Corrections as `minsheng train` takes them, and when it refuses what it learnt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.call_lines import BadLine
from ops.draft_cli import regions
from ops.lessons import read_lessons
from tickets.draft import judging
from tickets.draft.corpus import Example
from tickets.draft.drafter import Drafter
from tickets.draft.judging import Judged

FIRE = "屋头着火了 火好大"
PLAIN = "我们院坝的路灯坏了半个月"


def lesson(said: str, **decided: Any) -> Example:
    line = {"id": 1, "speaker_turns": [{"who": "caller", "text": said}], **decided}
    (found,) = read_lessons(json.dumps(line).encode(), Drafter(regions()))
    return found


@pytest.mark.parametrize(
    ("said", "decided", "danger", "urgency"),
    [
        (FIRE, {}, "E1", "特急"),  # nothing decided: what was drafted was accepted
        (FIRE, {"urgency": "一般"}, "none", "一般"),
        (FIRE, {"urgency": "一般", "secret": True}, "E4", "一般"),
        (FIRE, {"urgency": "紧急"}, "E2", "紧急"),
        (PLAIN, {"urgency": "特急"}, "E1", "特急"),
        (PLAIN, {"urgency": "紧急", "secret": 1}, "E2", "紧急"),
        (PLAIN, {"secret": True}, "E4", "一般"),
        (PLAIN, {"emergency_class": "E3"}, "E3", "一般"),
        (PLAIN, {"emergency_class": "E1"}, "E1", "特急"),
        (PLAIN, {"emergency_class": "E4", "secret": False}, "none", "一般"),
    ],
)
def test_the_operators_urgency_is_the_danger_to_learn(
    said: str, decided: dict[str, Any], danger: str, urgency: str
) -> None:
    fields = lesson(said, **decided).fields
    assert (fields["emergency_class"], fields["urgency"]) == (danger, urgency)


def test_what_nobody_decided_stands_as_drafted() -> None:
    drafted = lesson(PLAIN).fields
    assert drafted["category"]
    assert lesson(PLAIN, category=None, type=None, urgency=None).fields == drafted
    assert lesson(PLAIN, category="01").fields == drafted, "a group of categories decides none"
    assert lesson(PLAIN, category="0105", town=None).fields == {**drafted, "category": "0105", "town": ""}


@pytest.mark.parametrize(
    ("decided", "field"),
    [
        ({"category": "水电"}, "category"),
        ({"type": "唠叨"}, "type"),
        ({"urgency": "马上"}, "urgency"),
        ({"emergency_class": "E5"}, "emergency_class"),
    ],
)
def test_nonsense_is_told_by_line_and_field(decided: dict[str, Any], field: str) -> None:
    with pytest.raises(BadLine, match=f"第 1 行：{field}："):
        lesson(PLAIN, **decided)


def judged(wanted: str, drafted: str, category: str = "0101") -> Judged:
    def row(danger: str, code: str) -> dict[str, str]:
        named = {"type": "求助", "category": code, "secret": "0", "urgency": "一般"}
        return {**named, "emergency_class": danger}

    return Judged(row(wanted, "0101"), row(drafted, category), {}, "somebody")


def test_a_model_that_misses_emergencies_is_worse_however_good_its_categories() -> None:
    calm = [judged("none", "none", "0102")] * 300
    old = [*[judged("E1", "E1")] * 100, *calm]
    deaf = [*[judged("E1", "E1")] * 97, *[judged("E1", "none")] * 3, *[judged("none", "none")] * 300]
    nervous = [*[judged("E1", "E1")] * 100, *[judged("none", "E1")] * 6, *[judged("none", "none")] * 294]
    assert judging.overall(deaf) > judging.overall(old)
    assert judging.worse(deaf, old) == ["险情认出"]
    assert judging.worse(nervous, old) == ["误报"]
    assert judging.worse(old, [judged("E1", "E1")] * 400) == ["综合"]
    assert judging.worse(old, old) == []
