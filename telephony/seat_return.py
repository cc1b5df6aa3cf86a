"""A seat's page was reloaded or its network died in a call: the caller is kept and brought back.

The contact went: wait for it. It came back: ring that seat again (answered by itself). Not in time: queue.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import structlog

from core.clock import Clock
from core.errors import HotlineError
from core.events import SeatLegLost
from core.ids import CallId, SeatId
from core.vocabulary import CallState
from db.models.call import Call
from db.repositories import bridges, calls, seats
from db.session import SessionMaker, reading
from telephony.call_service import CallService
from telephony.contact_watch import ContactWatch
from telephony.ports import Switchboard
from telephony.seat_service import Policies

log = structlog.get_logger(__name__)

_TALKING: Final = (CallState.TALKING, CallState.HELD)


@dataclass(slots=True)
class _Loss:
    at: dt.datetime
    hears_music: bool = False
    redirected: bool = False


class SeatReturn:
    """Watches contacts of seats that talk."""

    def __init__(
        self,
        sessions: SessionMaker,
        clock: Clock,
        switchboard: Switchboard,
        call_service: CallService,
        policies: Policies,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._switchboard = switchboard
        self._calls = call_service
        self._policies = policies
        self._watch = ContactWatch()
        self._losses: dict[str, _Loss] = {}

    async def see(self, contacts: dict[str, frozenset[str]]) -> None:
        """Take a look at who is registered; call it every second or sooner."""
        async with reading(self._sessions) as session:
            phones = {row.id: row.phone for row in await seats.every(session)}
            # A caller in a conference is not alone, and must not be pulled out of it
            in_bridge = await bridges.callers_inside(session)
            open_calls = [call for call in await calls.open_calls(session) if call.id not in in_bridge]
        self._losses = {call.id: self._losses[call.id] for call in open_calls if call.id in self._losses}
        talks: set[tuple[str, int]] = set()
        for call in open_calls:
            if call.seat_id is None or call.seat_id not in phones:
                continue
            name, talk = f"{phones[call.seat_id]}{call.seat_id}", (call.id, call.seat_id)
            lost = False
            if call.state in _TALKING:
                lost = self._watch.lost(talk, name, contacts)
                if not lost:
                    talks.add(talk)
            await self._follow(call, name, lost=lost, here=name in contacts)
        self._watch.looked(contacts, talks)

    async def _follow(self, call: Call, name: str, *, lost: bool, here: bool) -> None:
        now = self._clock.now()
        if call.state in _TALKING:
            self._losses.pop(call.id, None)
            if not lost or call.seat_id is None:
                return
            fact = SeatLegLost(at=now, call_id=CallId(call.id), seat_id=SeatId(call.seat_id))
            if not await self._calls.apply(fact):
                return
            log.warning("seat_leg_lost", call_id=call.id, seat_id=call.seat_id)
        elif call.state is not CallState.RECONNECTING:
            return
        await self._bring_back(call, name, here=here)

    async def _bring_back(self, call: Call, name: str, *, here: bool) -> None:
        now = self._clock.now()
        loss = self._losses.setdefault(call.id, _Loss(now))
        if loss.redirected:
            return
        limit_s = await self._policies.number("seat_return_s", 12)
        try:
            if here:
                await self._switchboard.redirect(call.channel, "seat-return", name)
                loss.redirected = True
            elif (now - loss.at).total_seconds() >= limit_s:
                await self._switchboard.redirect(call.channel, "requeue", "s")
                loss.redirected = True
            elif not loss.hears_music:
                await self._switchboard.redirect(call.channel, "seat-lost", "s")
                loss.hears_music = True
        except HotlineError as error:
            log.warning("seat_return_failed", call_id=call.id, reason=str(error))
