"""The doctor on a machine where set-up has not been: it says so, and looks at all the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.config import load_settings
from ops.doctor import examine


def test_a_machine_without_asterisk_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _tool: None)
    found = examine(load_settings(tmp_path, asterisk={"runtime_dir": tmp_path / "nowhere"}))
    (runtime,) = [one for one in found if one.what == "Asterisk 运行环境"]
    assert not runtime.ok
    assert "make setup" in runtime.remedy
    assert [one.what for one in found if one.what.startswith("端口")], "it goes on to the end"
