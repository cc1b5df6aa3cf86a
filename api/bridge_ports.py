"""What conferences ask of the rest of the house: numbers of the directory, tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.emergency_words import service_of
from core.events import Fact
from core.vocabulary import BridgeRole
from db.models import Bridge
from db.repositories import directory, emergencies
from db.session import SessionMaker, reading
from telephony.bridge_key import Press
from telephony.ports import Number
from tickets.for_bridge import open_for_bridge


class Bridges(Protocol):
    """What people may order of conferences (telephony.bridge_service)."""

    async def press(self, press: Press) -> int:
        """Begin a conference; the same press gives the same one."""
        ...

    async def add(
        self, bridge_id: int, role: str | None, numbers: Sequence[Number] = (), *, asks: bool = True
    ) -> int:
        """One more party."""
        ...

    async def mute(self, bridge_id: int, leg_id: int, *, muted: bool) -> None:
        """Let nobody hear a party, or all again."""
        ...

    async def remove(self, bridge_id: int, leg_id: int) -> None:
        """Take a party out."""
        ...

    async def redial(self, bridge_id: int, leg_id: int) -> None:
        """Call a role again."""
        ...

    async def end(self, bridge_id: int) -> None:
        """End it for all."""
        ...


class HouseDirectory:
    """The directory's rows as the conference's port."""

    def __init__(self, sessions: SessionMaker, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def numbers_for(
        self, role: str, category: str | None, town: str | None, village: int | None
    ) -> Sequence[Number]:
        """The numbers of a role, first to be called first; none for an unknown role."""
        return (await self.numbers_of([role], category, town, village))[role]

    async def numbers_of(
        self, roles: Sequence[str], category: str | None, town: str | None, village: int | None
    ) -> Mapping[str, Sequence[Number]]:
        """The numbers of several roles, with one question each to the tables."""
        known = [BridgeRole(role) for role in roles if role in set(BridgeRole)]
        matter = directory.Matter(category or "", town, village)
        services = {role: service for role in roles if (service := service_of(role)) is not None}
        async with reading(self._sessions, urgent=True) as session:
            found = await directory.candidates_of(session, known, matter, self._clock.now())
            own = await emergencies.numbers(session, list(services.values())) if services else {}
        numbers = {
            **{str(role): lines for role, lines in found.items()},
            **{role: own[code] for role, code in services.items()},
        }
        return {role: numbers.get(role, []) for role in roles}


class HouseTicketDesk:
    """Tickets for presses without one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def ticket_for(self, session: AsyncSession, bridge: Bridge) -> tuple[int, Fact | None]:
        """The call's ticket or a new one, and the fact of it."""
        ticket, fact = await open_for_bridge(session, bridge, self._clock.now())
        return ticket.id, fact
