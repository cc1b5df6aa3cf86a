"""What a leader's ear asks of Asterisk, as AMI actions. Names and numbers are checked here again."""

from __future__ import annotations

from typing import Final, Protocol

from core.errors import ActionRefused, UnsafeHeader
from core.supervision_words import Mode
from telephony.ami_client import AmiLink
from telephony.ami_protocol import AmiMessage
from telephony.channel_names import is_caller_channel
from telephony.supervision_names import CALLER_CONTEXT, CONTEXTS, PHONES, Target, channel_id

RING_MS: Final = "15000"
_GONE: Final = ("No such channel", "Channel does not exist", "does not exist")


class Ear(Protocol):
    """Orders; each may raise what the `Switchboard` port says."""

    async def ring(self, target: Target, phone: str, number: int, mode: Mode) -> None:
        """Call the leader's phone; when it picks up it hears."""
        ...

    async def change(self, target: Target, mode: Mode) -> None:
        """Another mode on the same channel; not for taking over."""
        ...

    async def take_over(self, supervision_id: int, caller: str) -> None:
        """Caller and leader into a room of their own, with one action."""
        ...

    async def hang_up(self, supervision_id: int) -> None:
        """End the leader's channel. Already gone is no error."""
        ...

    async def give_back(self, caller: str) -> None:
        """The caller whom a leader lost goes to the head of the queue. Already gone is no error."""
        ...

    async def channels(self) -> list[AmiMessage]:
        """Every channel of Asterisk."""
        ...


class AmiEar:
    """The `Ear` port on the `act` link."""

    def __init__(self, link: AmiLink, shown_number: str) -> None:
        self._link = link
        self._shown = shown_number

    async def ring(self, target: Target, phone: str, number: int, mode: Mode) -> None:
        """Call the leader's phone; when it picks up it hears."""
        if phone not in PHONES or not 0 < number < 10 or mode is Mode.TAKE_OVER:
            raise UnsafeHeader
        headers = {
            "Channel": f"PJSIP/{phone}{int(number)}",
            "ChannelId": channel_id(target.supervision_id),
            "Context": CONTEXTS[mode],
            "Exten": target.token,
            "Priority": "1",
            "CallerID": f"<{self._shown}>",
            # The page picks up by itself; PreDialGoSub, made for this, is ignored here (22.10)
            "Variable": "PJSIP_HEADER(add,X-Minsheng-Listen)=1",
            "Timeout": RING_MS,
        }
        await self._link.action("Originate", headers)

    async def change(self, target: Target, mode: Mode) -> None:
        """Another mode on the same channel; not for taking over."""
        if mode is Mode.TAKE_OVER:
            raise UnsafeHeader
        await self._redirect(channel_id(target.supervision_id), CONTEXTS[mode], target.token)

    async def take_over(self, supervision_id: int, caller: str) -> None:
        """Caller and leader into a room of their own, with one action."""
        if not is_caller_channel(caller):
            raise UnsafeHeader
        exten = str(int(supervision_id))
        extra = {
            "ExtraChannel": channel_id(supervision_id),
            "ExtraContext": CONTEXTS[Mode.TAKE_OVER],
            "ExtraExten": exten,
            "ExtraPriority": "1",
        }
        await self._redirect(caller, CALLER_CONTEXT, exten, extra)

    async def hang_up(self, supervision_id: int) -> None:
        """End the leader's channel. Already gone is no error."""
        try:
            await self._link.action("Hangup", {"Channel": channel_id(supervision_id)})
        except ActionRefused as refusal:
            _unless_gone(refusal)

    async def give_back(self, caller: str) -> None:
        """The caller whom a leader lost goes to the head of the queue. Already gone is no error."""
        if not is_caller_channel(caller):
            raise UnsafeHeader
        try:
            await self._redirect(caller, "requeue", "s")
        except ActionRefused as refusal:
            _unless_gone(refusal)

    async def channels(self) -> list[AmiMessage]:
        """Every channel of Asterisk."""
        return await self._link.listing("CoreShowChannels")

    async def _redirect(
        self, channel: str, context: str, exten: str, extra: dict[str, str] | None = None
    ) -> None:
        headers = {"Channel": channel, "Context": context, "Exten": exten, "Priority": "1"}
        await self._link.action("Redirect", {**headers, **(extra or {})})


def _unless_gone(refusal: ActionRefused) -> None:
    if not any(words in str(refusal.facts.get("answer")) for words in _GONE):
        raise refusal
