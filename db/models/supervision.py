"""A shift leader's ear at a call, the telephones lent to leaders, and notes on operators' screens."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core.supervision_words import Mode, SupervisionEnd, SupervisionState
from db.base import Base

AutoId = BigInteger().with_variant(Integer, "sqlite")
_OPEN = text("ended_at IS NULL")


class Supervision(Base):
    """One time that a leader listened, from the order to the end; its id names the channel in Asterisk."""

    __tablename__ = "supervisions"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True, autoincrement=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    lead: Mapped[int]
    """Which leader's phone."""
    phone: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str | None] = mapped_column(String(80))
    """The leader's own channel, once it was seen."""
    seat_id: Mapped[int]
    seat_channel: Mapped[str] = mapped_column(String(80))
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), index=True)
    wanted: Mapped[Mode]
    state: Mapped[SupervisionState] = mapped_column(default=SupervisionState.ORDERED)
    told: Mapped[bool] = mapped_column(default=False)
    """Whether the operator has been shown it."""
    ordered_at: Mapped[dt.datetime]
    began_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    reason: Mapped[SupervisionEnd | None]
    modes: Mapped[list[Any]]
    """[[moment in ISO 8601, mode], …]: what it was, from when."""

    __table_args__ = (
        # One leader has one ear, and one phone is at one leader's: two orders at the same moment are one
        Index("uq_supervisions_open", "account_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("uq_supervisions_lead", "lead", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        {"sqlite_autoincrement": True},
    )


class LeadPhone(Base):
    """A leader's telephone, lent to who has the page open."""

    __tablename__ = "lead_phones"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), unique=True)
    phone: Mapped[str] = mapped_column(String(16), default="lead")
    """`lead` for the browser, `leaddesk` for a SIP desk phone."""
    until: Mapped[dt.datetime | None]


class Note(Base):
    """Words on screens: a shift leader's broadcast to all, or one operator's own."""

    __tablename__ = "broadcasts"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    text: Mapped[str] = mapped_column(String(300))
    by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    """None for everybody."""
    at: Mapped[dt.datetime]
    until: Mapped[dt.datetime] = mapped_column(index=True)


class NoteReader(Base):
    """Who has said that a note is read."""

    __tablename__ = "broadcast_readers"

    note_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    at: Mapped[dt.datetime]
