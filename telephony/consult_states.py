"""The whole life of a consultation on one screen: where it is, what may be ordered, what that means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum, auto
from typing import Final

from core.bridge_words import BridgeKind, LegAim, LegState
from core.errors import IllegalTransition
from telephony.bridge_states import LIVE, ON_THE_WAY
from telephony.caller_place import Side


class Phase(StrEnum):
    """Where the three are."""

    NO_CALLER = auto()
    STARTING = auto()
    """The caller is on his way to the music or into the room for the first time."""
    WAITING = auto()
    """He hears music; the seat is alone: whom it asked did not come."""
    ASKING = auto()
    """He hears music; somebody is called."""
    PRIVATE = auto()
    """He hears music; the seat talks with whom it asked."""
    FETCHING = auto()
    """All were ordered into the room, and one is not there yet."""
    HOLDING = auto()
    """He was ordered to the music, and is not there yet."""
    ASIDE = auto()
    """He and the seat talk; whom it asked hears music."""
    SWAPPING = auto()
    """He and whom it asked change places, and one of them is not there yet."""
    TWO = auto()
    """He and the seat talk."""
    THREE = auto()
    """He, the seat and somebody else talk, or somebody else is still called."""
    HANDED = auto()
    """The seat is out."""


class Order(StrEnum):
    """What the seat may say."""

    JOIN = "join"
    COMPLETE = "complete"
    BACK = "back"
    HOLD = "hold"
    SWAP = "swap"
    REQUEUE = "requeue"


class Act(StrEnum):
    """What an order means, in this order."""

    LET_GO = auto()
    """All but the caller and the own seat."""
    FETCH = auto()
    """Whoever hears music, into the room."""
    HOLD = auto()
    SWAP = auto()
    """Who hears music into the room, and who is there with the seat to the music."""
    LEAVE = auto()
    QUEUE = auto()


NOTHING: Final[tuple[Act, ...]] = ()
"""Done already: the second press of the same key."""

MEANS: Final[Mapping[tuple[Phase, Order], tuple[Act, ...]]] = {
    (Phase.STARTING, Order.HOLD): NOTHING,
    (Phase.WAITING, Order.HOLD): NOTHING,
    (Phase.WAITING, Order.JOIN): (Act.FETCH,),
    (Phase.WAITING, Order.BACK): (Act.FETCH,),
    (Phase.ASKING, Order.HOLD): NOTHING,
    (Phase.ASKING, Order.JOIN): (Act.FETCH,),
    (Phase.ASKING, Order.COMPLETE): (Act.LEAVE,),  # whom it asked takes the call alone; music until then
    (Phase.ASKING, Order.BACK): (Act.LET_GO, Act.FETCH),
    (Phase.PRIVATE, Order.HOLD): NOTHING,
    (Phase.PRIVATE, Order.JOIN): (Act.FETCH,),
    (Phase.PRIVATE, Order.COMPLETE): (Act.FETCH, Act.LEAVE),
    (Phase.PRIVATE, Order.BACK): (Act.LET_GO, Act.FETCH),
    (Phase.PRIVATE, Order.SWAP): (Act.SWAP,),
    (Phase.ASIDE, Order.SWAP): (Act.SWAP,),
    (Phase.ASIDE, Order.HOLD): (Act.SWAP,),
    (Phase.ASIDE, Order.JOIN): (Act.FETCH,),
    (Phase.ASIDE, Order.COMPLETE): (Act.FETCH, Act.LEAVE),
    (Phase.ASIDE, Order.BACK): (Act.LET_GO,),
    (Phase.SWAPPING, Order.SWAP): NOTHING,
    (Phase.FETCHING, Order.JOIN): NOTHING,
    (Phase.FETCHING, Order.COMPLETE): (Act.LEAVE,),
    (Phase.FETCHING, Order.BACK): (Act.LET_GO,),
    (Phase.HOLDING, Order.HOLD): NOTHING,
    (Phase.TWO, Order.JOIN): NOTHING,
    (Phase.TWO, Order.BACK): NOTHING,
    (Phase.TWO, Order.HOLD): (Act.HOLD,),
    (Phase.THREE, Order.JOIN): NOTHING,
    (Phase.THREE, Order.HOLD): (Act.HOLD,),
    (Phase.THREE, Order.COMPLETE): (Act.LEAVE,),
    (Phase.THREE, Order.BACK): (Act.LET_GO,),
    (Phase.HANDED, Order.COMPLETE): NOTHING,
    **{
        (phase, Order.REQUEUE): (Act.QUEUE,)
        for phase in Phase
        if phase not in (Phase.NO_CALLER, Phase.HANDED)
    },
}
ANY_KIND: Final = frozenset({Order.JOIN, Order.HOLD, Order.REQUEUE})
"""The others are for consultations: an emergency is not let go by a slip of the finger."""
MAY_ASK: Final = frozenset({Phase.TWO, Phase.WAITING})
"""Where one more may be consulted."""


def phase_of(caller: Side | None, others: Iterable[Side]) -> Phase:
    """Where the room is."""
    if caller is None or caller.state not in LIVE:
        return Phase.NO_CALLER
    others = list(others)
    if not any(side.own and side.inside for side in others):
        starting = any(side.own and side.state in ON_THE_WAY for side in others)
        return Phase.STARTING if starting else Phase.HANDED
    if caller.state not in (LegState.HELD, LegState.JOINED):
        return Phase.STARTING
    asked = [side for side in others if not side.own]
    if caller.moves or any(side.moves for side in asked):
        return _moving(caller, asked)
    return _settled(caller, asked)


def _moving(caller: Side, asked: list[Side]) -> Phase:
    if caller.aim is LegAim.MUSIC:
        return Phase.SWAPPING if any(side.moves for side in asked) else Phase.HOLDING
    return Phase.SWAPPING if any(side.aside for side in asked) else Phase.FETCHING


def _settled(caller: Side, others: list[Side]) -> Phase:
    inside = any(side.inside for side in others)
    coming = any(side.state in ON_THE_WAY for side in others)
    if caller.state is LegState.JOINED and any(side.aside for side in others):
        return Phase.ASIDE
    if caller.state is LegState.JOINED:
        return Phase.THREE if inside or coming else Phase.TWO
    if inside:
        return Phase.PRIVATE
    return Phase.ASKING if coming else Phase.WAITING


def meaning(phase: Phase, order: Order, kind: BridgeKind) -> tuple[Act, ...]:
    """What to do.

    Raises:
        IllegalTransition: this may not be ordered now.
    """
    if order not in ANY_KIND and kind is not BridgeKind.CONSULT:
        raise IllegalTransition(state=kind, order=order)
    try:
        return MEANS[phase, order]
    except KeyError:
        raise IllegalTransition(state=phase, order=order) from None
