"""The corpus: one call a line, 13 fields divided by `|`; one file an author."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tickets.draft.turns import CALLER, OPERATOR, Turn

CORPUS = Path(__file__).parent / "corpus"
FIELDS: tuple[str, ...] = (
    "text", "type", "category", "town", "village", "place_detail", "phone",
    "event_time", "amount", "urgency", "emergency_class", "secret", "respondent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """One call and what an attentive operator would write down; empty = not said."""

    turns: tuple[Turn, ...]
    fields: dict[str, str]
    author: str


class BadCorpusLine(ValueError):
    """A corpus line that cannot be read."""


def read_turns(text: str) -> tuple[Turn, ...]:
    """`caller / O:operator / caller` as turns."""
    pieces = [piece.strip() for piece in text.split(" / ")]
    return tuple(
        Turn(OPERATOR, piece[2:].strip()) if piece.startswith(("O:", "O：")) else Turn(CALLER, piece)
        for piece in pieces
        if piece
    )


def read_lines(lines: Iterable[str], author: str) -> list[Example]:
    """Every call of one author; comments (#) and empty lines are skipped.

    Raises:
        BadCorpusLine: naming the author and the line.
    """
    found: list[Example] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        values = [value.strip() for value in line.rstrip("\n").split("|")]
        if len(values) != len(FIELDS):
            raise BadCorpusLine(f"{author}:{number}: {len(values)} fields, {len(FIELDS)} wanted")
        fields = dict(zip(FIELDS, values, strict=True))
        found.append(Example(read_turns(fields.pop("text")), fields, author))
    return found


def read_corpus(folder: Path = CORPUS) -> list[Example]:
    """All authors' calls, in the files' order."""
    examples: list[Example] = []
    for file in sorted(folder.glob("*.txt")):
        examples += read_lines(file.read_text(encoding="utf-8").splitlines(), file.stem)
    return examples
