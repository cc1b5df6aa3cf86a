"""What the parties of a conference say: facts about one leg's words."""

from __future__ import annotations

from dataclasses import dataclass

from core.bridge_events import LegFact
from core.ids import UtteranceId
from core.vocabulary import Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class LegGuessed(LegFact):
    """What the engine hears of a party so far. Shown in grey, never stored."""

    pii_who: str
    """Role and name, as screens show it."""
    speaker: Speaker
    pii_text: str
    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSettled(LegFact):
    """A line of a party that the engine will not change any more; stored before this is told."""

    utterance_id: UtteranceId
    pii_who: str
    speaker: Speaker
    pii_text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFinalised(LegFact):
    """The second pass over a party's recording replaced its live lines."""

    lines: int
