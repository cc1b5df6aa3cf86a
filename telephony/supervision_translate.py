"""AMI words about leaders' channels in, what was heard out. What does not fit is not believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from core.supervision_words import Mode
from telephony.ami_protocol import AmiMessage
from telephony.bridge_names import bridge_of_room
from telephony.channel_names import is_caller_channel, seat_of_channel
from telephony.supervision_names import (
    CALLER_CONTEXT,
    CONFERENCE_CONTEXT,
    MODES,
    lead_of_channel,
    of_channel_id,
    of_room,
    of_token,
)

log = structlog.get_logger(__name__)

_RINGING: Final = "5"


class Sign(StrEnum):
    """What Asterisk showed of a leader's channel, or of the caller in its room."""

    RANG = "rang"
    HEARS = "hears"
    """The channel hangs at the operator's, in `mode`."""
    IN_ROOM = "in_room"
    IN_CONFERENCE = "in_conference"
    """The leader is a party of a conference, heard by all."""
    CALLER_IN_ROOM = "caller_in_room"
    LEAVES = "leaves"
    """The leader puts down."""
    HUNG_UP = "hung_up"
    NEVER_BEGAN = "never_began"


@dataclass(frozen=True, slots=True)
class Heard:
    """One sign."""

    sign: Sign
    supervision_id: int
    channel: str = ""
    mode: Mode | None = None
    spied: str = ""
    """The operator's channel that it hangs at."""
    bridge_id: int = 0
    """Which conference."""


def read(event: AmiMessage) -> Heard | None:
    """What an event says of a leader's ear, or None."""
    reader = _READERS.get(event["Event"])
    if reader is None:
        return None
    try:
        heard = reader(event)
    except (KeyError, ValueError) as error:
        return _suspicious(event, f"{type(error).__name__}: {error}")
    if heard is not None and event.doubled:
        return _suspicious(event, "a header came twice")
    return heard


def shown(row: AmiMessage) -> Heard | None:
    """What one line of Asterisk's list of channels says of a leader's ear, or None."""
    room = of_room(f"lead-{row.get('Exten', '')}")
    if row.get("Context") == CALLER_CONTEXT and room and is_caller_channel(row["Channel"]):
        return Heard(Sign.CALLER_IN_ROOM, room, row["Channel"])
    ours = of_channel_id(row["Uniqueid"])
    if ours is None:
        return None
    mode = MODES.get(row.get("Context", ""))
    conference = bridge_of_room(f"ms-{row.get('Exten', '')}")
    if row.get("Context") == CONFERENCE_CONTEXT and row.get("Application") == "ConfBridge" and conference:
        return Heard(Sign.IN_CONFERENCE, ours, row["Channel"], bridge_id=conference)
    if row["ChannelState"] == _RINGING:
        return Heard(Sign.RANG, ours, row["Channel"])
    if mode is Mode.TAKE_OVER:
        return Heard(Sign.IN_ROOM, ours, row["Channel"])
    running = mode is not None and row.get("Application") == "ChanSpy"
    return Heard(Sign.HEARS, ours, row["Channel"], mode) if running else None


def _suspicious(event: AmiMessage, reason: str) -> None:
    log.warning("ami_suspicious", ami_event=event["Event"], reason=reason[:200])


def _new_state(event: AmiMessage) -> Heard | None:
    ours = of_channel_id(event["Uniqueid"])
    if ours is None or event["ChannelState"] != _RINGING:
        return None
    return Heard(Sign.RANG, ours, event["Channel"])


def _spying(event: AmiMessage) -> Heard | None:
    ours = of_channel_id(event["SpyerUniqueid"])
    if ours is None:
        return None
    if seat_of_channel(event["SpyeeChannel"]) is None:
        raise ValueError("a leader's channel at no seat")
    mode = MODES[event["SpyerContext"]]
    return Heard(Sign.HEARS, ours, event["SpyerChannel"], mode, event["SpyeeChannel"])


def _entered(event: AmiMessage) -> Heard | None:
    room = of_room(event["Conference"])
    channel, ours = event["Channel"], of_channel_id(event["Uniqueid"])
    conference = bridge_of_room(event["Conference"])
    if conference is not None and ours is not None:
        return Heard(Sign.IN_CONFERENCE, ours, channel, bridge_id=conference)
    if room is None:
        return None
    if is_caller_channel(channel):
        return Heard(Sign.CALLER_IN_ROOM, room, channel)
    if ours != room or lead_of_channel(channel) is None:
        raise ValueError("a stranger in a leader's room")
    return Heard(Sign.IN_ROOM, room, channel)


def _hung_up(event: AmiMessage) -> Heard | None:
    ours = of_channel_id(event["Uniqueid"])
    return Heard(Sign.HUNG_UP, ours, event["Channel"]) if ours is not None else None


def _leaves(event: AmiMessage) -> Heard | None:
    ours = of_channel_id(event["Uniqueid"])
    return Heard(Sign.LEAVES, ours, event["Channel"]) if ours is not None else None


def _originated(event: AmiMessage) -> Heard | None:
    ours = of_token(event.get("Exten", ""))
    if ours is None or event["Response"] != "Failure":
        return None
    return Heard(Sign.NEVER_BEGAN, ours)


_READERS: Final[dict[str, Callable[[AmiMessage], Heard | None]]] = {
    "Newstate": _new_state,
    "ChanSpyStart": _spying,
    "ConfbridgeJoin": _entered,
    "HangupRequest": _leaves,
    "Hangup": _hung_up,
    "OriginateResponse": _originated,
}
