"""The doctor on a machine where set-up has not been: it says so, and looks at all the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.config import Mode, load_settings
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


def test_a_lan_whose_seats_are_let_in_nowhere_is_told(tmp_path: Path) -> None:
    lan = {"https_address": "192.0.2.10"}
    admitted = {**lan, "seat_networks": ["127.0.0.1/32", "192.0.2.0/24"]}
    for asterisk, ok in ((lan, False), (admitted, True)):
        found = examine(load_settings(tmp_path, mode=Mode.PRODUCTION, asterisk=asterisk))
        (seats,) = [one for one in found if one.what.startswith("坐席网段")]
        assert seats.ok is ok
        assert "--lan 192.0.2.10/24" in seats.remedy
