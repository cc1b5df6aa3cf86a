"""What operators corrected in a machine's draft: training data without the caller's name or number."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

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
