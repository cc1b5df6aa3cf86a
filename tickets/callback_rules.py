"""What the centre decides about call-backs, who is called back at all, and at which number."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import LegState
from core.callback_words import AttemptOutcome, CallbackSource
from core.vocabulary import CallOutcome
from db.models.bridge import BridgeAttempt, BridgeLeg
from db.models.call import Call
from db.models.reference import Policy

log = structlog.get_logger(__name__)

_PREFIX: Final = "callback_"
_HOME: Final = re.compile(r"(?:\+|00)?86([0-9]{8,12})\Z")
_DIGITS: Final = re.compile(r"[0-9]{7,15}\Z")
_MOBILE: Final = re.compile(r"0?(1[3-9][0-9]{9})\Z")
_NO_SUCH: Final = frozenset({1, 2, 3, 20, 22, 28})
"""Unallocated, no route, subscriber absent, changed, incomplete (Q.850)."""
_NO_LINE: Final = frozenset({27, 34, 38, 41, 42, 44, 47, 58})
"""No circuit, out of order, congestion: our side's trouble."""
_REJECTED: Final = 21
_SOURCES: Final = {
    CallOutcome.ABANDONED_QUEUE: CallbackSource.ABANDONED_QUEUE,
    CallOutcome.ABANDONED_GREETING: CallbackSource.ABANDONED_GREETING,
    CallOutcome.NO_MESSAGE: CallbackSource.NO_MESSAGE,
    CallOutcome.CALLBACK_REQUESTED: CallbackSource.REQUESTED,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The centre's numbers as they stand now."""

    minutes: float = 30
    urgent_minutes: float = 10
    soon_minutes: float = 10
    lease_minutes: float = 10
    tries: float = 3
    spacing_minutes: float = 10
    slip_s: float = 5
    reach_hours: float = 72
    """How far back a call that nobody looked at is still looked for."""

    @property
    def lease(self) -> dt.timedelta:
        """How long an operator may hold a line without calling."""
        return dt.timedelta(minutes=self.lease_minutes)

    @property
    def spacing(self) -> dt.timedelta:
        """How long after a failed attempt the next one should wait."""
        return dt.timedelta(minutes=self.spacing_minutes)

    def due(self, missed_at: dt.datetime, *, urgent: bool) -> dt.datetime:
        """When the call-back must have been tried."""
        return missed_at + dt.timedelta(minutes=self.urgent_minutes if urgent else self.minutes)


async def read_rules(session: AsyncSession) -> Rules:
    """The rules in force: a changed row counts at once."""
    found = await session.scalars(select(Policy).where(Policy.key.startswith(_PREFIX, autoescape=True)))
    values: dict[str, float] = {}
    for row in found:
        try:
            values[row.key.removeprefix(_PREFIX)] = float(row.value)
        except ValueError:
            log.error("policy_not_a_number", key=row.key)
    known = Rules.__dataclass_fields__
    return Rules(**{name: value for name, value in values.items() if name in known})


def source_of(call: Call, slip_s: float) -> CallbackSource | None:
    """Why this caller is to be called back; None for one who was served, or hung up at once."""
    if call.callback_asked_at is not None:
        return CallbackSource.REQUESTED
    source = _SOURCES.get(call.outcome) if call.outcome is not None else None
    if source is CallbackSource.ABANDONED_GREETING and call.ended_at is not None:
        stayed_s = (call.ended_at - call.arrived_at).total_seconds()
        return source if stayed_s >= slip_s else None
    return source


def callable_number(caller: str) -> str:
    """The number as we would dial it from here; empty for one that cannot be called."""
    home = _HOME.match(caller)
    digits = home[1] if home else caller
    mobile = _MOBILE.match(digits)
    if mobile:
        return mobile[1]
    if home and not digits.startswith("0") and len(digits) > 8:
        digits = f"0{digits}"
    return digits if _DIGITS.match(digits) else ""


def outcome_of(leg: BridgeLeg, attempt: BridgeAttempt | None) -> AttemptOutcome:
    """What became of an attempt, from the rows of the party that was called.

    Asterisk sees a phone picked up, not who did: that it was a person only a person says.
    """
    if leg.joined_at is not None:
        return AttemptOutcome.PICKED_UP
    cause = attempt.cause if attempt is not None else None
    if leg.state is LegState.BUSY:
        return AttemptOutcome.REJECTED if cause == _REJECTED else AttemptOutcome.BUSY
    if leg.state is not LegState.NO_ANSWER or attempt is None or attempt.dialled_at is None:
        return AttemptOutcome.NOT_MADE
    if cause in _NO_SUCH:
        return AttemptOutcome.UNREACHABLE
    return AttemptOutcome.NOT_MADE if cause in _NO_LINE else AttemptOutcome.NO_ANSWER
