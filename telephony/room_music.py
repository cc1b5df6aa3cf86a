"""Makes sure that the music of whoever was alone in a room ends when somebody comes in.

ConfBridge stops it from the thread of the one who comes. If the other's thread is just sending a piece of
it, Asterisk forgets the stop (in its channel.c `generator_force` lends the music's state out while it sends,
and `ast_deactivate_generator` finds none), and the music goes on over the talk for ever: once in some hundred
rooms on a full machine. A key D, which no telephone has, lets the other's own thread stop it
(confbridge.conf, room-keys); where no music plays it is 60 ms of nothing.
"""

from __future__ import annotations

from typing import Final

import structlog

from core.errors import ActionRefused, HotlineError
from telephony.ami_client import AmiLink
from telephony.ami_protocol import AmiMessage

log = structlog.get_logger(__name__)

KEY: Final = "D"
TOGETHER: Final = 2
"""So many in a room: the first of them had music until now."""


class RoomMusic:
    """Who is in which room, in order, from what Asterisk says."""

    def __init__(self, link: AmiLink) -> None:
        self._link = link
        self._rooms: dict[str, list[str]] = {}

    def hear(self, event: AmiMessage) -> str | None:
        """Take notice of an event; the channel whose music must end now, if any."""
        room, channel = event.get("Conference", ""), event.get("Channel", "")
        match event["Event"]:
            case "ConfbridgeJoin":
                present = self._rooms.setdefault(room, [])
                if channel not in present:  # the look may have seen it before its event came
                    present.append(channel)
                return present[0] if len(present) == TOGETHER else None
            case "ConfbridgeLeave":
                present = self._rooms.get(room, [])
                if channel in present:
                    present.remove(channel)
            case "ConfbridgeEnd":
                self._rooms.pop(room, None)
            case _:
                pass
        return None

    async def look(self) -> list[str]:
        """After a time in which nothing was heard: everybody who is not alone in a room.

        Raises:
            SwitchboardUnavailable, ActionTimedOut.
        """
        self._rooms = {}
        for name in [row.get("Conference", "") for row in await self._list("ConfbridgeListRooms", {})]:
            rows = await self._list("ConfbridgeList", {"Conference": name})
            # Oldest first, as they came
            rows.sort(key=lambda row: -int(row.get("AnsweredTime") or 0))
            self._rooms[name] = [row.get("Channel", "") for row in rows]
        return [who for present in self._rooms.values() if len(present) >= TOGETHER for who in present]

    async def end(self, channel: str) -> None:
        """Let the channel's own thread stop its music; who has hung up meanwhile hears none."""
        try:
            await self._link.action("PlayDTMF", {"Channel": channel, "Digit": KEY, "Receive": "true"})
        except HotlineError as error:
            log.warning("music_not_ended", channel=channel, reason=str(error))

    async def _list(self, action: str, headers: dict[str, str]) -> list[AmiMessage]:
        try:
            return await self._link.listing(action, headers)
        except ActionRefused:  # "No active conferences", or one that has just ended
            return []
