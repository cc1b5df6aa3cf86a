"""What people teach the drafting machine: corrected drafts (no name, no number of the caller), and words."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.draft_words import WordMeaning
from db.base import Base
from db.models.ticket import AutoId


class DraftCorrection(Base):
    """One ticket as it was drafted and as its operator sent it on; at most one a ticket."""

    __tablename__ = "draft_corrections"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), unique=True)
    at: Mapped[dt.datetime]
    turns: Mapped[list[Any]]
    """`[{"who": "caller"|"operator", "text": …}]`, names and numbers struck out."""
    drafted: Mapped[dict[str, Any]]
    decided: Mapped[dict[str, Any]]
    """Only the fields that the operator decided: type, category, town, village, urgency, secret."""


class HouseWord(Base):
    """A word that the centre added to the built-in lexicons; counts from the next draft on."""

    __tablename__ = "house_words"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    word: Mapped[str] = mapped_column(String(20), unique=True)
    meaning: Mapped[WordMeaning]
    source: Mapped[str] = mapped_column(String(120), default="")
    """Why it stands here: a case, a person, a document."""
    added_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    added_at: Mapped[dt.datetime]
