"""How good drafts are on calls nobody trained on: figures for the model card and `minsheng train`."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tickets.draft.corpus import Example
from tickets.draft.drafter import Drafter
from tickets.draft.turns import Draft

ALARMS = frozenset({"E1", "E2"})
JUDGED = (
    "type", "category", "town", "village", "place_detail", "phone", "event_time", "amount",
    "urgency", "emergency_class", "secret", "respondent",
)  # fmt: skip
_SCORED = ("type", "category", "emergency_class", "urgency", "secret")
_KEEP_EVERY = 20
_TOLERANCE = 0.005
_ALARM_TOLERANCE = 0.015
"""Two trainings of one corpus differ by about so much in emergencies (docs/model-card.md)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One call: what was wanted and what was drafted, as plain words ("" = unknown)."""

    wanted: Mapping[str, str]
    drafted: Mapping[str, str]
    sure: Mapping[str, float]
    author: str


def kept_back(example: Example) -> bool:
    """One call in twenty is never trained on, always the same ones."""
    words = "".join(turn.text for turn in example.turns).encode()
    return zlib.crc32(words) % _KEEP_EVERY == 0


def plain(draft: Draft) -> dict[str, str]:
    """A draft's values as the corpus writes them."""
    values = {name: getattr(draft, name).value for name in JUDGED}
    values["secret"] = "1" if values["secret"] else "0"
    return {name: "" if value is None else str(value) for name, value in values.items()}


def judge(drafter: Drafter, examples: Sequence[Example]) -> list[Judged]:
    """Draft every example and put it beside what was wanted."""
    found: list[Judged] = []
    for example in examples:
        draft = drafter.draft(example.turns)
        sure = {name: float(getattr(draft, name).confidence) for name in JUDGED}
        wanted = {name: value.replace(" ", "") for name, value in example.fields.items()}
        found.append(Judged(wanted, plain(draft), sure, example.author))
    return found


def accuracy(found: Sequence[Judged], field: str) -> float:
    """Share of calls whose field is exactly as wanted, "unknown" included."""
    return sum(one.wanted[field] == one.drafted[field] for one in found) / len(found) if found else 0.0


def precision_recall(found: Sequence[Judged], field: str) -> tuple[float, float, float]:
    """Over values that were said: how many drafted are right, how many wanted were drafted, F1."""
    empty = "0" if field == "secret" else ""
    right = sum(one.wanted[field] == one.drafted[field] != empty for one in found)
    drafted = sum(one.drafted[field] != empty for one in found)
    wanted = sum(one.wanted[field] != empty for one in found)
    precision = right / drafted if drafted else 0.0
    recall = right / wanted if wanted else 0.0
    return precision, recall, 2 * right / (drafted + wanted) if drafted + wanted else 0.0


def alarms(found: Sequence[Judged]) -> tuple[float, float]:
    """E1/E2 found, and false alarms among all other calls."""
    real = [
        one.drafted["emergency_class"] in ALARMS for one in found if one.wanted["emergency_class"] in ALARMS
    ]
    other = [
        one.drafted["emergency_class"] in ALARMS
        for one in found
        if one.wanted["emergency_class"] not in ALARMS
    ]
    return (sum(real) / len(real) if real else 0.0), (sum(other) / len(other) if other else 0.0)


def overall(found: Sequence[Judged]) -> float:
    """One figure to compare two models by: the mean over the trained fields."""
    return sum(accuracy(found, field) for field in _SCORED) / len(_SCORED)


def worse(new: Sequence[Judged], old: Sequence[Judged]) -> list[str]:
    """In what a new model is worse than an old one on the same calls, in Chinese; empty: in nothing.

    Emergencies count for themselves: a model that misses them may not pay with better categories.
    """
    (new_hit, new_false), (old_hit, old_false) = alarms(new), alarms(old)
    found = {
        "综合": overall(new) < overall(old) - _TOLERANCE,
        "险情认出": new_hit < old_hit - _ALARM_TOLERANCE,
        "误报": new_false > old_false + _ALARM_TOLERANCE,
    }
    return [name for name, is_worse in found.items() if is_worse]
