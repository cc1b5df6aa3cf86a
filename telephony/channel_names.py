"""What the names of channels, members and pause reasons mean. Pure."""

from __future__ import annotations

import re
from typing import Final

from core.ids import SeatId
from core.vocabulary import PauseReason

_CALLER_CHANNEL: Final = re.compile(r"PJSIP/(?:trunk|demo)(?:-[A-Za-z0-9_-]+)?-[0-9a-f]{8,}\Z")
_SEAT_CHANNEL: Final = re.compile(r"PJSIP/(?:seat|desk)([1-9][0-9]?)-[0-9a-f]{8,}\Z")
_OUTBOUND_CHANNEL: Final = re.compile(r"PJSIP/outbound-[0-9a-f]{8,}\Z")
_SEAT_DEVICE: Final = re.compile(r"(?:PJSIP/)?(seat|desk)([1-9][0-9]?)\Z")
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}\Z")


def seat_of_channel(channel: str) -> SeatId | None:
    """The seat whose phone this channel is, or None."""
    match = _SEAT_CHANNEL.match(channel)
    return SeatId(int(match[1])) if match else None


def seat_of_device(device: str) -> tuple[SeatId, str] | None:
    """Seat number and phone (`seat`, `desk`) of a member's interface or endpoint name, or None."""
    match = _SEAT_DEVICE.match(device)
    return (SeatId(int(match[2])), match[1]) if match else None


def is_caller_channel(channel: str) -> bool:
    """Whether a channel's name is that of a caller: the trunk's or the demo phone's."""
    return _CALLER_CHANNEL.match(channel) is not None


def is_leg_channel(channel: str) -> bool:
    """Whether a channel's name is that of a party that a room dials: somebody outside, or a seat."""
    return _OUTBOUND_CHANNEL.match(channel) is not None or seat_of_channel(channel) is not None


def safe_number(text: str) -> str:
    """A caller's number, or nothing where the text is no telephone number."""
    return text if _NUMBER.match(text) else ""


def pause_reason(text: str) -> PauseReason:
    """Our word for a queue's pause reason; SYSTEM for one that we did not give."""
    try:
        return PauseReason(text)
    except ValueError:
        return PauseReason.SYSTEM
