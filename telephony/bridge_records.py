"""What Asterisk wrote down (CEL) of legs that nobody watched: how far each came, how it ended."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from telephony.cel_ingest import CelRow, read_row

TAIL: Final = 16 << 20
"""Bytes from the end that are looked at: some hours of a busy day."""


@dataclass(frozen=True, slots=True)
class Story:
    """One leg's channel as written down."""

    asked_back: bool = False
    joined: bool = False
    ended: bool = False
    cause: int = 0


def stories(file: Path, channel_ids: Collection[str]) -> dict[str, Story]:
    """The stories of these channels; a channel that never was has none."""
    found: dict[str, Story] = {}
    if not channel_ids or not file.exists():
        return found
    with file.open("rb") as source:
        source.seek(max(0, file.stat().st_size - TAIL))
        for line in source:
            if b'"br-' not in line:
                continue
            row = read_row(line.decode("utf-8", "replace").strip())
            if row is not None and row.uniqueid in channel_ids:
                found[row.uniqueid] = _go_on(found.get(row.uniqueid, Story()), row)
    return found


def _go_on(story: Story, row: CelRow) -> Story:
    return Story(
        asked_back=story.asked_back or row.user_event == "MsLegLater",
        joined=story.joined or (row.event == "APP_START" and row.app == "ConfBridge"),
        ended=story.ended or row.event == "HANGUP",
        cause=_cause(row) if row.event == "HANGUP" else story.cause,
    )


def _cause(row: CelRow) -> int:
    try:
        extra: Any = json.loads(row.extra)
        return int(cast(dict[str, Any], extra)["hangupcause"])
    except (ValueError, KeyError, TypeError):
        return 0
