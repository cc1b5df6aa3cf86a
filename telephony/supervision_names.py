"""What we call a leader's channel, what it runs, and how to read that back. Pure.

A channel's name never goes into the dialplan: only our number, `s` or `d` for the phone at the desk, the
seat and the hex digits that Asterisk gave, joined by `x`. The dialplan puts the name together again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.errors import UnsafeHeader
from core.supervision_words import Mode

# As young as a channel can be: a room's calls are named by their oldest channel, which must stay the caller
_BORN: Final = "2147483000.1"
_CHANNEL_ID: Final = re.compile(r"sv-([1-9][0-9]{0,17})-2147483000\.1\Z")
_SEAT_CHANNEL: Final = re.compile(r"PJSIP/(seat|desk)([1-9][0-9]?)-([0-9a-f]{8,16})\Z")
_SAID: Final = re.compile(r"sv-[1-9][0-9]{0,17}-2147483000\.1-([0-9]{13})-lead\Z")
_TOKEN: Final = re.compile(r"([1-9][0-9]{0,17})x[sd][1-9][0-9]?x[0-9a-f]{8,16}\Z")
_ROOM: Final = re.compile(r"lead-([1-9][0-9]{0,17})\Z")
_LEAD_CHANNEL: Final = re.compile(r"PJSIP/(?:lead|leaddesk)([1-9])-[0-9a-f]{8,}\Z")

CONTEXTS: Final[dict[Mode, str]] = {
    Mode.LISTEN: "lead-listen",
    Mode.WHISPER: "lead-whisper",
    Mode.BARGE: "lead-barge",
    Mode.TAKE_OVER: "lead-room",
}
MODES: Final[dict[str, Mode]] = {context: mode for mode, context in CONTEXTS.items()}
CALLER_CONTEXT: Final = "lead-caller"
CONFERENCE_CONTEXT: Final = "lead-conference"
"""Heard by all of a conference: barging in there, and taking the seat's place."""
PHONES: Final = ("lead", "leaddesk")


@dataclass(frozen=True, slots=True)
class Target:
    """What a leader's channel runs: which ear, at which channel of which seat."""

    supervision_id: int
    seat_channel: str

    @property
    def token(self) -> str:
        """The extension; letters and digits only. Raises UnsafeHeader for a channel that is no seat's."""
        match = _SEAT_CHANNEL.match(self.seat_channel)
        if match is None:
            raise UnsafeHeader
        return f"{self.supervision_id}x{match[1][0]}{match[2]}x{match[3]}"


def channel_id(supervision_id: int) -> str:
    """The Uniqueid that we give the leader's channel: Asterisk refuses a second channel with it."""
    return f"sv-{int(supervision_id)}-{_BORN}"


def said_pattern(supervision_id: int) -> str:
    """The files of what this leader said while barging in (extensions_lead.conf names them)."""
    return f"{channel_id(supervision_id)}-*-lead.wav16"


def said_at_s(stem: str) -> float | None:
    """When such a file begins, in seconds of the epoch; None for a name that is not ours."""
    match = _SAID.match(stem)
    return int(match[1]) / 1000 if match else None


def of_channel_id(uniqueid: str) -> int | None:
    """The ear whose channel this is, or None."""
    match = _CHANNEL_ID.match(uniqueid)
    return int(match[1]) if match else None


def of_token(exten: str) -> int | None:
    """The ear that runs this extension, or None."""
    match = _TOKEN.match(exten)
    return int(match[1]) if match else None


def of_room(name: str) -> int | None:
    """The ear whose room has this name, or None."""
    match = _ROOM.match(name)
    return int(match[1]) if match else None


def lead_of_channel(channel: str) -> int | None:
    """The leader's phone (1, 2) whose channel this is, or None."""
    match = _LEAD_CHANNEL.match(channel)
    return int(match[1]) if match else None
