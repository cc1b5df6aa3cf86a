"""A seat's page was reloaded or its network died while it is in a room: it is rung again, the others stay.

As `seat_return` for calls without a room: the caller of a held talk goes on hearing music meanwhile.
Whom a seat called itself waits for it in the room.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import structlog

from core.bridge_words import LegState
from core.clock import Clock
from core.errors import IllegalTransition, NotFound
from db.repositories import bridges, seats
from db.session import SessionMaker, reading
from telephony.consult_service import ConsultService
from telephony.contact_watch import ContactWatch
from telephony.seat_service import Policies

log = structlog.get_logger(__name__)

Place = tuple[int, int]
"""Room and leg."""
_REFUSED: Final = (IllegalTransition, NotFound)


class RoomReturn:
    """Watches contacts of seats in rooms."""

    def __init__(
        self, sessions: SessionMaker, clock: Clock, consults: ConsultService, policies: Policies
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._consults = consults
        self._policies = policies
        self._watch = ContactWatch()
        self._lost: dict[Place, dt.datetime] = {}

    def waits(self, leg_id: int) -> bool:
        """Whether this leg waits for its page; nobody else is to dial it."""
        return any(place[1] == leg_id for place in self._lost)

    async def see(self, contacts: dict[str, frozenset[str]]) -> None:
        """Take a look at who is registered; call it every second or sooner."""
        async with reading(self._sessions) as session:
            phones = {row.id: f"{row.phone}{row.id}" for row in await seats.every(session)}
            legs = [
                leg
                for bridge in await bridges.open_bridges(session)
                for leg in await bridges.legs_of(session, bridge.id)
                if leg.seat_id in phones
            ]
        ordered: set[Place] = set()
        talks: set[tuple[int, int]] = set()
        for leg in legs:
            name, place = phones[leg.seat_id or 0], (leg.bridge_id, leg.id)
            if leg.state in (LegState.JOINED, LegState.HELD):
                if self._watch.lost((leg.id, leg.attempt), name, contacts):
                    await self._lose(place)
                    ordered.add(place)
                else:
                    talks.add((leg.id, leg.attempt))
            elif leg.state is LegState.ORDERED and place in self._lost:
                ordered.add(place)
                await self._bring_back(place, here=name in contacts)
        self._lost = {place: at for place, at in self._lost.items() if place in ordered}
        self._watch.looked(contacts, talks)

    async def _lose(self, place: Place) -> None:
        log.warning("seat_lost_in_room", bridge_id=place[0], leg_id=place[1])
        try:
            if await self._consults.lose_seat(*place):
                self._lost[place] = self._clock.now()
        except _REFUSED as refusal:
            log.info("seat_not_lost", bridge_id=place[0], reason=str(refusal))

    async def _bring_back(self, place: Place, *, here: bool) -> None:
        waited_s = (self._clock.now() - self._lost[place]).total_seconds()
        if here:
            del self._lost[place]
            await self._consults.ring_back(*place)
        elif waited_s >= await self._policies.number("seat_return_s", 12):
            del self._lost[place]
            await self._consults.give_up(*place)
