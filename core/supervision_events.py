"""What shift leaders did: frozen facts. `told`: whether the operator may know of it."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import CallFact, Fact, SeatFact
from core.ids import CallId, OperatorId, SeatId
from core.supervision_words import Mode, SupervisionEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionFact(Fact):
    """Something happened to a leader's ear."""

    supervision_id: int
    leader_id: OperatorId
    seat_id: SeatId
    call_id: CallId
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionOrdered(SupervisionFact):
    """A leader asked for it, or for another mode; the row stands."""

    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderRang(SupervisionFact):
    """The leader's phone rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderListened(SupervisionFact):
    """The leader hears both and nobody hears the leader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderWhispered(SupervisionFact):
    """The operator hears the leader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderBarged(SupervisionFact):
    """All three hear each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderTookOver(SupervisionFact):
    """The leader is in the room with the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionEnded(SupervisionFact):
    """It is over."""

    reason: SupervisionEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTakenOver(CallFact):
    """The caller talks on with a shift leader; the operator's part is over."""

    leader_id: OperatorId
    leader_channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatForced(SeatFact):
    """Somebody else than its operator paused the seat or signed it off."""

    operator_id: OperatorId | None
    by_id: OperatorId
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePosted(Fact):
    """A note stands on the screens until its time is over, or on one operator's."""

    note_id: int
    to_id: OperatorId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRead(Fact):
    """Somebody said that they have read it."""

    note_id: int
    reader_id: OperatorId
