"""Turns of danger taken out of a call: beside another matter, or many facts, they would be drowned in it.

Each turn that shows a sign of danger is judged once more together with what later turns take back of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tickets.draft import by_words, danger
from tickets.draft.heard import hear
from tickets.draft.turns import CALLER, Turn

_NO_SIGNS: Final = frozenset({"sign:now", "sign:many"})
"""Haste, or how many there are, is no danger by itself."""
_BACK: Final = frozenset({"guard:not", "guard:solved", "guard:over"})
_ANSWERS_NO: Final = re.compile("^[嗯哦啊]*(?:不是|没有|没得|没|不用|莫|算了|早就|已经)")
_REMEMBERED: Final = 1024
_MOST: Final = 16
"""Of an endless call so many turns of danger are judged, the latest ones."""


def told_apart(turns: Sequence[Turn]) -> list[tuple[int, ...]]:
    """For each turn of danger: which turns to judge, its own question before it included.

    Nothing for a call of one turn, which stands alone as it is.
    """
    parts = _with_questions(turns)
    if len(parts) < 2:
        return []
    seen = [_seen(tuple(turns[at] for at in part)) for part in parts]
    back = [number for number, (_, takes_back) in enumerate(seen) if takes_back]
    shown = [number for number, (shows, _) in enumerate(seen) if shows][-_MOST:]
    return [
        tuple(at for other in (number, *(one for one in back if one > number)) for at in parts[other])
        for number in shown
    ]


def _with_questions(turns: Sequence[Turn]) -> list[tuple[int, ...]]:
    """Each turn of the caller with what was said to the caller just before."""
    parts: list[tuple[int, ...]] = []
    begin = 0
    for at, turn in enumerate(turns):
        if turn.speaker is CALLER:
            parts.append(tuple(range(begin, at + 1)))
            begin = at + 1
    return parts


@lru_cache(maxsize=_REMEMBERED)
def _seen(turns: tuple[Turn, ...]) -> tuple[bool, bool]:
    """Whether a turn shows danger, and whether it takes some back."""
    heard = hear(turns)
    cues = danger.cues(heard).keys()
    shows = any(cue.startswith("sign:") and cue not in _NO_SIGNS for cue in cues)
    takes_back = not _BACK.isdisjoint(cues) or _ANSWERS_NO.match(heard.text) is not None
    return shows or bool(by_words.find_alarms(heard)), takes_back
