"""Corrected calls as lessons: what the operator decided is the label, danger included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from core.vocabulary import TicketKind, Urgency
from ops.call_lines import BadLine, read_call
from tickets.draft import judging
from tickets.draft.corpus import FIELDS, Example
from tickets.draft.drafter import Drafter

_ALWAYS_SAID: Final = ("type", "category", "urgency", "emergency_class")
"""A call has these, so that null is no answer: what was drafted stands."""
_ALLOWED: Final[Mapping[str, re.Pattern[str]]] = {
    "type": re.compile("|".join(kind.value for kind in TicketKind)),
    "category": re.compile(r"\d{4}"),
    "urgency": re.compile("|".join(urgency.value for urgency in Urgency)),
    "emergency_class": re.compile("E[1-4]|none"),
}
_GROUP: Final = re.compile(r"\d{2}")
"""A group of categories is no category yet: what was drafted stands, and no training stops at it."""
_CLASS_OF: Final[Mapping[str, str]] = {Urgency.CRITICAL.value: "E1", Urgency.URGENT.value: "E2"}
_URGENCY_OF: Final = {named: urgency for urgency, named in _CLASS_OF.items()}
_YES: Final = "1"


def read_lessons(lines: bytes, drafter: Drafter) -> Iterator[Example]:
    """Corrected calls; a field that is not in the line was accepted as drafted.

    Operators decide how urgent a ticket is, and with that its danger: 特急 is E1, 紧急 is E2, 一般 neither.

    Raises:
        BadLine: naming the line, the field and what is wrong with it.
    """
    for number, line in enumerate(lines.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            _, turns = read_call(line)
            fixed = _decided(cast("dict[str, Any]", json.loads(line)))
        except BadLine as error:
            raise BadLine(f"第 {number} 行：{error}") from error
        drafted = judging.plain(drafter.draft(turns))
        yield Example(tuple(turns), _agreed(drafted, fixed), "corrections")


def _decided(row: Mapping[str, Any]) -> dict[str, str]:
    """The fields that the operator settled, as the corpus writes them."""
    fixed: dict[str, str] = {}
    for name in FIELDS[1:]:
        if name not in row or (name in _ALWAYS_SAID and row[name] in (None, "")):
            continue
        value = row[name]
        word = _secret(value) if name == "secret" else "" if value is None else str(value)
        if name == "category" and _GROUP.fullmatch(word):
            continue
        if name in _ALLOWED and not _ALLOWED[name].fullmatch(word):
            raise BadLine(f"{name}：不认识“{word[:20]}”")
        fixed[name] = word
    return fixed


def _secret(value: Any) -> str:
    return _YES if value in (True, _YES, 1) else "0"


def _agreed(drafted: Mapping[str, str], fixed: Mapping[str, str]) -> dict[str, str]:
    """What was decided over what was drafted, with danger and urgency that fit each other and secrecy."""
    fields = {**drafted, **fixed}
    danger = fixed.get("emergency_class") or _danger(fields, "urgency" in fixed)
    if danger in ("E4", "none"):
        danger = "E4" if fields["secret"] == _YES else "none"
    return {**fields, "emergency_class": danger, "urgency": _URGENCY_OF.get(danger, Urgency.NORMAL.value)}


def _danger(fields: Mapping[str, str], decided: bool) -> str:
    drafted = fields["emergency_class"]
    if not decided:
        return drafted
    named = _CLASS_OF.get(fields["urgency"])
    if named is None and drafted in judging.ALARMS:
        return "none"
    return named or drafted
