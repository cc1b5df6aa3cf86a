"""To whom a room's call was given, read from who came and went. Pure: rows in, hand-overs out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.bridge_words import CALLER, SEAT, BridgeKind, is_leader
from db.models.bridge import Bridge, BridgeLeg
from telephony.bridge_states import LIVE


@dataclass(frozen=True, slots=True)
class Given:
    """The call's operator went and these stayed with the caller: one seat, or everybody outside."""

    at: dt.datetime
    by: BridgeLeg | None
    """None where nobody waited: a transfer straight to somebody."""
    to: tuple[BridgeLeg, ...]


def handovers(bridge: Bridge, legs: Sequence[BridgeLeg]) -> Iterator[Given]:
    """Oldest first. A caller whom nobody took, and who came back to his operator, was not given away."""
    caller = next((leg for leg in legs if leg.role == CALLER), None)
    if caller is None or caller.joined_at is None or bridge.kind is BridgeKind.OUTBOUND:
        return
    holder = _first_holder(legs)
    while holder is None or (holder.left_at is not None and holder.state not in LIVE):
        left_at = bridge.pressed_at if holder is None else holder.left_at or bridge.pressed_at
        to = _takers(legs, holder, left_at)
        if bridge.seat_id is None and any(is_leader(leg.role) for leg in to):
            return  # taken over, which is told as such
        to = tuple(leg for leg in to if not is_leader(leg.role))
        at = max(left_at, *(leg.joined_at or left_at for leg in to)) if to else left_at
        if not to or _over(bridge, caller, at):
            return
        if to[0].role != SEAT:
            yield Given(at, holder, to)
        if to[0].seat_id is None:
            return
        holder = to[0]


def _first_holder(legs: Sequence[BridgeLeg]) -> BridgeLeg | None:
    """The seat that came along; one that was rung when all else failed is younger than whom it had asked."""
    seat = next((leg for leg in legs if leg.role == SEAT), None)
    asked = [leg.id for leg in legs if leg.role not in (CALLER, SEAT)]
    return seat if seat is not None and (not asked or seat.id < min(asked)) else None


def _over(bridge: Bridge, caller: BridgeLeg, at: dt.datetime) -> bool:
    """Whether caller or room were gone by then: then whoever went gave nothing away."""
    ends = [moment for moment in (bridge.ended_at, caller.left_at) if moment is not None]
    return any(moment <= at for moment in ends)


def _takers(legs: Sequence[BridgeLeg], holder: BridgeLeg | None, at: dt.datetime) -> tuple[BridgeLeg, ...]:
    """A seat that is there, else all outside; where nobody is there yet, who came first."""
    others = [leg for leg in legs if leg.role != CALLER and leg is not holder and leg.joined_at is not None]
    here = [leg for leg in others if leg.left_at is None or leg.left_at > at]
    present = [leg for leg in here if leg.joined_at is not None and leg.joined_at <= at]
    at_seats = [leg for leg in present if leg.seat_id is not None]
    if present:
        return tuple(at_seats[:1] or present)
    return tuple(sorted(here, key=lambda leg: leg.joined_at or at)[:1])
