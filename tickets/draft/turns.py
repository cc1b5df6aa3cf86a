"""The words of drafting: a turn of speech goes in, a draft of fields comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from core.vocabulary import Speaker

T = TypeVar("T")

CALLER = Speaker.CALLER
OPERATOR = Speaker.SEAT


@dataclass(frozen=True, slots=True)
class Turn:
    """One uninterrupted piece of speech."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which words of which turn a value came from: [start, end) in the turn's own text."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One drafted value; None means the caller has not said it (or not clearly)."""

    value: T | None = None
    confidence: float = 0.0
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a ticket would say if the operator agreed to every field."""

    type: Field[str]
    category: Field[str]
    town: Field[str]
    village: Field[str]
    place_detail: Field[str]
    phone: Field[str]
    event_time: Field[str]
    amount: Field[str]
    urgency: Field[str]
    emergency_class: Field[str]
    """E1 to E4, or "none"."""
    secret: Field[bool]
    respondent: Field[str]
    missing: tuple[str, ...]
    """Names of the fields still to be asked for, in the order an operator asks."""
    model_used: bool
    """False while only the lexicons speak."""
