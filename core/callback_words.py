"""The closed lists of words of the call-back list 回拨. Code is English, labels are Chinese."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CallbackState(StrEnum):
    """Where a call-back is in its life."""

    WAITING = "waiting"
    """Nobody has it; overdue ones stay here, red and on top, until somebody calls."""
    CLAIMED = "claimed"
    """An operator has it for as long as the lease runs."""
    CALLING = "calling"
    """The citizen's phone is being called, or both talk."""
    DONE = "done"
    UNREACHED = "unreached"
    """Called as often as the policy says, and nobody answered."""
    SATISFIED = "satisfied"
    """The same number called again and was answered: no second call to the same person."""


class CallbackSource(StrEnum):
    """Why somebody is to be called back."""

    ABANDONED_QUEUE = "abandoned_queue"
    ABANDONED_GREETING = "abandoned_greeting"
    NO_MESSAGE = "no_message"
    REQUESTED = "requested"
    """The caller pressed the star key."""
    PARTY = "party"
    """Somebody whom a one-key press called pressed 2: call me back."""


class AttemptOutcome(StrEnum):
    """What became of one attempt to call back."""

    CONNECTED = "connected"
    """A person was spoken to: somebody who was there says so."""
    PICKED_UP = "picked_up"
    """The other side picked up; whether a person or a voicemail box, nobody has said yet."""
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    """No such number, or switched off."""
    REJECTED = "rejected"
    NOT_MADE = "not_made"
    """Ours: the operator gave up, the seat did not pick up, no line. Counts for nothing."""


OPEN: Final = frozenset({CallbackState.WAITING, CallbackState.CLAIMED, CallbackState.CALLING})
BY_PEOPLE: Final = (
    AttemptOutcome.CONNECTED,
    AttemptOutcome.NO_ANSWER,
    AttemptOutcome.BUSY,
    AttemptOutcome.UNREACHABLE,
    AttemptOutcome.REJECTED,
)
"""What an operator may write down, in the order of the digit keys."""

CALLBACK_LABELS: Final[dict[CallbackState, str]] = {
    CallbackState.WAITING: "待回拨",
    CallbackState.CLAIMED: "已领取",
    CallbackState.CALLING: "回拨中",
    CallbackState.DONE: "已联系",
    CallbackState.UNREACHED: "多次未联系上",
    CallbackState.SATISFIED: "群众已再次来电",
}
SOURCE_LABELS: Final[dict[CallbackSource, str]] = {
    CallbackSource.ABANDONED_QUEUE: "排队中挂断",
    CallbackSource.ABANDONED_GREETING: "问候时挂断",
    CallbackSource.NO_MESSAGE: "未留言",
    CallbackSource.REQUESTED: "按*登记",
    CallbackSource.PARTY: "三方按2回拨",
}
OUTCOME_LABELS: Final[dict[AttemptOutcome, str]] = {
    AttemptOutcome.CONNECTED: "接通",
    AttemptOutcome.PICKED_UP: "已摘机，未确认",
    AttemptOutcome.NO_ANSWER: "无人接听",
    AttemptOutcome.BUSY: "忙",
    AttemptOutcome.UNREACHABLE: "空号或关机",
    AttemptOutcome.REJECTED: "拒接",
    AttemptOutcome.NOT_MADE: "未完成",
}

BACK_IN_MINUTES: Final = (10, 15, 20, 30, 45, 60)
"""The promises that a prompt makes to a caller who pressed the star key."""


def back_in(minutes: float) -> str:
    """The end of the name of the prompt that promises a call-back in so many minutes, never sooner."""
    return next((str(known) for known in BACK_IN_MINUTES if known >= minutes), "soon")
