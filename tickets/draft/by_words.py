"""The lexicons alone: what can be said of a call without a trained model, and the safety net under it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tickets.draft import secrecy
from tickets.draft.features import cue_hits, word_spread
from tickets.draft.guards import guards_in, taken_back
from tickets.draft.heard import Heard
from tickets.draft.lexicons import rows

_ORDER = ("E1", "E2", "E3")


@dataclass(frozen=True, slots=True)
class Alarm:
    """An emergency named or shown by its signs, with nothing near that takes it back."""

    danger: str
    start: int
    end: int
    named: bool


def chances(heard: Heard) -> dict[str, dict[str, float]]:
    """The same shape as the model's: label → how likely, by counting words."""
    kinds: dict[str, float] = {}
    categories: dict[str, float] = {}
    secret = secrecy.likely(heard)
    for start, end, label, exact in cue_hits(heard):
        name, value = label.split(":", 1)
        weight = (1.0 if exact else 0.4) * (end - start)
        if name == "kinds" and exact:
            kinds[value] = kinds.get(value, 0.0) + weight
        elif name == "categories" and (exact or end - start > 2):
            share = weight / word_spread()[heard.text[start:end]] if exact else weight / 4
            categories[value] = categories.get(value, 0.0) + share
    alarms = find_alarms(heard)
    danger = {label: 0.0 for label in (*_ORDER, "none")}
    danger[alarms[0].danger if alarms else "none"] = 0.7
    return {
        "type": _shares(kinds, "求助"),
        "category": _shares(categories, "1299"),
        "danger": danger,
        "secret": {"1": secret, "0": 1 - secret},
    }


def find_alarms(heard: Heard) -> list[Alarm]:
    """Unguarded emergency words, the gravest first."""
    hits = cue_hits(heard)
    guards = guards_in(hits)
    found: list[Alarm] = []
    for start, end, label, exact in hits:
        if not label.startswith("emergencies:E") or label.endswith("E4"):
            continue
        if not exact and end - start < 3:
            continue
        if not taken_back(heard, (start, end), guards):
            named = heard.text[start:end] in _named()
            found.append(Alarm(label.split(":")[1], start, end, named))
    return sorted(found, key=lambda alarm: (_ORDER.index(alarm.danger), not alarm.named, alarm.start))


def _shares(counts: dict[str, float], otherwise: str) -> dict[str, float]:
    total = sum(counts.values())
    if not total:
        return {otherwise: 0.3}
    return {label: count / total for label, count in counts.items()}


@cache
def _named() -> frozenset[str]:
    return frozenset(row["word"] for row in rows("emergencies") if row["kind"] == "name")
