"""The whole life of a call on one screen. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.callback_events import CallBackAsked
from core.errors import IllegalTransition
from core.events import (
    CallAnswered,
    CallEnded,
    CallFact,
    CallHeld,
    CallQueued,
    CallReconciled,
    CallResumed,
    MessageLeft,
    MessageStarted,
    SeatLegLost,
    SeatMissed,
    SeatOffered,
)
from core.room_events import CallRequeued, CallTransferred
from core.routing_events import (
    CallRouted,
    CallTurnedAway,
    EmergencyKeyPressed,
    OwnSeatOffered,
    OwnSeatPassed,
)
from core.supervision_events import CallTakenOver
from core.vocabulary import CallOutcome, CallState, EndedBy

S = CallState

NEXT: Final[Mapping[tuple[CallState, type[CallFact]], CallState]] = {
    (S.GREETING, CallQueued): S.QUEUED,
    (S.GREETING, SeatOffered): S.RINGING,  # the fact between was lost
    (S.GREETING, OwnSeatOffered): S.RINGING,
    (S.GREETING, CallAnswered): S.TALKING,  # the facts between were lost
    (S.GREETING, MessageStarted): S.LEAVING_MESSAGE,
    (S.GREETING, CallEnded): S.ENDED,
    (S.QUEUED, SeatOffered): S.RINGING,
    (S.QUEUED, CallAnswered): S.TALKING,
    (S.QUEUED, MessageStarted): S.LEAVING_MESSAGE,
    (S.QUEUED, CallEnded): S.ENDED,
    (S.RINGING, SeatOffered): S.RINGING,
    (S.RINGING, SeatMissed): S.QUEUED,
    (S.RINGING, OwnSeatPassed): S.QUEUED,
    (S.RINGING, CallAnswered): S.TALKING,
    (S.RINGING, MessageStarted): S.LEAVING_MESSAGE,
    (S.RINGING, CallEnded): S.ENDED,
    (S.TALKING, CallHeld): S.HELD,
    (S.TALKING, SeatLegLost): S.RECONNECTING,
    (S.TALKING, CallTakenOver): S.TALKING,  # with a shift leader, at no seat
    (S.TALKING, CallEnded): S.ENDED,
    (S.HELD, CallResumed): S.TALKING,
    (S.HELD, SeatLegLost): S.RECONNECTING,
    (S.HELD, CallTakenOver): S.TALKING,
    (S.HELD, CallEnded): S.ENDED,
    (S.RECONNECTING, CallAnswered): S.TALKING,
    (S.RECONNECTING, CallQueued): S.QUEUED,
    (S.RECONNECTING, SeatOffered): S.RINGING,
    (S.RECONNECTING, MessageStarted): S.LEAVING_MESSAGE,
    (S.RECONNECTING, CallTakenOver): S.TALKING,  # the seat's leg was lost meanwhile
    (S.RECONNECTING, CallEnded): S.ENDED,
    # Rooms: the call changes hands, or goes back to the queue
    **{(state, CallTransferred): S.TALKING for state in (S.TALKING, S.HELD, S.RECONNECTING)},
    **{(state, CallRequeued): S.QUEUED for state in (S.TALKING, S.HELD, S.RECONNECTING)},
    (S.LEAVING_MESSAGE, MessageLeft): S.LEAVING_MESSAGE,
    (S.LEAVING_MESSAGE, CallEnded): S.ENDED,
    # The star key takes the caller out of the queue and says goodbye; a seat that rang is let go
    (S.GREETING, CallBackAsked): S.GREETING,
    (S.QUEUED, CallBackAsked): S.QUEUED,
    (S.RINGING, CallBackAsked): S.QUEUED,
    (S.RECONNECTING, CallBackAsked): S.RECONNECTING,
    (S.ENDED, CallBackAsked): S.ENDED,  # told late, by Asterisk's own records
    (S.ENDED, MessageLeft): S.ENDED,  # the dialplan tells it from the hang-up extension
}

REMARKS: Final = (CallRouted, EmergencyKeyPressed, CallTurnedAway)
"""What is noted of a call that lives, wherever it is in its life."""
IN_TALK: Final = frozenset({S.TALKING, S.HELD, S.RECONNECTING})
WAITS_AGAIN: Final = frozenset({S.QUEUED, S.RINGING, S.LEAVING_MESSAGE})
"""Where a caller who talked already is only when the seat was lost."""
BROKEN_CAUSES: Final = frozenset({27, 38, 41, 42, 44, 47, 102, 111, 127})
"""Q.850: networks and equipment that failed; 16 and 31 are how people hang up."""


def next_state(state: CallState, fact: CallFact) -> CallState:
    """What the call becomes.

    Raises:
        IllegalTransition: this cannot happen to a call in this state.
    """
    if isinstance(fact, CallReconciled) and state is not S.ENDED and fact.state is not state:
        return fact.state
    if isinstance(fact, REMARKS) and state is not S.ENDED:
        return state
    try:
        return NEXT[state, type(fact)]
    except KeyError:
        raise IllegalTransition(state=state, fact=type(fact).__name__) from None


def was_cut_off(
    state: CallState, ended_by: EndedBy | None, cause: int | None, *, answered: bool, conference: bool
) -> bool:
    """Whether a call that ended in `state` was ended by a failure and not by anybody who spoke.

    A seat that died and did not come back in time counts, whoever hung up then, also back in the queue. The
    system itself ends a talk only when a leg died, or after a conference.
    """
    if state not in IN_TALK:
        return answered and state in WAITS_AGAIN
    if state is S.RECONNECTING or cause in BROKEN_CAUSES:
        return True
    return ended_by not in (EndedBy.CALLER, EndedBy.SEAT) and not conference


def outcome_of(
    state: CallState,
    *,
    answered: bool,
    message: bool,
    turned_away: bool = False,
    asked_back: bool = False,
) -> CallOutcome:
    """What became of a call that ended in `state` (the state before the end)."""
    if answered:
        return CallOutcome.ANSWERED
    if message:
        return CallOutcome.VOICEMAIL
    if asked_back:
        return CallOutcome.CALLBACK_REQUESTED
    if turned_away:
        return CallOutcome.TURNED_AWAY
    if state is S.LEAVING_MESSAGE:
        return CallOutcome.NO_MESSAGE
    return CallOutcome.ABANDONED_GREETING if state is S.GREETING else CallOutcome.ABANDONED_QUEUE
