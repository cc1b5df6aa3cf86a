"""The `Switchboard` port as AMI actions on the `act` link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.errors import ActionRefused, UnsafeHeader
from core.ids import LegId, SeatId
from core.vocabulary import PauseReason
from telephony.ami_client import AmiLink
from telephony.channel_names import is_caller_channel

QUEUE: Final = "hotline"
ABSENT_PENALTY: Final = "9"
PRESENT_PENALTY: Final = "0"
CONTEXTS: Final = frozenset({"seat-lost", "seat-return", "requeue"})
DIRECTIONS: Final = frozenset({"MS_STICKY", "MS_DESK", "MS_PRIO", "MS_CHALLENGE"})
"""What extensions.conf asks for in hotline-admit."""
CODECS: Final = frozenset({"slin", "slin16"})


def interface(seat_id: SeatId, phone: str) -> str:
    """The queue member's device: `PJSIP/seat3` (browser) or `PJSIP/desk3` (desk phone)."""
    if phone not in ("seat", "desk"):
        raise UnsafeHeader
    return f"PJSIP/{phone}{seat_id}"


class AmiSwitchboard:
    """Orders to Asterisk through AMI. Raises as the `Switchboard` port says."""

    def __init__(self, link: AmiLink) -> None:
        self._link = link

    async def add_member(self, seat_id: SeatId, phone: str, name: str) -> None:
        """Make the seat a member of the queue, not paused."""
        try:
            await self._queue("QueueAdd", seat_id, phone, MemberName=name, Penalty="0", Paused="false")
        except ActionRefused as refusal:
            if "Already there" not in str(refusal.facts.get("answer")):
                raise

    async def remove_member(self, seat_id: SeatId, phone: str) -> None:
        """Take the seat out of the queue."""
        try:
            await self._queue("QueueRemove", seat_id, phone)
        except ActionRefused as refusal:
            if "Not there" not in str(refusal.facts.get("answer")):
                raise

    async def pause_member(self, seat_id: SeatId, phone: str, reason: PauseReason, *, absent: bool) -> None:
        """Offer no calls; an absent seat gets penalty 9, by which the queue knows that it stays away."""
        await self._queue("QueuePause", seat_id, phone, Paused="true", Reason=reason.value)
        await self._queue(
            "QueuePenalty", seat_id, phone, Penalty=ABSENT_PENALTY if absent else PRESENT_PENALTY
        )

    async def unpause_member(self, seat_id: SeatId, phone: str) -> None:
        """Offer calls again."""
        await self._queue("QueuePenalty", seat_id, phone, Penalty=PRESENT_PENALTY)
        await self._queue("QueuePause", seat_id, phone, Paused="false")

    async def redirect(self, channel: str, context: str, exten: str) -> None:
        """Send a channel to one of the fixed contexts."""
        if context not in CONTEXTS or not exten.isalnum():
            raise UnsafeHeader
        headers = {"Channel": channel, "Context": context, "Exten": exten, "Priority": "1"}
        await self._link.action("Redirect", headers)

    async def hang_up(self, channel: str) -> None:
        """End a channel."""
        try:
            await self._link.action("Hangup", {"Channel": channel})
        except ActionRefused as refusal:
            if "No such channel" not in str(refusal.facts.get("answer")):
                raise

    async def tap(self, channel: str, leg_id: LegId, address: str, codec: str) -> None:
        """Listen to what `channel` says: ChanSpy into AudioSocket, ends with the channel."""
        if codec not in CODECS:
            raise UnsafeHeader
        await self._link.action(
            "Originate",
            {
                "Channel": f"AudioSocket/{address}/{leg_id}/c({codec})",
                "ChannelId": f"tap-{leg_id}",
                "Application": "ChanSpy",
                "Data": f"{channel},qoSE",
                "Timeout": "5000",
            },
        )

    async def untap(self, leg_id: LegId) -> None:
        """End a tap; the channel's id was given by us."""
        for row in await self._link.listing("CoreShowChannels"):
            if row.get("Uniqueid") == f"tap-{leg_id}":
                await self.hang_up(row["Channel"])

    async def direct(self, channel: str, variables: Mapping[str, int]) -> None:
        """Set variables of one caller's channel: fixed names, whole numbers, so nothing can be injected."""
        if not is_caller_channel(channel) or not set(variables) <= DIRECTIONS:
            raise UnsafeHeader
        for name, value in variables.items():
            headers = {"Channel": channel, "Variable": name, "Value": str(int(value))}
            await self._link.action("Setvar", headers)

    async def set_global(self, name: str, value: str) -> None:
        """Set one of our own global variables."""
        if not name.startswith("MS_"):
            raise UnsafeHeader
        await self._link.action("Setvar", {"Variable": name, "Value": value})

    async def _queue(self, action: str, seat_id: SeatId, phone: str, **headers: str) -> None:
        await self._link.action(action, {"Queue": QUEUE, "Interface": interface(seat_id, phone), **headers})
