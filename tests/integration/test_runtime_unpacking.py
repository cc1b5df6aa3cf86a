"""Unpacking Asterisk where earlier runs were killed or the tool fails: nothing half stays."""

from __future__ import annotations

import os

import pytest

from core.config import load_settings
from core.errors import SetupIncomplete
from telephony.asterisk_runtime import unpack_runtime

FAILING = """#!/bin/sh
for last; do case "$last" in */.runtime.*) mkdir -p "$last/usr"; esac; done
echo "no such mirror" >&2
exit 1
"""
GONE = "4194305"
"""One more than the highest process number there can be."""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "mmdebstrap").write_text(FAILING)
    (tools / "mmdebstrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return load_settings(tmp_path, asterisk={"runtime_dir": tmp_path / "var" / "runtime"})


def test_what_a_killed_run_left_is_removed_and_a_running_ones_is_kept(settings):
    beside = settings.asterisk.runtime_dir.parent
    left, ours = beside / f".runtime.{GONE}", beside / f".runtime.{os.getppid()}"
    for folder in (left, ours, settings.asterisk.runtime_dir):
        (folder / "usr").mkdir(parents=True)
    with pytest.raises(SetupIncomplete) as refused:
        unpack_runtime(settings, lambda _line: None)
    assert "no such mirror" in str(refused.value)
    assert sorted(file.name for file in beside.iterdir()) == [ours.name, "runtime"]
