"""What an administrator mistypes in settings.toml is told in one line, with the place; never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ops import cli


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("[web\nport = 1", "settings.toml"),
        ('[web]\nport = "eighty"', "web.port"),
        ("[web]\nprot = 8080", "web.prot"),
        ("[ami]\nwatch_secret = 7", "ami.watch_secret"),
    ],
)
def test_a_mistyped_setting_is_one_line_with_its_place(
    settings: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "settings.toml").write_text(settings)
    monkeypatch.setattr(sys, "argv", ["minsheng", "doctor", "--state-dir", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().out.replace("\n", "")
    assert ended.value.code == 1
    assert told in said
    assert "watch_secret = 7" not in said, "a value may be a secret"
