"""Types for the ids that travel between rooms; a `CallId` is never a bare `str`."""

from __future__ import annotations

import re
import secrets
from typing import NewType

CallId = NewType("CallId", str)
"""Asterisk's Linkedid of the caller's channel, for instance `ms-1764000000.12`; unique per machine."""
SeatId = NewType("SeatId", int)
"""1 to 5: the number painted on the desk."""
OperatorId = NewType("OperatorId", int)
TicketId = NewType("TicketId", int)
RecordingId = NewType("RecordingId", int)
UtteranceId = NewType("UtteranceId", int)
LegId = NewType("LegId", str)
"""UUID of one live audio tap; AudioSocket carries it as its first message."""

_SAFE_CALL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,79}\Z")


def parse_call_id(text: str) -> CallId:
    """The text as a CallId, safe as a file name and in a URL.

    Raises:
        ValueError: if it holds anything but letters, digits, dot and hyphen.
    """
    if not _SAFE_CALL_ID.match(text) or ".." in text:
        raise ValueError("a call id holds only letters, digits, dots and hyphens")
    return CallId(text)


def new_secret(size: int = 32) -> str:
    """A random secret of `size` bytes, as URL-safe text without padding."""
    return secrets.token_urlsafe(size)
