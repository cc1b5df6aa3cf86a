"""The trained model: built from lines, written, read back, refused when it does not fit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tickets.draft import calibration, training
from tickets.draft import model as models
from tickets.draft.corpus import BadCorpusLine, Example, read_lines
from tickets.draft.drafter import Drafter
from tickets.draft.gazetteer import Region
from tickets.draft.heard import hear
from tickets.draft.turns import CALLER, Turn

FIRE = "{}屋里起火了 火苗子冲到房顶 快来人|求助|1003|||||||特急|E1|0|"
DARK = "{}整栋楼停电了 冰箱的东西都化了|求助|0102|||||||紧急|E2|0|"
ASK = "{}请问办身份证要带啥子材料|咨询|1103|||||||一般|none|0|"
TELL = "{}村主任吃低保 莫说是我说的|举报|1204|||||||一般|E4|1|村主任"


@cache
def examples() -> tuple[Example, ...]:
    found: list[Example] = []
    for author in ("one", "two", "three"):
        lines = [
            line.format(head)
            for line in (FIRE, DARK, ASK, TELL)
            for head in ("", "我跟你说 ", "同志 ", "哎呀 ")
        ]
        found += read_lines(lines, author)
    return tuple(found)


@cache
def small() -> models.Model:
    return training.fit(examples())


def test_training_twice_gives_the_same_weights() -> None:
    again = training.fit(examples())
    assert again.vocabulary == small().vocabulary
    for name, head in small().heads.items():
        assert np.array_equal(head.weights, again.heads[name].weights)


def test_the_model_outlives_the_process(tmp_path: Path) -> None:
    models.save(small(), tmp_path / models.MODEL_NAME)
    read = models.load(tmp_path / models.MODEL_NAME)
    assert read.vocabulary == small().vocabulary
    heard = hear([Turn(CALLER, "屋里起火了")])
    for head, chances in small().chances(heard).items():
        assert read.chances(heard)[head] == pytest.approx(chances, abs=0.01)


def test_a_drafter_with_the_model_knows_fire_from_a_question() -> None:
    drafter = Drafter([Region("草堂镇")], small())
    fire = drafter.draft([Turn(CALLER, "起火了 火苗子冲到房顶")])
    question = drafter.draft([Turn(CALLER, "请问办身份证要带啥子材料")])
    assert (fire.emergency_class.value, fire.urgency.value, fire.type.value) == ("E1", "特急", "求助")
    assert (question.emergency_class.value, question.type.value) == ("none", "咨询")
    assert fire.model_used


def test_the_alarm_level_keeps_false_alarms_within_bounds() -> None:
    chances = np.log(np.array([[0.5, 0.3, 0.2]] * 60 + [[0.05, 0.05, 0.9]] * 240))
    wanted = np.array(["none"] * 300)
    level = calibration.alarm_level(chances, wanted, ("E1", "E2", "none"))
    assert level == pytest.approx(0.8)
    wanted[:60] = "E1"
    level = calibration.alarm_level(chances, wanted, ("E1", "E2", "none"))
    assert level == pytest.approx(0.1)


def test_too_few_calls_leave_the_alarm_level_as_it_is(tmp_path: Path) -> None:
    assert small().alarm_at == models.ALARM_AT
    models.save(small(), tmp_path / models.MODEL_NAME)
    assert models.load(tmp_path / models.MODEL_NAME).alarm_at == models.ALARM_AT


def test_a_missing_model_is_refused_in_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(models.ModelRefused, match="没有找到"):
        models.load(tmp_path / "none.npz")


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty"])
def test_a_broken_model_is_refused(tmp_path: Path, damage: str) -> None:
    file = tmp_path / models.MODEL_NAME
    models.save(small(), file)
    whole = file.read_bytes()
    file.write_bytes({"cut": whole[: len(whole) // 2], "garbage": b"no model" * 99, "empty": b""}[damage])
    with pytest.raises(models.ModelRefused, match="损坏"):
        models.load(file)


def test_one_wrong_byte_anywhere_is_refused_or_harmless(tmp_path: Path) -> None:
    file = tmp_path / models.MODEL_NAME
    models.save(small(), file)
    whole, said = file.read_bytes(), set[str]()
    for at in range(0, len(whole), len(whole) // 200):
        file.write_bytes(whole[:at] + bytes((whole[at] ^ 0xFF,)) + whole[at + 1 :])
        try:
            models.load(file)
        except models.ModelRefused as refused:
            said.add(refused.reason)
    assert {"文件损坏（error）", "文件损坏（BadZipFile）"} <= said


def test_who_saves_leaves_what_another_is_writing_alone(tmp_path: Path) -> None:
    models.save(small(), tmp_path / models.MODEL_NAME)
    others = tmp_path / "draft-model.part"
    others.write_bytes(b"half of")
    models.save(small(), tmp_path / models.MODEL_NAME)
    assert others.read_bytes() == b"half of"


def test_a_model_of_older_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / models.MODEL_NAME
    models.save(small(), file)
    monkeypatch.setattr(models, "code_digest", lambda: "newer")
    with pytest.raises(models.ModelRefused, match="不配套"):
        models.load(file)


def test_without_a_model_the_lexicons_carry_on() -> None:
    draft = Drafter([Region("草堂镇", "石马村")]).draft([Turn(CALLER, "草堂镇石马村停电了 莫说是我打的")])
    assert (draft.town.value, draft.emergency_class.value, draft.secret.value) == ("草堂镇", "E2", True)
    assert not draft.model_used


def test_a_bad_corpus_line_names_author_and_line() -> None:
    with pytest.raises(BadCorpusLine, match="old_farmer:2"):
        read_lines([ASK, "只有|两栏"], "old_farmer")


def test_every_shipped_corpus_line_is_well_formed() -> None:
    from tickets.draft.corpus import read_corpus

    known = {"E1", "E2", "E3", "E4", "none"}
    assert all(
        one.fields["emergency_class"] in known and one.fields["secret"] in "01" for one in read_corpus()
    )
