"""Who is answered first: the rules, pure. What the rows say of a caller goes in, a route comes out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields

import structlog

from core.ids import SeatId
from core.vocabulary import CallOutcome

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """The centre's numbers; each field is a policy row of that name."""

    routing_on: float = 1
    sticky_days: float = 30
    cutoff_minutes: float = 30
    cutoff_wait_s: float = 60
    flood_calls: float = 8
    flood_withheld_calls: float = 40
    flood_minutes: float = 10


def policy_from(values: Mapping[str, str]) -> RoutePolicy:
    """The policy in force; what is no number stays as it is here."""
    found: dict[str, float] = {}
    for field in fields(RoutePolicy):
        try:
            found[field.name] = max(0.0, float(values[field.name]))
        except KeyError:
            continue
        except ValueError:
            log.error("policy_not_a_number", key=field.name)
    return RoutePolicy(**found)


@dataclass(frozen=True, slots=True)
class OwnSeat:
    """A seat that is ready, and which of its phones rings: `seat` or `desk`."""

    seat_id: SeatId
    phone: str


@dataclass(frozen=True, slots=True)
class CallBefore:
    """How the caller's last call that reached the queue went."""

    ended_at: dt.datetime
    outcome: CallOutcome | None
    cut_off: bool
    waited_s: float


@dataclass(frozen=True, slots=True)
class CallerHistory:
    """What the rows say of a caller at the moment of a call."""

    withheld: bool
    own_seat: OwnSeat | None = None
    before: CallBefore | None = None
    calls_lately: int = 1
    """In the flood window, this one with them."""


@dataclass(frozen=True, slots=True)
class Route:
    """What the dialplan is told of a call; the route of most calls is nothing at all."""

    own_seat: OwnSeat | None = None
    after_cut_off: bool = False
    flood: bool = False

    @property
    def says_something(self) -> bool:
        """Whether there is anything to tell."""
        return self != Route()


def decide(history: CallerHistory, policy: RoutePolicy, now: dt.datetime) -> Route:
    """The route. Nobody's history is a withheld number's: only the flood counts there."""
    if not policy.routing_on:
        return Route()
    if history.withheld:
        return Route(flood=history.calls_lately > policy.flood_withheld_calls)
    return Route(
        own_seat=history.own_seat,
        after_cut_off=history.before is not None and _was_cut_off(history.before, policy, now),
        flood=history.calls_lately > policy.flood_calls,
    )


def _was_cut_off(before: CallBefore, policy: RoutePolicy, now: dt.datetime) -> bool:
    """A talk that a failure ended, or a wait so long that the caller gave up; both not long ago."""
    if not 0 <= (now - before.ended_at).total_seconds() <= 60 * policy.cutoff_minutes:
        return False
    gave_up = before.outcome is CallOutcome.ABANDONED_QUEUE and before.waited_s >= policy.cutoff_wait_s
    return before.cut_off or gave_up
