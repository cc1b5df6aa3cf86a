"""Which of 110, 119, 120 and 122 a caller's words call for. Pure; a person decides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from tickets.draft.features import cue_hits
from tickets.draft.guards import guards_in, taken_back
from tickets.draft.heard import hear
from tickets.draft.lexicons import rows
from tickets.draft.turns import CALLER, Turn


def suggest(lines: Iterable[str], by_rule: str | None, here: Collection[str] = ()) -> str | None:
    """The service that most words name; where none does the one that the category's rule names.

    A word that is denied, past, a drill or settled counts for nothing: the guard is the alarms' own.
    None where two are named alike: then a person is shown all of them. Who is `here` is called already.
    """
    named = Counter({service: words for service, words in _named(lines).items() if service not in here})
    by_rule = None if by_rule in here else by_rule
    if not named:
        return by_rule
    first, *others = named.most_common(2)
    if others and others[0][1] == first[1]:
        return by_rule if by_rule in (first[0], others[0][0]) else None
    return first[0]


def _named(lines: Iterable[str]) -> Counter[str]:
    """How many words name each service; a word counts once, wherever it is not taken back."""
    heard = hear([Turn(CALLER, line) for line in lines])
    guards = guards_in(cue_hits(heard))
    return Counter(
        row["service"]
        for row in rows("emergency_services")
        if any(
            not taken_back(heard, match.span(), guards)
            for match in re.finditer(re.escape(row["word"]), heard.text)
        )
    )
