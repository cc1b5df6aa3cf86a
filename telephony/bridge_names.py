"""What we call rooms and channels of a conference, and how to read it back. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Asterisk takes what follows the last hyphen for the time of birth, and names a room by its oldest channel
# (Linkedid). That must stay the caller: ours are as young as a channel can be
_BORN: Final = "2147483000.1"
_CHANNEL: Final = re.compile(r"br-([1-9][0-9]{0,17})x([1-9][0-9]{0,17})x([1-9][0-9]{0,3})-2147483000\.1\Z")
_TOKEN: Final = re.compile(r"([1-9][0-9]{0,17})x([1-9][0-9]{0,17})x([1-9][0-9]{0,3})\Z")
_ROOM: Final = re.compile(r"ms-([1-9][0-9]{0,17})\Z")


@dataclass(frozen=True, slots=True)
class LegName:
    """Which attempt at which leg of which conference."""

    bridge_id: int
    leg_id: int
    attempt: int

    @property
    def channel_id(self) -> str:
        """The Uniqueid that we give its channel: Asterisk refuses a second channel with it."""
        return f"br-{self.token}-{_BORN}"

    @property
    def token(self) -> str:
        """The extension that it runs; letters and digits only."""
        return f"{self.bridge_id}x{self.leg_id}x{self.attempt}"

    @property
    def recording(self) -> str:
        """Its capture file below the recordings folder."""
        return f"capture/{self.channel_id}-leg.wav16"


def leg_of_channel_id(uniqueid: str) -> LegName | None:
    """The leg whose channel this is, or None."""
    return _read(_CHANNEL.match(uniqueid))


def leg_of_token(exten: str) -> LegName | None:
    """The leg that runs this extension, or None."""
    return _read(_TOKEN.match(exten))


def room(bridge_id: int) -> str:
    """The conference's name in Asterisk."""
    return f"ms-{bridge_id}"


def bridge_of_room(name: str) -> int | None:
    """The conference that has this name, or None."""
    match = _ROOM.match(name)
    return int(match[1]) if match else None


def _read(match: re.Match[str] | None) -> LegName | None:
    return LegName(int(match[1]), int(match[2]), int(match[3])) if match else None
