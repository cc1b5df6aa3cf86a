"""AMI words of rings outside the queue: the seat that came back, the caller's own operator."""

from __future__ import annotations

import datetime as dt
from typing import Final

from core.events import CallAnswered, Fact
from core.ids import SeatId
from core.routing_events import OwnSeatOffered, OwnSeatPassed
from telephony.ami_protocol import AmiMessage
from telephony.channel_names import seat_of_channel
from telephony.known_legs import Known

_RETURN: Final = "seat-return"
_OWN: Final = "hotline-own"


def dial_began(event: AmiMessage, known: Known, now: dt.datetime) -> Fact | None:
    """The caller's own operator is rung. A seat that comes back in a call needs no such fact."""
    seat_id = _seat(event, _OWN)
    if seat_id is None:
        return None
    leg = known.caller(event)
    rung = known.legs.get(event["DestUniqueid"])
    if rung is not None and rung.seat_id == seat_id:
        rung.rang_at = now
    return OwnSeatOffered(at=now, call_id=leg.call_id, seat_id=seat_id)


def dial_ended(event: AmiMessage, known: Known, now: dt.datetime) -> Fact | None:
    """An answer outside the queue, or the caller's own operator did not pick up in time."""
    own = _seat(event, _OWN)
    seat_id = own or _seat(event, _RETURN)
    answered = event["DialStatus"] == "ANSWER"
    if seat_id is None or not (answered or own):
        return None
    leg = known.caller(event)
    rung = known.legs.get(event["DestUniqueid"])
    rang_at = rung.rang_at if rung is not None else None
    ring_s = (now - rang_at).total_seconds() if rang_at is not None else 0.0
    if not answered:
        return OwnSeatPassed(at=now, call_id=leg.call_id, seat_id=seat_id, ring_s=ring_s)
    known.join(leg, event["DestUniqueid"], event["DestChannel"], seat_id)
    return CallAnswered(
        at=now,
        call_id=leg.call_id,
        seat_id=seat_id,
        wait_s=ring_s,
        seat_channel=event["DestChannel"],
    )


def _seat(event: AmiMessage, context: str) -> SeatId | None:
    """The seat that is dialled from that context of ours, or None."""
    return seat_of_channel(event["DestChannel"]) if event.get("Context") == context else None
