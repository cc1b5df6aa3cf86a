"""Where the caller of a room must be: with somebody, on music while somebody comes, or in the queue. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, auto

from core.bridge_events import LegFact, LegJoined, LegLeft
from core.bridge_words import LegAim, LegState
from telephony.bridge_states import LIVE, ON_THE_WAY

_SEEN = (LegState.JOINED, LegState.HELD)


class Place(StrEnum):
    """What is to be done with the caller."""

    STAYS = auto()
    FETCHED = auto()
    """Into the room: who is there is there for him."""
    STRANDED = auto()
    """Nobody is with him and nobody comes: never a goodbye."""


@dataclass(frozen=True, slots=True)
class Side:
    """What the rules look at; `own`, of the seat that has the call."""

    state: LegState
    aim: LegAim
    own: bool = False

    @property
    def inside(self) -> bool:
        """In the room, and to stay there."""
        return self.state is LegState.JOINED and self.aim is LegAim.ROOM

    @property
    def aside(self) -> bool:
        """On music while the seat talks with the caller, or on the way there."""
        return self.state in _SEEN and self.aim is LegAim.MUSIC

    @property
    def moves(self) -> bool:
        """Ordered from the room to the music, or back, and not there yet."""
        aims = {LegState.HELD: LegAim.ROOM, LegState.JOINED: LegAim.MUSIC}
        return self.state in aims and aims[self.state] is self.aim


def place_of(caller: Side, others: Iterable[Side], fact: type[LegFact] | None) -> Place:
    """What to do after `fact`."""
    if caller.state not in LIVE or caller.aim is LegAim.QUEUE:
        return Place.STAYS
    others = list(others)
    inside = [side for side in others if side.inside]
    coming = [side for side in others if side.state in ON_THE_WAY or _comes_back(side)]
    if inside or coming:
        waits = caller.state is LegState.HELD and caller.aim is LegAim.MUSIC
        return Place.FETCHED if waits and _is_for_him(inside, coming, fact) else Place.STAYS
    if fact is LegLeft and caller.state is LegState.JOINED and caller.aim is LegAim.ROOM:
        return Place.STAYS  # they talked, and the other hung up: the call is over
    return Place.STRANDED


def _comes_back(side: Side) -> bool:
    """Somebody who hears music: fetched, where nobody else is with the caller (`to_fetch`)."""
    return side.aside or (side.state is LegState.HELD and side.aim is LegAim.ROOM)


def may_wait_aside(caller: Side | None, own: Side | None) -> bool:
    """Whether whom the seat asked may hear music: the seat is there for the caller, or comes back."""
    seat = own is not None and (own.inside or own.state in ON_THE_WAY)
    return seat and caller is not None and caller.state in LIVE


def _is_for_him(inside: list[Side], coming: list[Side], fact: type[LegFact] | None) -> bool:
    """The seat has gone and somebody took the call; or the seat has come (again), and nobody else does."""
    own = [side for side in (*inside, *coming) if side.own]
    if not own:
        return bool(inside)
    alone = len(inside) + len(coming) == len(own)
    return fact is LegJoined and alone and any(side.own for side in inside)
