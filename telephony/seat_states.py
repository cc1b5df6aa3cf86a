"""The whole life of a seat on one screen. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.errors import IllegalTransition
from core.events import (
    DutyStarted,
    SeatFact,
    SeatFreed,
    SeatLeft,
    SeatMissedRing,
    SeatPaused,
    SeatPhoneOffline,
    SeatPhoneOnline,
    SeatRang,
    SeatTakenBy,
    SeatTalked,
    SeatUnpaused,
    SeatWished,
    WrapUpExtended,
)
from core.room_events import SeatJoinedRoom, SeatLeftRoom, SeatRungForRoom
from core.vocabulary import PauseReason, SeatState, SeatWish

S = SeatState

IN_CALL: Final = frozenset({S.RINGING, S.TALKING})
BY_PEOPLE: Final = frozenset(PauseReason) - {PauseReason.WRAP_UP, PauseReason.MISSED, PauseReason.SYSTEM}

NEXT: Final[Mapping[tuple[SeatState, type[SeatFact]], SeatState]] = {
    (S.EMPTY, SeatTakenBy): S.CHECKING,
    (S.CHECKING, DutyStarted): S.READY,
    (S.CHECKING, SeatLeft): S.EMPTY,
    (S.READY, SeatPaused): S.PAUSED,
    (S.READY, SeatRang): S.RINGING,
    (S.READY, SeatTalked): S.TALKING,  # the ring between was lost
    (S.READY, SeatLeft): S.EMPTY,
    (S.RINGING, SeatTalked): S.TALKING,
    (S.RINGING, SeatMissedRing): S.PAUSED,
    (S.RINGING, SeatFreed): S.READY,  # the caller gave up
    (S.RINGING, SeatLeft): S.EMPTY,
    (S.TALKING, SeatFreed): S.WRAP_UP,
    (S.TALKING, SeatLeft): S.EMPTY,
    (S.WRAP_UP, WrapUpExtended): S.WRAP_UP,
    (S.WRAP_UP, SeatUnpaused): S.READY,
    (S.WRAP_UP, SeatPaused): S.PAUSED,
    (S.WRAP_UP, SeatRang): S.RINGING,  # the queue was quicker than our pause
    (S.WRAP_UP, SeatTalked): S.TALKING,
    (S.WRAP_UP, SeatLeft): S.EMPTY,
    (S.PAUSED, SeatUnpaused): S.READY,
    (S.PAUSED, SeatPaused): S.PAUSED,  # another reason
    (S.PAUSED, SeatRang): S.RINGING,  # likewise
    (S.PAUSED, SeatTalked): S.TALKING,
    (S.PAUSED, SeatLeft): S.EMPTY,
    # Rooms: a colleague is rung on a break too, and a room that was joined is a talk like any other
    **{(state, SeatRungForRoom): S.RINGING for state in (S.READY, S.WRAP_UP, S.PAUSED)},
    **{(state, SeatJoinedRoom): S.TALKING for state in (*IN_CALL, S.READY, S.WRAP_UP, S.PAUSED)},
    (S.TALKING, SeatLeftRoom): S.WRAP_UP,
}

AT_EASE: Final = frozenset({S.READY, S.WRAP_UP, S.PAUSED})
"""On duty and in no call."""
ON_DUTY: Final = IN_CALL | AT_EASE

ANY_STATE: Final = (SeatPhoneOnline, SeatPhoneOffline)


def next_state(state: SeatState, fact: SeatFact) -> SeatState:
    """What the seat becomes.

    Raises:
        IllegalTransition: this cannot happen at a seat in this state.
    """
    if isinstance(fact, ANY_STATE):
        return state
    if isinstance(fact, SeatWished) and state in (IN_CALL if fact.wish is not SeatWish.NONE else ON_DUTY):
        return state
    if isinstance(fact, SeatLeftRoom) and state is S.RINGING:
        return fact.back_to
    if isinstance(fact, SeatPaused) and fact.reason is PauseReason.WRAP_UP:
        if state is S.WRAP_UP:
            return S.WRAP_UP
        if state is S.READY:
            return S.WRAP_UP
    try:
        return NEXT[state, type(fact)]
    except KeyError:
        raise IllegalTransition(state=state, fact=type(fact).__name__) from None
