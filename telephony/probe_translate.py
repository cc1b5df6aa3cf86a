"""Asterisk's words about a test call 拨测. Only our own order can give a channel such an id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from telephony.ami_protocol import AmiMessage

log = structlog.get_logger(__name__)

_ID: Final = re.compile(r"probe-([1-9][0-9]{15})\Z")
_TOKEN: Final = re.compile(r"[1-9][0-9]{15}\Z")
_RINGING, _UP = "5", "6"
CONTEXT: Final = "probe"


class ProbeSign(StrEnum):
    """What Asterisk shows of a test call."""

    BEGAN = "began"
    RANG = "rang"
    PICKED_UP = "picked_up"
    CONFIRMED = "confirmed"
    HUNG_UP = "hung_up"
    NEVER_BEGAN = "never_began"


@dataclass(frozen=True, slots=True)
class ProbeHeard:
    """One sign of one test call."""

    token: str
    sign: ProbeSign
    cause: int = 0


def channel_id(token: str) -> str:
    """The Uniqueid that we give the channel: Asterisk refuses a second one with it."""
    return f"probe-{token}"


def read(event: AmiMessage) -> ProbeHeard | None:
    """What an event says of a test call, or None."""
    token = _token(event)
    if token is None:
        return None
    if event.doubled:
        log.warning("ami_suspicious", ami_event=event["Event"], reason="a header came twice")
        return None
    sign = _sign(event)
    cause = event.get("Cause", "")
    return ProbeHeard(token, sign, int(cause) if cause.isdigit() else 0) if sign is not None else None


def _token(event: AmiMessage) -> str | None:
    found = _ID.match(event.get("Uniqueid", ""))
    if found is not None:
        return found[1]
    # An order of which nothing came has no channel, only where it was to go
    failed = event["Event"] == "OriginateResponse" and event.get("Context") == CONTEXT
    exten = event.get("Exten", "")
    return exten if failed and _TOKEN.match(exten) else None


def _sign(event: AmiMessage) -> ProbeSign | None:
    match event["Event"]:
        case "Newstate":
            shown = {_RINGING: ProbeSign.RANG, _UP: ProbeSign.PICKED_UP}
            return shown.get(event.get("ChannelState", ""))
        case "Newchannel":
            return ProbeSign.BEGAN
        case "UserEvent":
            return ProbeSign.CONFIRMED if event.get("UserEvent") == "MinshengProbeConfirmed" else None
        case "Hangup":
            return ProbeSign.HUNG_UP
        case "OriginateResponse":
            return ProbeSign.NEVER_BEGAN if event.get("Response") == "Failure" else None
        case _:
            return None
