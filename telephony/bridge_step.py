"""One step of a room: a transaction, and what is to be told and ordered when it is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_events import BridgeFact
from core.bridge_words import CALLER, LegAim
from core.ids import CallId
from db.models.bridge import Bridge, BridgeLeg
from telephony.bridge_limits import Limits
from telephony.bridge_names import LegName
from telephony.bridge_switch import Dial


@dataclass(frozen=True, slots=True)
class Move:
    """Bring those who talk already into the room, with one action; `held`, the caller hears music instead."""

    bridge_id: int
    caller: str | None
    seat: str | None
    """The seat's channel, or that of the shift leader who has its place."""
    held: bool = False
    announce: str = ""
    """Which service the caller is told is being called, before the room."""


@dataclass(frozen=True, slots=True)
class Send:
    """Parties to the room or to its music, with one action for two."""

    bridge_id: int
    places: tuple[tuple[str, LegAim], ...]
    """Channels, and where each belongs."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Thank the caller and end the call."""

    channel: str


@dataclass(frozen=True, slots=True)
class Requeue:
    """Send the caller to the head of the queue."""

    channel: str


@dataclass(frozen=True, slots=True)
class Bring:
    """A shift leader's channel into the room."""

    bridge_id: int
    supervision_id: int


Order = Dial | Move | Send | HangUp | Goodbye | Requeue | Bring


@dataclass(slots=True)
class Change:
    """What is to be told and ordered when the transaction is kept."""

    facts: list[BridgeFact] = field(default_factory=list[BridgeFact])
    orders: list[Order] = field(default_factory=list[Order])


@dataclass(frozen=True, slots=True)
class Step:
    """Where we are: one transaction, one conference, one moment."""

    session: AsyncSession
    bridge: Bridge
    limits: Limits
    now: dt.datetime
    change: Change = field(default_factory=Change)

    def about(self, leg: BridgeLeg) -> dict[str, Any]:
        """The fields that every fact of a leg has."""
        return {**self.frame(), "leg_id": leg.id, "role": leg.role, "attempt": leg.attempt}

    def frame(self) -> dict[str, Any]:
        """The fields that every fact of the conference has."""
        call_id = CallId(self.bridge.call_id) if self.bridge.call_id else None
        return {
            "at": self.now,
            "bridge_id": self.bridge.id,
            "call_id": call_id,
            "ticket_id": self.bridge.ticket_id,
        }


def name_of(leg: BridgeLeg) -> LegName:
    """The name of the leg's present attempt."""
    return LegName(leg.bridge_id, leg.id, leg.attempt)


def closing(leg: BridgeLeg) -> list[Order]:
    """The order that lets one party go."""
    if leg.role == CALLER:
        if not leg.channel:
            return []
        return [Requeue(leg.channel) if leg.aim is LegAim.QUEUE else Goodbye(leg.channel)]
    return [HangUp(leg.channel or name_of(leg).channel_id)]
