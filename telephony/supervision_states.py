"""The whole life of a shift leader's ear on one screen. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.errors import IllegalTransition
from core.supervision_events import (
    LeaderBarged,
    LeaderListened,
    LeaderRang,
    LeaderTookOver,
    LeaderWhispered,
    SupervisionEnded,
    SupervisionFact,
    SupervisionOrdered,
)
from core.supervision_words import Mode, SupervisionState

S = SupervisionState

SPYING: Final = frozenset({S.LISTENING, S.WHISPERING, S.BARGED})
"""The leader's channel hangs at the operator's; it ends with it."""
ON_THE_WAY: Final = frozenset({S.ORDERED, S.RINGING})
LIVE: Final = SPYING | ON_THE_WAY | {S.TAKEN_OVER}

NEXT: Final[Mapping[tuple[SupervisionState, type[SupervisionFact]], SupervisionState]] = {
    (S.ORDERED, LeaderRang): S.RINGING,
    **{(state, SupervisionOrdered): state for state in ON_THE_WAY | SPYING},  # another mode is wished
    **{(state, LeaderListened): S.LISTENING for state in (ON_THE_WAY | SPYING) - {S.LISTENING}},
    **{(state, LeaderWhispered): S.WHISPERING for state in (ON_THE_WAY | SPYING) - {S.WHISPERING}},
    **{(state, LeaderBarged): S.BARGED for state in (ON_THE_WAY | SPYING) - {S.BARGED}},
    **{(state, LeaderTookOver): S.TAKEN_OVER for state in ON_THE_WAY | SPYING},
    **{(state, SupervisionEnded): S.OVER for state in LIVE},
}

FACT_OF: Final[Mapping[Mode, type[SupervisionFact]]] = {
    Mode.LISTEN: LeaderListened,
    Mode.WHISPER: LeaderWhispered,
    Mode.BARGE: LeaderBarged,
    Mode.TAKE_OVER: LeaderTookOver,
}


def next_state(state: SupervisionState, fact: SupervisionFact) -> SupervisionState:
    """What the ear becomes.

    Raises:
        IllegalTransition: this cannot happen in this state.
    """
    try:
        return NEXT[state, type(fact)]
    except KeyError:
        raise IllegalTransition(state=state, fact=type(fact).__name__) from None
