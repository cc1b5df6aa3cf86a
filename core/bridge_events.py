"""All that can happen to a one-key bridge 一键三方: frozen facts without numbers or names."""

from __future__ import annotations

from dataclasses import dataclass

from core.bridge_words import BridgeEnd, Presser
from core.events import Fact
from core.ids import CallId, SeatId


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeFact(Fact):
    """Something happened to a conference."""

    bridge_id: int
    call_id: CallId | None = None
    """The citizen's call that it grew out of."""
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgePressed(BridgeFact):
    """Somebody pressed the key; the rows of the conference and of each leg stand."""

    presser: Presser
    seat_id: SeatId | None
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeTicketed(BridgeFact):
    """The conference has its ticket; `ticket_id` says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeEnded(BridgeFact):
    """The conference is over."""

    reason: BridgeEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFact(BridgeFact):
    """Something happened to one party; `attempt` counts its dialled numbers from 1."""

    leg_id: int
    role: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDialled(LegFact):
    """Asterisk began a channel to the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRang(LegFact):
    """The phone rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered(LegFact):
    """A person or a machine picked up and hears who calls and about what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegJoined(LegFact):
    """The party is in the room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHeld(LegFact):
    """The caller hears music, outside the room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegWasBusy(LegFact):
    """Busy, or refused."""

    cause: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegUnanswered(LegFact):
    """Nobody: no answer, no way there, or an answer without key 1."""

    cause: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegMovedOn(LegFact):
    """The next number of the role is due; `attempt` is the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAskedBack(LegFact):
    """The person pressed 2: call me back later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLeft(LegFact):
    """The party went out of the room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRemoved(LegFact):
    """Somebody took the party out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFailed(LegFact):
    """There is no number to call for this role, or the whole conference ended before it was reached."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRedialled(LegFact):
    """Somebody asked to call this role again from its first number; `attempt` is the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegMuted(LegFact):
    """The party is heard by nobody, or again by all."""

    muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LegTalked(LegFact):
    """The party began or stopped to speak. For screens only, never stored."""

    talking: bool
