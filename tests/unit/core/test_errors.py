"""What a person reads is a sentence: names of facts and words of other programs stay in the log."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.errors import HotlineError, IllegalTransition, NotFound

ROOT = Path(__file__).parents[3]
ROOMS = ("core", "db", "telephony", "ivr", "transcription", "tickets", "api")
MACHINES = re.compile(r"[A-Za-z_]+=|[a-z]_[a-z]|[a-z][A-Z]")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
RAW = "raw_value=Raw"


@cache
def trees() -> dict[Path, ast.Module]:
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
    return {file.relative_to(ROOT): ast.parse(file.read_text(encoding="utf-8")) for file in files}


@cache
def kinds() -> dict[str, type[HotlineError]]:
    """Every error of the house by its name, wherever it is defined."""
    found: dict[str, type[HotlineError]] = {"HotlineError": HotlineError}
    classes = [
        (file, node) for file, tree in trees().items() for node in tree.body if isinstance(node, ast.ClassDef)
    ]
    while new := [
        (file, node)
        for file, node in classes
        if node.name not in found
        and any(isinstance(base, ast.Name) and base.id in found for base in node.bases)
    ]:
        for file, node in new:
            module = importlib.import_module(".".join(file.with_suffix("").parts))
            found[node.name] = getattr(module, node.name)
    return found


def raised() -> Iterator[tuple[str, HotlineError]]:
    """Every `raise` of one, with what stands in the source; what is known only later is a raw value."""
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and isinstance(node.exc.func, ast.Name)
            ):
                kind = kinds().get(node.exc.func.id)
                if kind is not None:
                    given = {str(word.arg): _given(str(word.arg), word.value) for word in node.exc.keywords}
                    yield f"{file}:{node.lineno}", kind(**given)


def _given(name: str, value: ast.expr) -> Any:
    if isinstance(value, ast.Constant):
        return value.value
    if name != "reason":
        return RAW
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "某" for part in value.values)
    # A name is a sentence of the house's own; what is asked of another object may be anybody's words
    return "某句" if isinstance(value, ast.Name) or ast.unparse(value) == "str(error)" else RAW


def plain(sentence: str) -> bool:
    return bool(CHINESE.search(sentence)) and not MACHINES.search(sentence)


def test_every_error_of_the_house_has_a_plain_sentence():
    assert len(kinds()) > 30
    assert [name for name, kind in kinds().items() if not plain(kind().message)] == []


def test_no_raise_puts_a_machines_word_before_a_person():
    found = list(raised())
    assert len(found) > 120
    assert [(place, error.message) for place, error in found if not plain(error.message)] == []


@pytest.mark.parametrize(
    ("error", "reads", "logged"),
    [
        (NotFound(what="工单"), "没有找到工单。", "没有找到工单。"),
        (NotFound(seat_id=7), "没有找到。", "没有找到。（seat_id=7）"),
        (
            IllegalTransition(state="held", reason="请先接回来电"),
            "请先接回来电",
            "请先接回来电（state=held）",
        ),
        (HotlineError(pii_number="138"), "热线系统出现内部错误。", "热线系统出现内部错误。"),
    ],
)
def test_facts_are_for_the_log(error, reads, logged):
    assert (error.message, str(error)) == (reads, logged)
