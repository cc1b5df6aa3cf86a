"""The case file: fields of domain.md 2.1 that a call can fill, and its history."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.vocabulary import TicketKind, TicketStatus, Urgency
from db.base import Base

AutoId = BigInteger().with_variant(Integer, "sqlite")


class Ticket(Base):
    """工单."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    """Eleven digits read out to the caller: date (yymmdd) and five of the day's sequence."""
    status: Mapped[TicketStatus] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    """Grows with each change; an edit names the version it saw."""
    channel: Mapped[str] = mapped_column(String(20), default="phone")
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), unique=True)
    seat_id: Mapped[int | None]
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[TicketKind | None]
    title: Mapped[str] = mapped_column(String(120), default="")
    content: Mapped[str] = mapped_column(Text, default="")
    purpose: Mapped[str] = mapped_column(String(200), default="")
    category_code: Mapped[str | None] = mapped_column(ForeignKey("categories.code"))
    caller_name: Mapped[str] = mapped_column(String(40), default="")
    caller_gender: Mapped[str] = mapped_column(String(4), default="")
    caller_number: Mapped[str] = mapped_column(String(40), default="", index=True)
    contact_number: Mapped[str] = mapped_column(String(40), default="")
    secret: Mapped[bool] = mapped_column(default=False)
    anonymous: Mapped[bool] = mapped_column(default=False)
    needs_reply: Mapped[bool] = mapped_column(default=True)
    respondent: Mapped[str] = mapped_column(String(120), default="")
    town_code: Mapped[str | None] = mapped_column(ForeignKey("towns.code"))
    village_id: Mapped[int | None] = mapped_column(ForeignKey("villages.id"))
    address: Mapped[str] = mapped_column(String(200), default="")
    happened: Mapped[str] = mapped_column(String(80), default="")
    urgency: Mapped[Urgency] = mapped_column(default=Urgency.NORMAL)
    answer: Mapped[str] = mapped_column(Text, default="")
    """What the operator answered on the call (直办办结)."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    """The file that this one was joined into (并单); only while its status is MERGED."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class TicketEvent(Base):
    """One step in a ticket's history; never changed."""

    __tablename__ = "ticket_events"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    at: Mapped[dt.datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    from_status: Mapped[TicketStatus | None]
    to_status: Mapped[TicketStatus]
    reason: Mapped[str] = mapped_column(String(200), default="")
    changes: Mapped[dict[str, Any]]


class TicketNumber(Base):
    """The last sequence number given out on a day (Asia/Shanghai)."""

    __tablename__ = "ticket_numbers"

    day: Mapped[str] = mapped_column(String(6), primary_key=True)
    last: Mapped[int]
