"""The centre's own words: laid over a finished draft, so that one added this minute counts in the next call.

The trained model does not know them. A word of danger raises a draft, never lowers it; only a word that the
centre called harmless takes an alarm back, and only where no other sign of danger stands beside it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Final

from core.draft_words import WordMeaning
from tickets.draft import by_words, sounds
from tickets.draft.features import cue_hits
from tickets.draft.guards import Span, guards_in, taken_back
from tickets.draft.heard import Heard, hear
from tickets.draft.turns import Draft, Field, Turn

SURE: Final = 0.8
"""How sure a draft is of what the centre itself has said."""
FITS: Final = re.compile(r"[\u3400-\u9fff]{2,20}\Z")
"""A word as callers say it: Chinese characters only, no sign and no space."""
_BY_SOUND: Final = 3
"""From this length a word is also known by its sound; shorter ones have too many homophones."""
_ORDER: Final = (WordMeaning.LIFE, WordMeaning.SUPPLY, WordMeaning.STABILITY)
_URGENCY: Final = {WordMeaning.LIFE: "特急", WordMeaning.SUPPLY: "紧急"}
_NONE: Final = "none"


def heed(draft: Draft, turns: Sequence[Turn], words: Mapping[str, WordMeaning]) -> Draft:
    """The draft as these words make it."""
    if not words:
        return draft
    heard = hear(turns)
    guards = guards_in(cue_hits(heard))
    harmless = _spans(heard, words, WordMeaning.HARMLESS)
    draft = _calmed(draft, heard, harmless) if harmless else draft
    draft = _kept_secret(draft, heard, _spans(heard, words, WordMeaning.SECRECY), guards)
    for meaning in _ORDER:
        for span in _spans(heard, words, meaning):
            if not taken_back(heard, span, guards) and not _inside(span, harmless):
                return _raised(draft, heard, meaning, span)
    return draft


def _spans(heard: Heard, words: Mapping[str, WordMeaning], wanted: WordMeaning) -> list[Span]:
    """Where words of this meaning were said, as written or by their sound."""
    found: list[Span] = []
    for word, meaning in words.items():
        if meaning is not wanted:
            continue
        sought = {(word, heard.text)}
        if len(word) >= _BY_SOUND:
            sought.add((sounds.fold(word), heard.sounds))
        for pattern, text in sought:
            found += [match.span() for match in re.finditer(re.escape(pattern), text)]
    return sorted(set(found))


def _inside(span: Span, others: Sequence[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


def _calmed(draft: Draft, heard: Heard, harmless: Sequence[Span]) -> Draft:
    danger = draft.emergency_class.value
    if danger not in (WordMeaning.LIFE, WordMeaning.SUPPLY, WordMeaning.STABILITY):
        return draft
    left = [alarm for alarm in by_words.find_alarms(heard) if not _inside((alarm.start, alarm.end), harmless)]
    if left:
        return draft
    evidence = heard.evidence(*harmless[0])
    return dataclasses.replace(
        draft,
        emergency_class=Field(_NONE, SURE, evidence),
        urgency=Field("一般", SURE, evidence),
    )


def _kept_secret(draft: Draft, heard: Heard, spans: Sequence[Span], guards: Sequence[Span]) -> Draft:
    spans = [span for span in spans if not taken_back(heard, span, guards)]
    if not spans or draft.secret.value:
        return draft
    evidence = heard.evidence(*spans[0])
    secret = dataclasses.replace(draft, secret=Field(True, SURE, evidence))
    if draft.emergency_class.value not in (None, _NONE):
        return secret
    return dataclasses.replace(secret, emergency_class=Field("E4", SURE, evidence))


def _raised(draft: Draft, heard: Heard, meaning: WordMeaning, span: Span) -> Draft:
    now = draft.emergency_class
    graver = now.value is not None and now.value != _NONE and now.value < meaning
    if graver:
        return draft
    evidence = heard.evidence(*span)
    sure = max(SURE, now.confidence if now.value == meaning else 0.0)
    raised = dataclasses.replace(draft, emergency_class=Field(str(meaning), sure, evidence))
    urgency = _URGENCY.get(meaning)
    return dataclasses.replace(raised, urgency=Field(urgency, sure, evidence)) if urgency else raised
