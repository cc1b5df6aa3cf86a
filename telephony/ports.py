"""What the house may ask of the switchboard; said once, implemented by AMI and by the tests' fake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from core.events import CallArrived, Fact
from core.ids import LegId, SeatId
from core.vocabulary import PauseReason
from db.models.bridge import Bridge
from telephony.route_rules import Route


class Switchboard(Protocol):
    """Orders to Asterisk. An order is confirmed by the fact it causes, not by its return.

    Every order may raise SwitchboardUnavailable (link down), ActionTimedOut, ActionRefused, UnsafeHeader.
    """

    async def add_member(self, seat_id: SeatId, phone: str, name: str) -> None:
        """Make the seat a member of the queue; `phone` is `seat` or `desk`. Already there is no error."""
        ...

    async def remove_member(self, seat_id: SeatId, phone: str) -> None:
        """Take the seat out of the queue. Not there is no error."""
        ...

    async def pause_member(self, seat_id: SeatId, phone: str, reason: PauseReason, *, absent: bool) -> None:
        """Offer no calls; `absent` also takes the seat out of the count of those who will come back soon."""
        ...

    async def unpause_member(self, seat_id: SeatId, phone: str) -> None:
        """Offer calls again."""
        ...

    async def redirect(self, channel: str, context: str, exten: str) -> None:
        """Send a channel to one of our own fixed contexts."""
        ...

    async def hang_up(self, channel: str) -> None:
        """End a channel. Already gone is no error."""
        ...

    async def tap(self, channel: str, leg_id: LegId, address: str, codec: str) -> None:
        """Stream what `channel` says to AudioSocket at `address` (host:port); codec `slin` or `slin16`."""
        ...

    async def untap(self, leg_id: LegId) -> None:
        """End a tap. Already gone is no error."""
        ...

    async def direct(self, channel: str, variables: Mapping[str, int]) -> None:
        """Tell a caller's dialplan where to go next; only names of `telephony/switchboard.py`."""
        ...

    async def set_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan; only names that begin with `MS_`."""
        ...


class Router(Protocol):
    """Who is answered first. Today one queue of one Asterisk carries the answer out."""

    async def route(self, arrived: CallArrived) -> Route:
        """What is to be done with a caller who has just arrived."""
        ...


class Number(Protocol):
    """One number of the directory, digits only."""

    @property
    def digits(self) -> str:
        """What is dialled."""
        ...

    @property
    def label(self) -> str:
        """Which number it is: 值班电话, 手机 …"""
        ...

    @property
    def name(self) -> str:
        """Whose it is."""
        ...


class Directory(Protocol):
    """Whom to call."""

    async def numbers_of(
        self, roles: Sequence[str], category: str | None, town: str | None, village: int | None
    ) -> Mapping[str, Sequence[Number]]:
        """As `numbers_for`, of several roles at once; a press waits for the answer."""
        ...

    async def numbers_for(
        self, role: str, category: str | None, town: str | None, village: int | None
    ) -> Sequence[Number]:
        """The numbers of a role for this category and place, first to be called first; maybe none."""
        ...


class TicketDesk(Protocol):
    """Gives a conference its ticket."""

    async def ticket_for(self, session: AsyncSession, bridge: Bridge) -> tuple[int, Fact | None]:
        """The call's ticket, else a new one, in the caller's transaction; and the fact to tell after it."""
        ...
