"""Who is to be called back: one open line a number, the calls and parties that it answers, each attempt."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.callback_words import AttemptOutcome, CallbackSource, CallbackState
from db.base import Base

AutoId = BigInteger().with_variant(Integer, "sqlite")


class Callback(Base):
    """One person to be called back."""

    __tablename__ = "callbacks"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    number: Mapped[str] = mapped_column(String(20), index=True)
    open_number: Mapped[str | None] = mapped_column(String(20), unique=True)
    """The number while the line is open, else nothing: the database itself keeps one open line a number."""
    state: Mapped[CallbackState] = mapped_column(default=CallbackState.WAITING, index=True)
    source: Mapped[CallbackSource]
    """Of the newest call; a request outweighs what was only given up."""
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"))
    """The newest call."""
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    times: Mapped[int] = mapped_column(default=1)
    """How often the number has called in vain."""
    first_at: Mapped[dt.datetime]
    last_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime] = mapped_column(index=True)
    not_before: Mapped[dt.datetime | None]
    """After an attempt that failed."""
    tries: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    lease_until: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    result: Mapped[AttemptOutcome | None]


class CallbackCall(Base):
    """A call that was looked at, once: which line answers it, or that none does."""

    __tablename__ = "callback_calls"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callbacks.id"), index=True)
    """Nothing where the number cannot be called."""
    source: Mapped[CallbackSource]
    at: Mapped[dt.datetime]


class CallbackParty(Base):
    """A party of a conference that pressed 2, looked at once: which line answers it, or that none does."""

    __tablename__ = "callback_parties"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("bridge_attempts.id"), primary_key=True)
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callbacks.id"), index=True)
    """Nothing where the number cannot be called."""
    at: Mapped[dt.datetime]


class CallbackAttempt(Base):
    """One attempt, written before anything is dialled."""

    __tablename__ = "callback_attempts"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    callback_id: Mapped[int] = mapped_column(ForeignKey("callbacks.id"))
    number: Mapped[int]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    began_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    outcome: Mapped[AttemptOutcome | None]
    note: Mapped[str] = mapped_column(String(200), default="")
    bridge_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    """The idempotency key of the conference that calls; nothing where a person wrote the result down."""

    __table_args__ = (UniqueConstraint("callback_id", "number"),)
