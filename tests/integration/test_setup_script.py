"""deploy/setup.sh where an earlier run was cut short, or where Debian's Python lacks a part."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import PROJECT_ROOT


@pytest.fixture
def place(tmp_path):
    """The script in a project without dependencies, and without itself: it ends once pip has run."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(PROJECT_ROOT / "deploy" / "setup.sh", tmp_path / "deploy")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def run(place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(place / "deploy" / "setup.sh")]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_a_python_environment_that_was_cut_short_is_made_anew(place):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / ".venv"], check=True)
    done = run(place)
    assert "No module named pip" not in done.stdout + done.stderr
    assert (place / ".venv" / "bin" / "pip").exists()


def test_debians_python_without_its_venv_package_is_told_in_one_line(place):
    shadow = place / "shadow"
    shadow.mkdir()
    (shadow / "ensurepip.py").write_text("raise ImportError")
    # Whoever is no administrator is told; root would install it
    (shadow / "id").write_text("#!/bin/sh\necho 1000\n")
    (shadow / "id").chmod(0o755)
    done = run(place, PYTHONPATH=str(shadow), PATH=f"{shadow}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "缺少" in done.stderr
    assert "python3.11-venv" in done.stderr
    assert not (place / ".venv").exists(), "nothing is begun that cannot be ended"
