"""People, their sessions, and what they looked at."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.vocabulary import Role
from db.base import Base

AutoId = BigInteger().with_variant(Integer, "sqlite")


class Account(Base):
    """One person who may sign in."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    work_number: Mapped[str | None] = mapped_column(String(10), unique=True)
    """工号, said to the caller."""
    role: Mapped[Role]
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    """Exists in demo mode only; refused elsewhere."""
    created_at: Mapped[dt.datetime]


class WebSession(Base):
    """A signed-in browser. Only the hash of the cookie's token is kept."""

    __tablename__ = "web_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    address: Mapped[str] = mapped_column(String(60))


class LoginAttempt(Base):
    """A failed sign-in; the throttle counts these."""

    __tablename__ = "login_attempts"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    login: Mapped[str] = mapped_column(String(40), index=True)
    address: Mapped[str] = mapped_column(String(60), index=True)
    at: Mapped[dt.datetime]


class AuditEntry(Base):
    """Who did or looked at what, and why. Never changed; goes after its lawful time (api/retention)."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(60), default="")
    details: Mapped[dict[str, Any]]

    # Whether a look or an alarm is written down already is asked each time; three years of rows lie here
    __table_args__ = (Index("ix_audit_log_subject", "subject", "act"),)
