"""What the house may ask of the switchboard; said once, implemented by AMI and by the tests' fake."""

from __future__ import annotations

from typing import Protocol

from core.ids import LegId, SeatId
from core.vocabulary import PauseReason


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

    async def set_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan; only names that begin with `MS_`."""
        ...
