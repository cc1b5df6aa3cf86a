"""What the translator remembers between events: legs that were seen to begin, first hang-ups, contacts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

from core.ids import CallId, SeatId
from core.vocabulary import EndedBy
from telephony.ami_protocol import AmiMessage
from telephony.channel_names import seat_of_channel

_MAX_KNOWN: Final = 20_000


@dataclass(slots=True)
class Leg:
    """One channel that was seen to begin."""

    channel: str
    uniqueid: str
    call_id: CallId
    seat_id: SeatId | None
    """None for the caller's own channel."""
    rang_at: dt.datetime | None = None
    """When this seat's phone was rung outside the queue."""


@dataclass(slots=True)
class Known:
    """Legs by Uniqueid, who hung up first by call, contact addresses by endpoint."""

    legs: dict[str, Leg] = field(default_factory=dict[str, Leg])
    ended_by: dict[str, EndedBy] = field(default_factory=dict[str, EndedBy])
    contacts: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def remember(self, leg: Leg) -> None:
        """Keep a leg; the oldest goes when there are too many."""
        if len(self.legs) >= _MAX_KNOWN:
            self.legs.pop(next(iter(self.legs)))
        self.legs[leg.uniqueid] = leg

    def caller(self, event: AmiMessage) -> Leg:
        """The caller's leg that an event speaks of.

        Raises:
            ValueError: for a channel that was never seen to begin, or another name than it had.
        """
        leg = self.legs.get(event["Uniqueid"])
        if leg is None or leg.seat_id is not None or leg.channel != event["Channel"]:
            raise ValueError("the caller's channel was never seen to begin")
        return leg

    def seat_leg(self, event: AmiMessage) -> Leg | None:
        """The seat's leg that an event speaks of, or None."""
        leg = self.legs.get(event["Uniqueid"])
        return leg if leg is not None and leg.seat_id is not None else None

    def join(self, caller: Leg, uniqueid: str, channel: str, seat_id: SeatId) -> None:
        """A seat's channel took the caller's call.

        Raises:
            ValueError: if it is another seat's channel.
        """
        if seat_of_channel(channel) != seat_id:
            raise ValueError("an answer by another phone")
        self.ended_by.pop(caller.call_id, None)
        self.remember(Leg(channel, uniqueid, caller.call_id, seat_id))
