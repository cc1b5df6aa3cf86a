"""Signs of danger and what takes them back, as cues for the model: each sign alone and beside each guard."""

from __future__ import annotations

import re
from functools import cache

from tickets.draft.heard import Heard
from tickets.draft.lexicons import rows


def cues(heard: Heard) -> dict[str, float]:
    """Cue → 1: signs, guards, and each sign with each guard (or with none)."""
    signs = [cue for cue, pattern in _patterns("sign") if pattern.search(heard.text)]
    guards = [cue for cue, pattern in _patterns("guard") if pattern.search(heard.text)]
    found = {f"sign:{sign}": 1.0 for sign in signs} | {f"guard:{guard}": 1.0 for guard in guards}
    for sign in signs:
        found |= {f"{sign}&{guard}": 1.0 for guard in guards or ("plain",)}
        if "now" in signs and sign != "now":
            found[f"{sign}&now"] = 1.0
    found[f"signs:{min(len(signs), 4)}"] = 1.0
    found[f"guards:{min(len(guards), 3)}"] = 1.0
    return found


@cache
def _patterns(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    chosen = (row for row in rows("danger_patterns") if row["kind"] == kind)
    return tuple((row["cue"], re.compile(row["pattern"], re.MULTILINE)) for row in chosen)
