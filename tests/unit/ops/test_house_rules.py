"""The checker of the house rules finds what it says it finds."""

from __future__ import annotations

from pathlib import Path

from ops.house_rules import breaches


def house(root: Path, name: str, text: str) -> list[str]:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return list(breaches(root))


def test_a_commit_outside_the_session_file_is_found(tmp_path: Path) -> None:
    assert house(tmp_path, "tickets/x.py", "async def f(s):\n    await s.commit()\n") == [
        "tickets/x.py:2: commit() belongs in db/session.py only"
    ]


def test_the_session_file_may_commit(tmp_path: Path) -> None:
    assert house(tmp_path, "db/session.py", "async def f(s):\n    await s.commit()\n") == []


def test_a_task_outside_core_tasks_is_found(tmp_path: Path) -> None:
    found = house(tmp_path, "api/x.py", "import asyncio\nasyncio.create_task(None)\n")
    assert found == ["api/x.py:2: create_task() belongs in core/tasks.py only"]


def test_long_functions_and_modules_are_found(tmp_path: Path) -> None:
    body = "def f():\n" + "    x = 1\n" * 41
    assert house(tmp_path, "core/x.py", body) == ["core/x.py:1: f has 42 lines; at most 40"]
    assert "core/y.py:1: 301 lines; a module has at most 300" in house(tmp_path, "core/y.py", "x = 1\n" * 301)
