"""Which of 110, 119, 120 and 122 a caller's words call for. Pure; a person decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tickets.draft.lexicons import rows


def suggest(lines: Iterable[str], by_rule: str | None) -> str | None:
    """The service that most words name; where none does the one that the category's rule names.

    None where two are named alike: then a person is shown all of them.
    """
    text = "".join(lines)
    named = Counter(row["service"] for row in rows("emergency_services") if row["word"] in text)
    if not named:
        return by_rule
    first, *others = named.most_common(2)
    if others and others[0][1] == first[1]:
        return by_rule if by_rule in (first[0], others[0][0]) else None
    return first[0]
