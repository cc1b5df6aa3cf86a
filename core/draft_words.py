"""What the centre may say of a word that callers use. Code is English, labels are Chinese."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class WordMeaning(StrEnum):
    """What a draft makes of a word of the house."""

    LIFE = "E1"
    """Life in danger now."""
    SUPPLY = "E2"
    """Water, power, gas or road has failed now."""
    STABILITY = "E3"
    SECRECY = "E4"
    HARMLESS = "none"
    """Sounds like an emergency and is none: 火锅, 爆款."""


MEANING_LABELS: Final[dict[WordMeaning, str]] = {
    WordMeaning.LIFE: "生命或人身危险",
    WordMeaning.SUPPLY: "水电气路险情",
    WordMeaning.STABILITY: "稳定风险",
    WordMeaning.SECRECY: "要求保密",
    WordMeaning.HARMLESS: "不算险情",
}
