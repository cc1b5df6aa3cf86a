"""The whole life of a call-back on one screen. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.callback_events import (
    CallbackCalled,
    CallbackClaimed,
    CallbackDone,
    CallbackFact,
    CallbackFailed,
    CallbackGivenUp,
    CallbackJoined,
    CallbackReleased,
    CallbackSatisfied,
)
from core.callback_words import OPEN, CallbackState
from core.errors import IllegalTransition

S = CallbackState

NEXT: Final[Mapping[tuple[CallbackState, type[CallbackFact]], CallbackState]] = {
    (S.WAITING, CallbackClaimed): S.CLAIMED,
    (S.CLAIMED, CallbackClaimed): S.CLAIMED,  # more time, or a shift leader gave it to somebody else
    (S.CLAIMED, CallbackReleased): S.WAITING,
    (S.CLAIMED, CallbackCalled): S.CALLING,
    (S.CALLING, CallbackReleased): S.WAITING,  # nothing was dialled, or the operator gave up
    # An operator may also write the result down without calling through here
    **{(state, CallbackFailed): S.WAITING for state in (S.CLAIMED, S.CALLING)},
    **{(state, CallbackGivenUp): S.UNREACHED for state in (S.CLAIMED, S.CALLING)},
    **{(state, CallbackDone): S.DONE for state in (S.CLAIMED, S.CALLING)},
    # A machine picked up, and the operator says so
    (S.DONE, CallbackFailed): S.WAITING,
    (S.DONE, CallbackGivenUp): S.UNREACHED,
    # Who is being called at this moment is not satisfied by another call: that is looked at afterwards
    **{(state, CallbackSatisfied): S.SATISFIED for state in (S.WAITING, S.CLAIMED)},
    **{(state, CallbackJoined): state for state in OPEN},
}


def next_state(state: CallbackState, fact: CallbackFact) -> CallbackState:
    """What the call-back becomes.

    Raises:
        IllegalTransition: this cannot happen to one in this state.
    """
    try:
        return NEXT[state, type(fact)]
    except KeyError:
        raise IllegalTransition(state=state, fact=type(fact).__name__) from None
