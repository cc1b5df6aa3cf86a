"""Decides who is answered first while the caller hears the greeting, and tells the dialplan.

Never in the path of a voice: with nobody here the dialplan goes straight to the queue.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import HotlineError
from core.events import CallArrived
from core.ids import SeatId
from core.routing_events import CallRouted
from core.routing_words import QUEUE_PRIORITY, Priority
from core.tasks import TaskGroup
from db.models.call import Call
from db.repositories import routing
from db.session import SessionMaker, reading
from telephony.call_service import CallService
from telephony.ports import Router, Switchboard
from telephony.route_rules import (
    CallBefore,
    CallerHistory,
    OwnSeat,
    Route,
    RoutePolicy,
    decide,
    policy_from,
)

log = structlog.get_logger(__name__)

TOO_LATE_S: Final = 15.0
"""A call of which we hear only now is past its greeting."""
_KEYS: Final = tuple(field.name for field in dataclasses.fields(RoutePolicy))


class RowRouter:
    """The `Router` that reads tickets, calls and seats."""

    def __init__(self, sessions: SessionMaker, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def route(self, arrived: CallArrived) -> Route:
        """Read what is known of the caller, then decide by the rules."""
        now = self._clock.now()
        async with reading(self._sessions) as session:
            policy = policy_from(await routing.policies(session, _KEYS))
            history = await _history(session, arrived, policy, now)
        return decide(history, policy, now)


class Arrivals:
    """Listens for callers and tells the dialplan of each what its router decides."""

    def __init__(
        self, router: Router, switchboard: Switchboard, call_service: CallService, clock: Clock
    ) -> None:
        self._router = router
        self._switchboard = switchboard
        self._calls = call_service
        self._clock = clock
        self._tasks = TaskGroup()

    async def on_arrived(self, arrived: CallArrived) -> None:
        """Begin to decide; returns at once, so that facts behind this one do not wait."""
        if (self._clock.now() - arrived.at).total_seconds() <= TOO_LATE_S:
            self._tasks.start("route-arrival", self.direct(arrived))

    async def direct(self, arrived: CallArrived) -> None:
        """Decide and tell. What the dialplan did not take is not written down."""
        route = await self._router.route(arrived)
        if not route.says_something:
            return
        try:
            await self._switchboard.direct(arrived.channel, variables_of(route))
        except HotlineError as error:
            log.warning("call_not_routed", call_id=arrived.call_id, reason=str(error))
            return
        await self._calls.apply(
            CallRouted(
                at=self._clock.now(),
                call_id=arrived.call_id,
                own_seat=route.own_seat.seat_id if route.own_seat else None,
                after_cut_off=route.after_cut_off,
                flood=route.flood,
            )
        )

    async def close(self) -> None:
        """End what is under way."""
        await self._tasks.close()


def variables_of(route: Route) -> dict[str, int]:
    """The route in the dialplan's words: fixed names, whole numbers."""
    found: dict[str, int] = {}
    if route.flood:
        found["MS_CHALLENGE"] = 1
    if route.after_cut_off:
        found["MS_PRIO"] = QUEUE_PRIORITY[Priority.CUT_OFF]
    if route.own_seat is not None:
        if route.own_seat.phone == "desk":
            found["MS_DESK"] = 1
        found["MS_STICKY"] = int(route.own_seat.seat_id)
    return found


async def _history(
    session: AsyncSession, arrived: CallArrived, policy: RoutePolicy, now: dt.datetime
) -> CallerHistory:
    caller = arrived.pii_caller
    window = now - dt.timedelta(minutes=policy.flood_minutes)
    lately = await routing.calls_since(session, caller, window)
    if not caller:
        return CallerHistory(withheld=True, calls_lately=lately)
    seat = await routing.own_seat(session, caller, now - dt.timedelta(days=policy.sticky_days))
    before = await routing.call_before(session, caller, arrived.call_id)
    return CallerHistory(
        withheld=False,
        own_seat=OwnSeat(SeatId(seat.id), seat.phone) if seat else None,
        before=_before(before) if before else None,
        calls_lately=lately,
    )


def _before(call: Call) -> CallBefore:
    ended_at = call.ended_at or call.arrived_at
    waited = (ended_at - call.queued_at).total_seconds() if call.queued_at else 0.0
    return CallBefore(ended_at, call.outcome, call.cut_off, waited)
