"""One press of the key, one conference: its parties, their numbers in order, each attempt to reach them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.bridge_words import BridgeEnd, BridgeKind, BridgeState, LegAim, LegState, Presser
from core.vocabulary import RecordingState
from db.base import Base

AutoId = BigInteger().with_variant(Integer, "sqlite")
_RUNNING = text("state <> 'ended'")
_UNHEARD = text("joined_at IS NOT NULL AND recording_file IS NULL")


class Bridge(Base):
    """One conference; the key makes a second press of the same button the same row."""

    __tablename__ = "bridges"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    asked: Mapped[str | None] = mapped_column(String(64))
    """What the key was pressed for, as a hash; nothing where a version wrote the row that did not keep it."""
    kind: Mapped[BridgeKind] = mapped_column(default=BridgeKind.EMERGENCY)
    presser: Mapped[Presser]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    seat_id: Mapped[int | None] = mapped_column(index=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    about: Mapped[str] = mapped_column(String(8), default="")
    """Category code; says which prompt tells the callee what it is about."""
    state: Mapped[BridgeState] = mapped_column(default=BridgeState.OPENING, index=True)
    pressed_at: Mapped[dt.datetime] = mapped_column(index=True)
    opened_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    reason: Mapped[BridgeEnd | None]

    # An id names a room in Asterisk and its records: none may ever come twice
    __table_args__ = (
        # A call out that reached nobody has no ticket, for good: they are not gone through every second
        Index("ix_bridges_waiting", "ticket_id", "kind", "pressed_at"),
        # Two keys pressed on one call at the same moment are one room: the database itself says so
        Index("uq_bridges_running", "call_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        {"sqlite_autoincrement": True},
    )


class BridgeLeg(Base):
    """One party. A role is there once."""

    __tablename__ = "bridge_legs"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True, autoincrement=True)
    bridge_id: Mapped[int] = mapped_column(ForeignKey("bridges.id"))
    role: Mapped[str] = mapped_column(String(24))
    state: Mapped[LegState] = mapped_column(default=LegState.ORDERED, index=True)
    aim: Mapped[LegAim] = mapped_column(default=LegAim.ROOM)
    seat_id: Mapped[int | None]
    """The seat that this party is: dialled at its phone, not at a number."""
    asks: Mapped[bool] = mapped_column(default=True)
    """Whether key 1 is asked for; without it an outside phone joins at pick-up."""
    attempt: Mapped[int] = mapped_column(default=1)
    place: Mapped[int] = mapped_column(default=0)
    """Which of its numbers is being called."""
    channel: Mapped[str | None] = mapped_column(String(80))
    """The channel that was moved here, or that Asterisk made for the attempt."""
    muted: Mapped[bool] = mapped_column(default=False)
    since: Mapped[dt.datetime]
    joined_at: Mapped[dt.datetime | None]
    left_at: Mapped[dt.datetime | None]

    __table_args__ = (UniqueConstraint("bridge_id", "role"), {"sqlite_autoincrement": True})


class BridgeNumber(Base):
    """One number of a party, as the directory gave it when the key was pressed."""

    __tablename__ = "bridge_numbers"

    leg_id: Mapped[int] = mapped_column(ForeignKey("bridge_legs.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    digits: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(40))
    """值班电话, 手机, 副职 …"""
    name: Mapped[str] = mapped_column(String(60))


class BridgeAttempt(Base):
    """One order to dial, written before it is given; `channel_id` is the name that Asterisk must use."""

    __tablename__ = "bridge_attempts"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    leg_id: Mapped[int] = mapped_column(ForeignKey("bridge_legs.id"))
    number: Mapped[int]
    place: Mapped[int]
    channel_id: Mapped[str] = mapped_column(String(60), unique=True)
    ordered_at: Mapped[dt.datetime]
    dialled_at: Mapped[dt.datetime | None]
    answered_at: Mapped[dt.datetime | None]
    joined_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    result: Mapped[LegState | None]
    cause: Mapped[int | None]
    recording_file: Mapped[str | None] = mapped_column(String(160))
    sound_state: Mapped[RecordingState | None] = mapped_column(index=True)
    """How far the after-call work has come; None until the capture is measured."""
    hearings: Mapped[int] = mapped_column(default=0)
    """Second passes that failed."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    duration_s: Mapped[float | None]

    __table_args__ = (
        UniqueConstraint("leg_id", "number"),
        Index("ix_bridge_attempts_ordered_at", "ordered_at"),
        Index("ix_bridge_attempts_result", "result", "ended_at"),
        Index("ix_bridge_attempts_unheard", "id", sqlite_where=_UNHEARD, postgresql_where=_UNHEARD),
    )
