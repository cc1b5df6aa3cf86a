"""The house rules that no ready tool checks: `python -m ops.house_rules` prints each breach, exit 1."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from core.config import PROJECT_ROOT

ROOMS = ("core", "db", "telephony", "ivr", "transcription", "tickets", "api", "ops")
MODULE_LINES = 300
FUNCTION_LINES = 40
ONE_PLACE_FOR = {
    "commit": ("db/session.py",),
    "create_task": ("core/tasks.py",),
    "ensure_future": ("core/tasks.py",),
}


def breaches(root: Path) -> Iterator[str]:
    """Every breach in the rooms and the tests below `root`, as `file:line: sentence`."""
    for room in ROOMS:
        for file in sorted((root / room).rglob("*.py")):
            if "versions" not in file.parts:
                yield from _in_file(root, file, is_test=False)
    for file in sorted((root / "tests").rglob("*.py")):
        yield from _in_file(root, file, is_test=True)


def _in_file(root: Path, file: Path, *, is_test: bool) -> Iterator[str]:
    name = file.relative_to(root).as_posix()
    text = file.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield f"{name}:1: {lines} lines; a module has at most {MODULE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines; at most {FUNCTION_LINES}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not is_test:
            allowed = ONE_PLACE_FOR.get(node.func.attr)
            if allowed and name not in allowed:
                yield f"{name}:{node.lineno}: {node.func.attr}() belongs in {', '.join(allowed)} only"


def main() -> int:
    """Print the breaches; 1 if there are any."""
    found = list(breaches(PROJECT_ROOT))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
