"""What transcription asks of the telephone: a copy of one channel's sound."""

from __future__ import annotations

from typing import Protocol

from core.ids import LegId


class AudioTap(Protocol):
    """Starts and ends taps (telephony.switchboard)."""

    async def tap(self, channel: str, leg_id: LegId, address: str, codec: str) -> None:
        """Stream what `channel` says to AudioSocket at `address` (host:port); codec `slin` or `slin16`."""
        ...

    async def untap(self, leg_id: LegId) -> None:
        """End a tap. Already gone is no error."""
        ...
