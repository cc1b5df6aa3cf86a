"""What Asterisk wrote down (CEL) of legs that nobody watched: how far each came, how it ended."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

from telephony.cel_facts import CelRow, read_row
from telephony.file_pieces import pieces

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
    if not channel_ids:
        return found
    for line in _last_lines(file):
        if b'"br-' not in line:
            continue
        row = read_row(line.decode("utf-8", "replace").strip())
        if row is not None and row.uniqueid in channel_ids:
            found[row.uniqueid] = _go_on(found.get(row.uniqueid, Story()), row)
    return found


def _last_lines(file: Path) -> Iterator[bytes]:
    """The file's end; beyond its beginning, that of the piece before it: it may just have been cut."""
    with ExitStack() as opened:
        # The newest first: a file that is cut between the two looks is then read twice, never passed over
        size = 0
        sources: list[IO[bytes]] = []
        for one in (file, *pieces(file)[::-1]):
            try:
                source = opened.enter_context(one.open("rb"))
            except FileNotFoundError:
                continue
            length = os.fstat(source.fileno()).st_size
            source.seek(max(0, length - (TAIL - size)))
            sources.append(source)
            size += length
            if size >= TAIL:
                break
        for source in reversed(sources):
            yield from source


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
