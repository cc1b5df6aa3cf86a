"""AMI words about conferences in, what was heard out. What does not fit is not believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from telephony.ami_protocol import AmiMessage
from telephony.bridge_names import LegName, bridge_of_room, leg_of_channel_id, leg_of_token
from telephony.channel_names import is_caller_channel

log = structlog.get_logger(__name__)

_RINGING: Final = "5"
_UP: Final = "6"


class Sign(StrEnum):
    """What Asterisk showed of a party."""

    BEGAN = "began"
    RANG = "rang"
    PICKED_UP = "picked_up"
    ASKED_BACK = "asked_back"
    ENTERED = "entered"
    WENT_OUT = "went_out"
    HELD = "held"
    """Caller, or a party that we dialled, hears music outside the room."""
    GONE = "gone"
    """The caller's channel has ended, or waits in the queue; or the channel of a leader in a seat's place."""
    HUNG_UP = "hung_up"
    NEVER_BEGAN = "never_began"
    MUTED = "muted"
    UNMUTED = "unmuted"
    TALKS = "talks"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Heard:
    """One sign; `leg` is None for a party that came with a channel of its own."""

    sign: Sign
    bridge_id: int
    leg: LegName | None
    channel: str
    cause: int = 0


def read(event: AmiMessage) -> Heard | None:
    """What an event says of a conference, or None."""
    reader = _READERS.get(event["Event"])
    if reader is None:
        return None
    if event.doubled:
        log.warning("ami_suspicious", ami_event=event["Event"], reason="a header came twice")
        return None
    try:
        return reader(event)
    except (KeyError, ValueError) as error:
        log.warning(
            "ami_suspicious", ami_event=event["Event"], reason=f"{type(error).__name__}: {error}"[:200]
        )
        return None


def _own(event: AmiMessage, sign: Sign | None, cause: int = 0) -> Heard | None:
    """A sign of a channel that we ordered. Only our own orders can give a channel such an id."""
    leg = leg_of_channel_id(event["Uniqueid"])
    return Heard(sign, leg.bridge_id, leg, event["Channel"], cause) if leg and sign else None


def _new_state(event: AmiMessage) -> Heard | None:
    state = event["ChannelState"]
    return _own(event, Sign.RANG if state == _RINGING else Sign.PICKED_UP if state == _UP else None)


def _told(event: AmiMessage) -> Heard | None:
    """Our own dialplan speaks."""
    if event["UserEvent"] == "MinshengHeld":
        return _on_music(event)
    if event["UserEvent"] != "MinshengLegLater":
        return None
    return _own(event, Sign.ASKED_BACK)


def _on_music(event: AmiMessage) -> Heard:
    leg = leg_of_channel_id(event["Uniqueid"])
    bridge_id = int(event["Bridge"])
    if leg is None and not is_caller_channel(event["Channel"]):
        raise ValueError("only a caller and whom we dialled are held")
    if leg is not None and leg.bridge_id != bridge_id:
        raise ValueError("a leg on the music of another room")
    return Heard(Sign.HELD, bridge_id, leg, event["Channel"])


def _hung_up(event: AmiMessage) -> Heard | None:
    return _own(event, Sign.HUNG_UP, int(event["Cause"]))


def _originated(event: AmiMessage) -> Heard | None:
    """Asterisk's word that nothing came of an order."""
    leg = leg_of_token(event.get("Exten", ""))
    if leg is None or event["Response"] != "Failure":
        return None
    return Heard(Sign.NEVER_BEGAN, leg.bridge_id, leg, "")


def _in_room(sign: Sign) -> Callable[[AmiMessage], Heard | None]:
    def reader(event: AmiMessage) -> Heard | None:
        bridge_id = bridge_of_room(event["Conference"])
        if bridge_id is None:
            return None
        leg = leg_of_channel_id(event["Uniqueid"])
        if leg is not None and leg.bridge_id != bridge_id:
            raise ValueError("a leg in another room")
        return Heard(sign, bridge_id, leg, event["Channel"])

    return reader


def _talking(event: AmiMessage) -> Heard | None:
    return _in_room(Sign.TALKS if event["TalkingStatus"] == "on" else Sign.SILENT)(event)


_READERS: Final[dict[str, Callable[[AmiMessage], Heard | None]]] = {
    "Newchannel": lambda event: _own(event, Sign.BEGAN),
    "Newstate": _new_state,
    "UserEvent": _told,
    "Hangup": _hung_up,
    "OriginateResponse": _originated,
    "ConfbridgeJoin": _in_room(Sign.ENTERED),
    "ConfbridgeLeave": _in_room(Sign.WENT_OUT),
    "ConfbridgeMute": _in_room(Sign.MUTED),
    "ConfbridgeUnmute": _in_room(Sign.UNMUTED),
    "ConfbridgeTalking": _talking,
}
