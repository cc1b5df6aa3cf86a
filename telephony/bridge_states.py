"""The whole life of a conference's leg on one screen, and when the conference is over. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from core.bridge_events import (
    LegAnswered,
    LegAskedBack,
    LegDialled,
    LegFact,
    LegFailed,
    LegHeld,
    LegJoined,
    LegLeft,
    LegMovedOn,
    LegMuted,
    LegRang,
    LegRedialled,
    LegRemoved,
    LegUnanswered,
    LegWasBusy,
)
from core.bridge_words import CALLER, SEAT, BridgeEnd, LegState, is_leader
from core.errors import IllegalTransition

S = LegState

DUE: Final = frozenset({S.ORDERED, S.NEXT_NUMBER})
"""Asterisk's own word for the order is still missing."""
ON_THE_WAY: Final = DUE | {S.DIALLING, S.RINGING, S.ANSWERED}
LIVE: Final = ON_THE_WAY | {S.JOINED, S.HELD}
OVER: Final = frozenset(LegState) - LIVE

NEXT: Final[Mapping[tuple[LegState, type[LegFact]], LegState]] = {
    (S.ORDERED, LegDialled): S.DIALLING,
    (S.ORDERED, LegJoined): S.JOINED,  # the two that were moved into the room
    (S.ORDERED, LegLeft): S.LEFT,  # hung up before they got there
    (S.NEXT_NUMBER, LegDialled): S.DIALLING,
    (S.BUSY, LegMovedOn): S.NEXT_NUMBER,
    (S.NO_ANSWER, LegMovedOn): S.NEXT_NUMBER,
    (S.DIALLING, LegRang): S.RINGING,
    (S.ANSWERED, LegJoined): S.JOINED,
    (S.ANSWERED, LegAskedBack): S.CALL_BACK,
    (S.JOINED, LegLeft): S.LEFT,
    (S.JOINED, LegMuted): S.JOINED,
    # The caller alone is held, and fetched in again
    (S.ORDERED, LegHeld): S.HELD,
    (S.JOINED, LegHeld): S.HELD,
    (S.HELD, LegJoined): S.JOINED,
    (S.HELD, LegLeft): S.LEFT,
    # Facts between were lost
    **{(state, LegRang): S.RINGING for state in DUE},
    **{(state, LegAnswered): S.ANSWERED for state in (*DUE, S.DIALLING, S.RINGING)},
    **{(state, LegJoined): S.JOINED for state in (S.NEXT_NUMBER, S.DIALLING, S.RINGING)},
    **{(state, LegAskedBack): S.CALL_BACK for state in (*DUE, S.DIALLING, S.RINGING)},
    # Everything on its way can come to nothing, be taken out, or be given up
    **{(state, LegWasBusy): S.BUSY for state in ON_THE_WAY},
    **{(state, LegUnanswered): S.NO_ANSWER for state in ON_THE_WAY},
    **{(state, LegRemoved): S.REMOVED for state in LIVE},
    **{(state, LegFailed): S.FAILED for state in ON_THE_WAY},
    **{(state, LegRedialled): S.ORDERED for state in OVER},
}


def next_state(state: LegState, fact: LegFact) -> LegState:
    """What the leg becomes.

    Raises:
        IllegalTransition: this cannot happen to a leg in this state.
    """
    try:
        return NEXT[state, type(fact)]
    except KeyError:
        raise IllegalTransition(state=state, fact=type(fact).__name__) from None


@dataclass(frozen=True, slots=True)
class Party:
    """What the leaving rules look at."""

    role: str
    state: LegState


def why_over(parties: Iterable[Party]) -> BridgeEnd | None:
    """Why the conference is over now; None while it goes on.

    It goes on while somebody outside talks or may still come and is not alone, or while caller and seat talk.
    A shift leader counts as a seat does; leader and seat among themselves are no conference.
    """
    live = [party for party in parties if party.state in LIVE]
    staff = [party for party in live if party.role == SEAT or is_leader(party.role)]
    outside = [party for party in live if party.role != CALLER and party not in staff]
    if len(live) < 2 or len(staff) == len(live):
        return BridgeEnd.LAST_OUTSIDE_LEFT if live and not outside else BridgeEnd.NOBODY_LEFT
    return None
