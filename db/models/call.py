"""Calls, their rings, recordings and words, and the log of facts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from core.vocabulary import CallOutcome, CallState, EndedBy, RecordingKind, RecordingState, Speaker
from db.base import Base

AutoId = BigInteger().with_variant(Integer, "sqlite")


class Call(Base):
    """One citizen's call to the hotline; the id is Asterisk's Linkedid."""

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[CallState]
    caller: Mapped[str] = mapped_column(String(40))
    dialled: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(80))
    seat_id: Mapped[int | None]
    """The seat that rings or talks, or talked last."""
    seat_channel: Mapped[str | None] = mapped_column(String(80))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    arrived_at: Mapped[dt.datetime]
    queued_at: Mapped[dt.datetime | None]
    answered_at: Mapped[dt.datetime | None]
    """First answer by a seat; the recording and transcript count from here."""
    ended_at: Mapped[dt.datetime | None]
    message_at: Mapped[dt.datetime | None]
    message_reason: Mapped[str | None] = mapped_column(String(40))
    message_file: Mapped[str | None] = mapped_column(String(120))
    callback_asked_at: Mapped[dt.datetime | None]
    """The caller pressed the star key: call me back."""
    outcome: Mapped[CallOutcome | None]
    ended_by: Mapped[EndedBy | None]
    cause: Mapped[int | None]
    recovered: Mapped[bool] = mapped_column(default=False)
    """Some of it was learnt from Asterisk's own records after a gap."""
    own_seat_id: Mapped[int | None]
    """The seat that was to be rung first: the caller's own operator sat there (CallRouted)."""
    after_cut_off: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The caller's call before this one was cut off."""
    flood: Mapped[bool] = mapped_column(default=False, server_default=false())
    """This number called too often; a key was asked for."""
    urgent_at: Mapped[dt.datetime | None]
    """The caller pressed the emergency key."""
    turned_away: Mapped[str | None] = mapped_column(String(40))
    """Why the caller was let go without a person: no key came, or no line was to spare."""
    cut_off: Mapped[bool] = mapped_column(default=False, server_default=false())
    """This call itself ended in the talk by a failure, not by anybody who spoke."""

    __table_args__ = (
        Index("ix_calls_caller_arrived_at", "caller", "arrived_at"),
        Index("ix_calls_state", "state"),
        Index("ix_calls_arrived_at", "arrived_at"),
    )


class SeatRing(Base):
    """One ringing of one seat for one call, missed or answered."""

    __tablename__ = "seat_rings"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), index=True)
    seat_id: Mapped[int]
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    rang_at: Mapped[dt.datetime]
    answered_at: Mapped[dt.datetime | None]
    missed_at: Mapped[dt.datetime | None]
    own: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Rung before the queue as the caller's own operator; letting it pass is no missed ring."""
    passed_at: Mapped[dt.datetime | None]
    """The few seconds of such a ring were over, or the caller pressed a key."""


class Recording(Base):
    """The sound of a call; `state` is also the durable queue of the after-call work."""

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"))
    kind: Mapped[RecordingKind]
    state: Mapped[RecordingState] = mapped_column(index=True)
    caller_file: Mapped[str] = mapped_column(String(160))
    """Name below the recordings folder; never an absolute path."""
    seat_file: Mapped[str | None] = mapped_column(String(160))
    lead_files: Mapped[list[Any] | None]
    """[[name, seconds after the beginning], …]: what a shift leader said who barged in."""
    joined_file: Mapped[str | None] = mapped_column(String(160))
    sha256: Mapped[str | None] = mapped_column(String(64))
    duration_s: Mapped[float | None]
    started_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(String(300))

    __table_args__ = (UniqueConstraint("call_id", "kind"),)


class Utterance(Base):
    """One settled line; `source` is live or final, final lines replace live ones on screen."""

    __tablename__ = "utterances"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), index=True)
    """None for words of a conference without a citizen's call."""
    bridge_id: Mapped[int | None] = mapped_column(ForeignKey("bridges.id"), index=True)
    """With the two below: said by a party of a conference that was dialled into it."""
    bridge_leg_id: Mapped[int | None] = mapped_column(ForeignKey("bridge_legs.id"), index=True)
    bridge_attempt_id: Mapped[int | None] = mapped_column(ForeignKey("bridge_attempts.id"), index=True)
    speaker: Mapped[Speaker]
    source: Mapped[str] = mapped_column(String(8), default="live")
    text: Mapped[str] = mapped_column(Text)
    raw_text: Mapped[str] = mapped_column(Text)
    start_s: Mapped[float]
    end_s: Mapped[float]
    confidence: Mapped[float]
    words: Mapped[list[Any]]
    """[[word, start_s, end_s, confidence], …] counted from the answer; without a call from the press."""


class EventLogEntry(Base):
    """The log of facts; `seq` is the SSE id. Old entries go (api/retention), none is changed."""

    __tablename__ = "event_log"

    seq: Mapped[int] = mapped_column(AutoId, primary_key=True, autoincrement=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(40))
    call_id: Mapped[str | None] = mapped_column(String(80), index=True)
    seat_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]]

    __table_args__ = ({"sqlite_autoincrement": True},)


class IngestOffset(Base):
    """How far one of Asterisk's own files has been read."""

    __tablename__ = "ingest_offsets"

    source: Mapped[str] = mapped_column(String(160), primary_key=True)
    inode: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)
