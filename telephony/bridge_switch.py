"""What a conference asks of Asterisk, as AMI actions. Digits and words are checked here again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.bridge_words import LegAim
from core.emergency_words import SERVICES
from core.errors import ActionRefused, UnsafeHeader
from core.ids import SeatId, parse_call_id
from telephony import probe_translate, supervision_names
from telephony.ami_client import AmiLink
from telephony.ami_protocol import AmiMessage
from telephony.bridge_names import LegName, room
from telephony.channel_names import is_caller_channel, is_leg_channel, seat_of_channel

_DIGITS: Final = re.compile(r"[0-9]{3,15}\Z")
_WORD: Final = re.compile(r"[a-z0-9]{1,12}\Z")
OUTBOUND: Final = "outbound"
_CONTEXTS: Final = {
    (True, LegAim.ROOM): "bridge-caller",
    (True, LegAim.MUSIC): "bridge-hold",
    (False, LegAim.ROOM): "bridge-again",
    (False, LegAim.MUSIC): "bridge-aside",
}
"""By whether it is the caller, and where he or another party belongs."""
COUNTED: Final = ",GROUP(trunk)=out"
"""The carrier's channels are one number: callers and legs count together (extensions.conf, hotline-admit)."""
_TOLD: Final = ",MS_TOLD=-told"
"""The end of the name of the profile of a party that is announced (confbridge.conf)."""


@dataclass(frozen=True, slots=True)
class Dial:
    """One order to dial: to digits behind the carrier, or to a seat's own phone."""

    leg: LegName
    digits: str
    seat: tuple[SeatId, str] | None
    about: str
    by: str
    ring_s: float
    asks: bool = True
    """Whether an outside phone is asked for key 1."""
    call_id: str | None = None
    """The call that a seat's page is to show when it rings."""
    own: bool = False
    """The seat's operator calls out: its page picks up by itself and hears the ringing."""
    told: bool = False
    """Those who talk already hear a tone when this party comes in, and when it goes."""
    resume: bool = False
    """The page answers by itself: it was lost in this very talk."""


class BridgeSwitch:
    """Orders for conferences. Each may raise what the `Switchboard` port says."""

    def __init__(self, link: AmiLink, shown_number: str) -> None:
        self._link = link
        self._shown = shown_number

    async def move(
        self, bridge_id: int, caller: str | None, seat: str | None, *, held: bool = False, announce: str = ""
    ) -> None:
        """Caller and seat into the room with one action, or the one that is left; `held`, he hears music.

        In the seat's place may be the shift leader who took the call over.

        `announce` is the service that the caller is told, on the way, is being called.
        """
        if announce and announce not in SERVICES:
            raise UnsafeHeader
        leads = supervision_names.lead_of_channel(seat or "") is not None
        if (caller and not is_caller_channel(caller)) or (
            seat and not leads and seat_of_channel(seat) is None
        ):
            raise UnsafeHeader
        headers: dict[str, str] = {}
        told = ("bridge-hold" if held else "bridge-caller", str(bridge_id))
        if announce:
            told = ("bridge-handover", f"{bridge_id}x{announce}")
        where = [
            (caller, *told),
            (seat, supervision_names.CONFERENCE_CONTEXT if leads else "bridge-seat", str(bridge_id)),
        ]
        for prefix, (channel, context, exten) in zip(
            ("", "Extra"), [pair for pair in where if pair[0]], strict=False
        ):
            headers[f"{prefix}Channel"] = channel or ""
            headers[f"{prefix}Context"] = context
            headers[f"{prefix}Exten"] = exten
            headers[f"{prefix}Priority"] = "1"
        await self._link.action("Redirect", headers)

    async def send(self, bridge_id: int, places: Sequence[tuple[str, LegAim]]) -> None:
        """Parties to the room or to its music, two with one action: both or neither."""
        for first in range(0, len(places), 2):
            headers: dict[str, str] = {}
            for prefix, (channel, aim) in zip(("", "Extra"), places[first : first + 2], strict=False):
                caller = is_caller_channel(channel)
                if not (caller or is_leg_channel(channel)) or aim not in (LegAim.ROOM, LegAim.MUSIC):
                    raise UnsafeHeader
                headers[f"{prefix}Channel"] = channel
                headers[f"{prefix}Context"] = _CONTEXTS[caller, aim]
                headers[f"{prefix}Exten"] = str(bridge_id)
                headers[f"{prefix}Priority"] = "1"
            await self._link.action("Redirect", headers)

    async def bring(self, bridge_id: int, supervision_id: int) -> None:
        """A shift leader's channel into the room."""
        headers = {
            "Channel": supervision_names.channel_id(supervision_id),
            "Context": supervision_names.CONFERENCE_CONTEXT,
            "Exten": str(int(bridge_id)),
            "Priority": "1",
        }
        await self._link.action("Redirect", headers)

    async def dial(self, order: Dial) -> None:
        """Begin a leg; its channel has an id that Asterisk gives to no second one."""
        if order.seat is not None:
            seat_id, phone = order.seat
            if phone not in ("seat", "desk"):
                raise UnsafeHeader
            context = "outbound-seat-leg" if order.own else "bridge-seat-leg"
            channel = f"PJSIP/{phone}{int(seat_id)}"
        else:
            if not _DIGITS.match(order.digits):
                raise UnsafeHeader
            channel, context = (
                f"PJSIP/{order.digits}@{OUTBOUND}",
                "bridge-leg" if order.asks else "bridge-join",
            )
        if not (_WORD.match(order.about) and _WORD.match(order.by)):
            raise UnsafeHeader
        headers = {
            "Channel": channel,
            "ChannelId": order.leg.channel_id,
            "Context": context,
            "Exten": order.leg.token,
            "Priority": "1",
            "CallerID": f"<{self._shown}>",
            "Timeout": str(int(order.ring_s * 1000)),
            "Variable": f"MS_ABOUT={order.about},MS_BY={order.by}"
            + (f"{COUNTED}{_TOLD if order.told else ''}" if order.seat is None else _told_to_page(order)),
        }
        await self._link.action("Originate", headers)

    async def probe(self, token: str, digits: str, ring_s: float) -> None:
        """Begin a test call; its channel has an id that Asterisk gives to no second one."""
        if not (_DIGITS.match(digits) and token.isdigit()):
            raise UnsafeHeader
        headers = {
            "Channel": f"PJSIP/{digits}@{OUTBOUND}",
            "ChannelId": probe_translate.channel_id(token),
            "Context": probe_translate.CONTEXT,
            "Exten": token,
            "Priority": "1",
            "CallerID": f"<{self._shown}>",
            "Timeout": str(int(ring_s * 1000)),
            "Variable": COUNTED.removeprefix(","),
        }
        await self._link.action("Originate", headers)

    async def mute(self, bridge_id: int, channel: str, *, muted: bool) -> None:
        """Let nobody hear this party, or all again."""
        name = "ConfbridgeMute" if muted else "ConfbridgeUnmute"
        await self._link.action(name, {"Conference": room(bridge_id), "Channel": channel})

    async def hang_up(self, channel: str) -> None:
        """End a channel, by its name or by the id that we gave it. Already gone is no error."""
        try:
            await self._link.action("Hangup", {"Channel": channel})
        except ActionRefused as refusal:
            if "No such channel" not in str(refusal.facts.get("answer")):
                raise

    async def say_goodbye(self, caller: str) -> None:
        """Thank the caller, then end the call. Already gone is no error."""
        await self._send(caller, "goodbye")

    async def requeue(self, caller: str) -> None:
        """The caller to the head of the queue. Already gone is no error."""
        if not is_caller_channel(caller):
            raise UnsafeHeader
        await self._send(caller, "requeue")

    async def _send(self, caller: str, context: str) -> None:
        headers = {"Channel": caller, "Context": context, "Exten": "s", "Priority": "1"}
        try:
            await self._link.action("Redirect", headers)
        except ActionRefused as refusal:
            if "Channel does not exist" not in str(refusal.facts.get("answer")):
                raise

    async def channels(self) -> list[AmiMessage]:
        """Every channel of Asterisk."""
        return await self._link.listing("CoreShowChannels")

    async def in_room(self, bridge_id: int) -> list[AmiMessage]:
        """Who is in the room; nobody where there is no such room."""
        try:
            return await self._link.listing("ConfbridgeList", {"Conference": room(bridge_id)})
        except ActionRefused:
            return []


def _told_to_page(order: Dial) -> str:
    """What a seat's page is told by headers: which call this is about, and to pick up by itself.

    Not by PreDialGoSub: for an Originate by AMI Asterisk 22 does not run it.
    """
    told = f",PJSIP_HEADER(add,X-Minsheng-Call)={parse_call_id(order.call_id)}" if order.call_id else ""
    if order.resume:
        return f"{told},PJSIP_HEADER(add,X-Minsheng-Resume)=1"
    return f"{told},PJSIP_HEADER(add,X-Minsheng-Outbound)=1" if order.own else told
