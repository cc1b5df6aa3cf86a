"""Whether the caller asks not to be named, in whatever words: cues, and what answers to questions mean."""

from __future__ import annotations

import re
from functools import cache

from tickets.draft.heard import Heard
from tickets.draft.lexicons import rows

_ASKED = re.compile("保密|匿名")
_ASKED_NAME = re.compile("贵姓|姓名|名字|登记|称呼|您是哪位|留.{0,4}(?:电话|联系)|您是谁|回访|怎么知道|核实")
_YES = re.compile(
    "^(?:那|那就|这个)?(?:要|需要|对|嗯|是|好|可以|当然|肯定|最好|必须|麻烦|自然|肯定|千万|一定|求)(?!不)"
)
_NO = re.compile("^(?:不用|不需要|不必|不要紧|没得必要|没必要|不怕|无所谓|用不着|随便)")
_REFUSED = re.compile(
    "^(?:莫|别|不要(?!紧|命)|不(?:留|说|报|给|方便|想|便|写|登)|算了|就不)|免了|不说了|不留"
)

CUES_SHARE = 0.2
NOT_TAUGHT = frozenset({"pretext", "cover", "withheld", "quiet", "plain"})
"""Written with sight of the corpus: the model would learn to trust them more than a new caller bears out."""
_WISHES = frozenset({"hide", "pretext", "cover", "withheld", "quiet", "plain"})
"""Cues that are a wish by themselves; fear or being an insider only makes one likelier."""


def cues(heard: Heard) -> dict[str, float]:
    """Cue → 1 for each kind of hint in the caller's words."""
    found = {cue: 1.0 for cue, pattern in _patterns() if pattern.search(heard.text)}
    at = 0
    for part in heard.text.split("\n"):
        asked = heard.asked_before.get(heard.turn_of(at), "") if part else ""
        at += len(part) + 1
        if _ASKED.search(asked):
            if _NO.search(part):
                found["declined"] = 1.0
            elif _YES.search(part):
                found["accepted"] = 1.0
        elif _ASKED_NAME.search(asked) and _REFUSED.search(part):
            found["refused"] = 1.0
    return found


def together(by_model: float, by_cues: float) -> float:
    """What the model says, moved a little by the cues: it knows them, and knows where they are not meant."""
    return (1 - CUES_SHARE) * by_model + CUES_SHARE * by_cues


def likely(heard: Heard) -> float:
    """How likely by cues alone."""
    found = cues(heard)
    if "accepted" in found:
        return 0.95
    if "declined" in found or "open" in found or "asks" in found:
        return 0.15
    if _WISHES & found.keys():
        return 0.85 if {"fear", "insider", "nameless", "refused"} & found.keys() else 0.7
    if "nameless" in found or "refused" in found:
        return 0.65
    return 0.4 if {"fear", "insider"} <= found.keys() else 0.05


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["cue"], re.compile(row["pattern"])) for row in rows("secrecy_patterns"))
