"""What the code writes into a ticket's history, a person reads in Chinese."""

from __future__ import annotations

import ast
from pathlib import Path

from core.ticket_words import STEP_LABELS, TicketStep

ROOT = Path(__file__).parents[3]


def written() -> list[tuple[str, ast.expr]]:
    """The reason of every line that any of our code adds to a ticket's history."""
    return [
        (f"{file.relative_to(ROOT)}:{node.lineno}", word.value)
        for room in ("tickets", "api", "telephony", "db")
        for file in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TicketEvent"
        for word in node.keywords
        if word.arg == "reason"
    ]


def test_every_step_has_chinese_words():
    assert set(STEP_LABELS) == set(TicketStep)
    assert [words for words in STEP_LABELS.values() if words.isascii()] == []


def test_no_line_is_written_with_a_word_that_is_not_a_step():
    """A bare string would be shown as it stands; only sentences in Chinese may be."""
    found = written()
    assert len(found) >= 6
    bare = [(place, one.value) for place, one in found if isinstance(one, ast.Constant)]
    assert [(place, value) for place, value in bare if str(value).isascii()] == []
