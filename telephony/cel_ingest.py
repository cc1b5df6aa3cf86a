"""Calls that AMI could not tell us of, from Asterisk's own event file (CEL): the same facts, once.

A call is folded when it is over in the file. The durable place stays before the first row of the oldest call
that is not over, so a reader that dies starts there again; a call that is already kept changes nothing.

The file is cut here, by its reader: what was written into the old piece after the last look is read from
there before the new one is begun.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from core.callback_events import CallBackAsked
from core.events import CallFact, MessageLeft
from core.ids import parse_call_id
from core.vocabulary import CallState
from db.models.call import Call
from db.repositories import calls, ingest
from db.session import SessionMaker, reading, transaction
from telephony.call_service import CallService
from telephony.cel_facts import CelRow, facts_of, read_row
from telephony.channel_names import is_caller_channel
from telephony.file_pieces import next_piece, pieces

log = structlog.get_logger(__name__)

READ_SIZE: Final = 1 << 20


@dataclass(slots=True)
class _Story:
    """The rows of one call so far, and where they begin: which file, and how far into it."""

    inode: int
    offset: int
    rows: list[CelRow] = field(default_factory=list[CelRow])
    over: bool = False


def _untold(call: Call, fact: CallFact) -> bool:
    """What the dialplan tells besides the call's life: an ended call may still lack it."""
    if isinstance(fact, MessageLeft):
        return call.message_file is None
    return isinstance(fact, CallBackAsked) and call.callback_asked_at is None


def _older(story: _Story, moment: dt.datetime | None) -> bool:
    return moment is not None and story.rows[0].at < moment - dt.timedelta(seconds=1)


class CelIngest:
    """Reads one file from where it stood; `sweep` may be called at any time, by one task at once."""

    def __init__(
        self, file: Path, sessions: SessionMaker, call_service: CallService, cut_at: int | None = None
    ) -> None:
        self._file = file
        self._sessions = sessions
        self._calls = call_service
        self._cut_at = cut_at
        """Bytes beyond which a new file is begun; None = never."""
        self._stories: dict[str, _Story] = {}
        self._position: int | None = None
        self._inode = 0

    def so_far(self, call_id: str) -> list[CallFact]:
        """What the file tells of a call that is not over; empty for one it does not know."""
        story = self._stories.get(call_id)
        return facts_of(story.rows) if story else []

    async def sweep(self, alive: Collection[str] | None = None, looked_at: dt.datetime | None = None) -> int:
        """Read what is new and keep what is over; returns how many calls were recovered.

        `alive` are the calls that Asterisk had at `looked_at`; one that began before and is neither over nor
        alive is ended here. Without them only calls whose end is in the file are kept.
        """
        for file in await self._unread():
            self._read(file)
        recovered = 0
        for call_id, story in list(self._stories.items()):
            gone = alive is not None and call_id not in alive and _older(story, looked_at)
            if story.over or gone:
                recovered += await self._fold(story, gone=gone)
                del self._stories[call_id]
        await self._remember()
        self._cut()
        return recovered

    async def _unread(self) -> list[Path]:
        """The files to read, oldest first: the one where reading stood, and those that were begun since."""
        files = [*pieces(self._file), *([self._file] if self._file.exists() else [])]
        if not files:
            return []
        if (found := self._from_place(files)) is not None:
            return found
        self._stories.clear()
        async with reading(self._sessions) as session:
            kept = await ingest.get(session, self._file.name)
        if kept is not None:
            self._inode, self._position = kept.inode, kept.offset
            if (found := self._from_place(files)) is not None:
                return found
        # The first time, or the file was taken away or emptied by somebody else
        self._inode, self._position = 0, 0
        return files[-1:]

    def _from_place(self, files: list[Path]) -> list[Path] | None:
        if self._position is None:
            return None
        for number, file in enumerate(files):
            about = file.stat()
            if about.st_ino == self._inode:
                return files[number:] if self._position <= about.st_size else None
        return None

    def _read(self, file: Path) -> None:
        with file.open("rb") as source:
            inode = os.fstat(source.fileno()).st_ino
            if inode != self._inode:
                self._inode, self._position = inode, 0
            source.seek(self._position or 0)
            rest = b""
            while data := source.read(READ_SIZE):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._take(line, self._position or 0)
                    self._position = (self._position or 0) + len(line) + 1

    def _cut(self) -> None:
        """Begin a new file. Asterisk opens it anew for each line: none is lost between the two names."""
        if self._cut_at is None or not self._file.exists() or self._file.stat().st_size <= self._cut_at:
            return
        try:
            self._file.rename(next_piece(self._file))
        except OSError as error:
            log.warning("cel_not_cut", reason=str(error))

    def _take(self, line: bytes, offset: int) -> None:
        row = read_row(line.decode("utf-8", "replace").rstrip("\r"))
        if row is None:
            if line.strip():
                log.warning("cel_line_not_understood", offset=offset)
            return
        try:
            parse_call_id(row.linkedid)
            _ = row.at
        except (ValueError, OverflowError):
            log.warning("cel_line_not_understood", offset=offset)
            return
        begins = row.event == "CHAN_START" and row.uniqueid == row.linkedid and is_caller_channel(row.channel)
        if begins and row.context == "from-trunk":
            self._stories.setdefault(row.linkedid, _Story(self._inode, offset))
        story = self._stories.get(row.linkedid)
        if story is not None:
            story.rows.append(row)
            story.over = story.over or (row.event == "CHAN_END" and row.uniqueid == row.linkedid)

    async def _fold(self, story: _Story, *, gone: bool) -> int:
        facts = facts_of(story.rows, gone=True)
        call_id = facts[0].call_id
        async with reading(self._sessions) as session:
            call = await calls.get(session, call_id)
        if call is not None and call.state is CallState.ENDED:
            missing = [fact for fact in facts if _untold(call, fact)]
            return int(any([await self._calls.apply(fact, recovered=True) for fact in missing]))
        log.warning("repaired", call_id=call_id, reason="told by Asterisk's own records", gone=gone)
        for fact in facts:
            await self._calls.apply(fact, recovered=True)
        return 1

    async def _remember(self) -> None:
        if self._position is None:
            return
        # Stories stand in the order in which they began
        oldest = next(iter(self._stories.values()), None)
        inode, place = (oldest.inode, oldest.offset) if oldest is not None else (self._inode, self._position)
        async with transaction(self._sessions) as session:
            kept = await ingest.get(session, self._file.name)
            if kept is None or (kept.inode, kept.offset) != (inode, place):
                await ingest.save(session, self._file.name, inode, place)
