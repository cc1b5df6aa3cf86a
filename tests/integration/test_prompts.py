"""What callers hear is made whole: a tool that ends half-way leaves nothing that the next run would keep."""

from __future__ import annotations

import os
import shutil
import wave

import pytest

from core.config import load_settings
from core.errors import SetupIncomplete
from ivr import prompts

FAILING = """#!/bin/sh
for last; do case "$last" in *ms-beep*) printf half > "$last"; exit 2;; esac; done
exec {sox} "$@"
"""


def test_a_signal_that_was_cut_short_is_made_by_the_next_run(tmp_path, monkeypatch):
    settings = load_settings(tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sox").write_text(FAILING.format(sox=shutil.which("sox")))
    (tools / "sox").chmod(0o755)
    with monkeypatch.context() as here:
        here.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        with pytest.raises(SetupIncomplete):
            prompts.build(settings, lambda _line: None)
    prompts.build(settings, lambda _line: None)
    assert prompts.check(settings) == []
    for name in prompts.TONES:
        with wave.open(str(settings.prompts_dir / f"{name}.wav16"), "rb") as sound:
            assert sound.getnframes() > prompts.RATE_HZ / 10
    assert not list(settings.prompts_dir.glob(".*")), "nothing half-made stays"
