"""No setting, secret or not, can change a line's meaning in Asterisk's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import AsteriskSettings, Settings, TrunkSettings
from telephony.asterisk_config import _check  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("bad", ["a;b", "a\r\nb", "[trunk]"])
def test_a_secret_that_would_break_a_line_is_refused(tmp_path: Path, bad: str) -> None:
    settings = Settings(
        state_dir=tmp_path,
        asterisk=AsteriskSettings(trunk=TrunkSettings(password=bad)),  # type: ignore[arg-type]
    )
    with pytest.raises(ValueError, match="control character"):
        _check(settings.asterisk.model_dump())


def test_generated_values_pass(tmp_path: Path) -> None:
    _check(Settings(state_dir=tmp_path).asterisk.model_dump())
