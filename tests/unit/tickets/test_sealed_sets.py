"""The sealed sets keep to the guide and are taught to no model; what fails is told by line number only."""

from __future__ import annotations

import csv

import pytest

from core.config import PROJECT_ROOT
from tickets.draft.corpus import Example, read_corpus, read_lines
from tickets.draft.labels import complaints
from tickets.draft.training import corpus_parts

SEALED = PROJECT_ROOT / "tests" / "data" / "sealed"
DATA = PROJECT_ROOT / "db" / "data"
SETS = ("a", "b", "c", "d", "e", "f", "g", "h")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sealed(name: str) -> list[Example]:
    return read_lines((SEALED / f"{name}.txt").read_text(encoding="utf-8").splitlines(), f"sealed-{name}")


def said(one: Example) -> str:
    return "".join(turn.text for turn in one.turns).replace(" ", "")


@pytest.mark.parametrize("name", SETS)
def test_every_sealed_line_keeps_to_the_guide(name: str) -> None:
    villages = {row["village"]: row["town"] for row in rows("regions") if row["village"]}
    towns = {row["town"] for row in rows("regions")}
    known = {row["code"] for row in rows("categories") if len(row["code"]) == 4}
    wrong = [
        number
        for number, one in enumerate(sealed(name), start=1)
        if any(complaints(one, known, villages, towns))
    ]
    assert wrong == []


@pytest.mark.parametrize("name", SETS)
def test_a_sealed_set_asks_for_every_category(name: str) -> None:
    known = {row["code"] for row in rows("categories") if len(row["code"]) == 4}
    assert known - {one.fields["category"] for one in sealed(name)} == set()


@pytest.mark.parametrize("name", SETS)
def test_no_sealed_line_is_taught(name: str) -> None:
    kept, taught = corpus_parts()
    told = {said(one) for one in [*read_corpus(), *kept, *taught]}
    assert [number for number, one in enumerate(sealed(name), start=1) if said(one) in told] == []


def test_no_two_sealed_lines_are_alike() -> None:
    """A call in two sets would count twice and bind their writers together."""
    first: dict[str, str] = {}
    twice = [
        f"{name}:{number} is {first[said(one)]}"
        for name in SETS
        for number, one in enumerate(sealed(name), start=1)
        if first.setdefault(said(one), f"{name}:{number}") != f"{name}:{number}"
    ]
    assert twice == []
