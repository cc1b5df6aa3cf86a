"""All that can happen to a call-back 回拨: frozen facts without numbers or names."""

from __future__ import annotations

from dataclasses import dataclass

from core.callback_words import AttemptOutcome, CallbackSource
from core.events import CallFact, Fact
from core.ids import CallId, OperatorId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBackAsked(CallFact):
    """The caller pressed the star key: call me back. Told by the dialplan, like a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFact(Fact):
    """Something happened to one line of the list."""

    callback_id: int
    call_id: CallId | None = None
    """The newest call that it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOpened(CallbackFact):
    """Somebody is to be called back."""

    source: CallbackSource


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackJoined(CallbackFact):
    """The same number called again in vain; it is still one line."""

    source: CallbackSource


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackClaimed(CallbackFact):
    """An operator took it, or a shift leader gave it to one."""

    owner_id: OperatorId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackReleased(CallbackFact):
    """It is nobody's again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackCalled(CallbackFact):
    """An attempt began."""

    owner_id: OperatorId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFailed(CallbackFact):
    """Nobody was reached; it will be tried again."""

    outcome: AttemptOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackGivenUp(CallbackFact):
    """Nobody was reached, as often as the policy says."""

    outcome: AttemptOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackDone(CallbackFact):
    """The citizen was reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSatisfied(CallbackFact):
    """The citizen called again and was answered."""
