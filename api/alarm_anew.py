"""A danger that is named after an alarm was put aside, in the same call.

The draft of the whole call names the words that came first, so it cannot tell a second danger from them.
What was said since is judged by itself; and because harmless talk beside it weighs a model down, an
emergency that is named there and was not named before counts without the model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from core.draft_words import WordMeaning
from db.models import Utterance
from tickets.draft.by_words import Alarm, find_alarms
from tickets.draft.desk import DraftDesk, Drafted
from tickets.draft.heard import Heard, hear
from tickets.draft.turns import Field, Turn

ALARMS: Final = ("E1", "E2")


async def raised_anew(
    desk: DraftDesk, drafted: Drafted, words: Mapping[str, WordMeaning], aside_s: float
) -> Drafted | None:
    """The lines since that second of the call and their alarm, if there is one."""
    # The middle: a second pass over the sound may set a line's ends elsewhere
    since = [line for line in drafted.lines if (line.start_s + line.end_s) / 2 > aside_s]
    alone = await desk.draft(since, words)
    if alone is None or alone.draft.emergency_class.value in ALARMS:
        return alone
    before = [line for line in drafted.lines if line not in since]
    heard = _heard(since)
    known = {word for word, _ in _named(_heard(before))}
    harmless = [word for word, meaning in words.items() if meaning is WordMeaning.HARMLESS]
    for word, alarm in _named(heard):
        if word not in known and not any(word in one for one in harmless):
            sure, evidence = drafted.draft.emergency_class.confidence, heard.evidence(alarm.start, alarm.end)
            named = Field(alarm.danger, sure, evidence)
            return dataclasses.replace(alone, draft=dataclasses.replace(alone.draft, emergency_class=named))
    return None


def _heard(lines: Sequence[Utterance]) -> Heard:
    return hear([Turn(line.speaker, line.text) for line in lines])


def _named(heard: Heard) -> list[tuple[str, Alarm]]:
    found = [alarm for alarm in find_alarms(heard) if alarm.named and alarm.danger in ALARMS]
    return [(heard.text[alarm.start : alarm.end], alarm) for alarm in found]
