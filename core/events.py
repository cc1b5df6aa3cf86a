"""All that can happen in this house: facts, in the past tense, frozen.

A fact says what has happened, never what should. `at` is when it happened, aware and in UTC.
Fields that name a person or repeat their words begin with `pii_`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from core.ids import CallId, OperatorId, RecordingId, SeatId, TicketId, UtteranceId
from core.vocabulary import CallState, EndedBy, LinkState, PauseReason, SeatWish, Speaker, TicketStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something happened."""

    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFact(Fact):
    """Something happened to a call."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatFact(Fact):
    """Something happened at a seat."""

    seat_id: SeatId


# --- the life of a call, as Asterisk tells it -------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived(CallFact):
    """A caller's INVITE was taken; the greeting begins."""

    pii_caller: str
    dialled: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(CallFact):
    """The caller waits in the queue."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatOffered(CallFact):
    """A seat's phone rings for this call."""

    seat_id: SeatId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatMissed(CallFact):
    """A seat was rung for this call and did not answer."""

    seat_id: SeatId
    ring_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CallFact):
    """A seat picked up (again); both sides hear each other."""

    seat_id: SeatId
    wait_s: float
    seat_channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(CallFact):
    """The seat put the caller on hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(CallFact):
    """The seat took the caller off hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLegLost(CallFact):
    """The seat's browser or network died in a call; the caller is kept."""

    seat_id: SeatId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStarted(CallFact):
    """The caller hears the tone and may speak."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLeft(CallFact):
    """A message was recorded."""

    file_name: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallFact):
    """The caller's channel is gone."""

    cause: int
    ended_by: EndedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReconciled(CallFact):
    """Asterisk's own state was found to differ from ours and was taken over."""

    state: CallState
    seat_id: SeatId | None
    reason: str


# --- the life of a seat -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatTakenBy(SeatFact):
    """An operator sat down."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyStarted(SeatFact):
    """The seat became a member of the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatPaused(SeatFact):
    """The queue stopped offering calls to this seat."""

    reason: PauseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatUnpaused(SeatFact):
    """The queue offers calls to this seat again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatWished(SeatFact):
    """The operator asked for a pause or sign-off that waits for the end of the call."""

    wish: SeatWish
    reason: PauseReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpExtended(SeatFact):
    """The operator asked for more time after the call."""

    until: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatPhoneOnline(SeatFact):
    """The seat's phone registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatPhoneOffline(SeatFact):
    """The seat's phone is no longer registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRang(SeatFact):
    """The seat's phone began to ring."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatTalked(SeatFact):
    """The seat answered a call."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatMissedRing(SeatFact):
    """The seat let a call ring out; it is paused until the operator returns."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatFreed(SeatFact):
    """The seat's part in a call is over."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLeft(SeatFact):
    """The operator signed off; the seat is out of the queue."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatReconciled(SeatFact):
    """Asterisk's view of the seat was found to differ from ours and was repaired."""

    reason: str


# --- recordings and words ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingReady(CallFact):
    """A call's recording is joined, hashed and playable."""

    recording_id: RecordingId
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceGuessed(CallFact):
    """What the engine hears so far. Shown in grey, never stored."""

    speaker: Speaker
    pii_text: str
    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceSettled(CallFact):
    """A line the engine will not change any more; stored before this is told."""

    utterance_id: UtteranceId
    speaker: Speaker
    pii_text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptFinalised(CallFact):
    """The second pass over the recording replaced the live lines."""

    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionFailed(CallFact):
    """This call has no live words; the reason is shown."""

    reason: str


# --- tickets ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChanged(Fact):
    """A ticket was drafted, edited or moved to another status."""

    ticket_id: TicketId
    number: str
    status: TicketStatus
    call_id: CallId | None
    seat_id: SeatId | None


# --- the house itself -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChanged(Fact):
    """The control link to Asterisk went down, is being reconciled, or is up."""

    state: LinkState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChanged(Fact):
    """The transcription engine became available or not."""

    available: bool
    model: str
    reason: str
