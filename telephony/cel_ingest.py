"""Calls that AMI could not tell us of, from Asterisk's own event file (CEL): the same facts, once.

A call is folded when it is over in the file. The durable offset stays before the first row of the oldest call
that is not over, so a reader that dies starts there again; a call that is already kept changes nothing.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import structlog

from core.callback_events import CallBackAsked
from core.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallFact,
    CallQueued,
    MessageLeft,
    MessageStarted,
)
from core.ids import CallId, SeatId, parse_call_id
from core.room_events import CallRequeued
from core.routing_events import CallTurnedAway, EmergencyKeyPressed, OwnSeatOffered, OwnSeatPassed
from core.vocabulary import CallState, EndedBy
from db.models.call import Call
from db.repositories import calls, ingest
from db.session import SessionMaker, reading, transaction
from telephony.call_service import CallService
from telephony.channel_names import is_caller_channel, safe_number, seat_of_channel

log = structlog.get_logger(__name__)

COLUMNS: Final = 13
READ_SIZE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class CelRow:
    """One line, in the order of deploy/asterisk/cel_custom.conf.j2."""

    event: str
    epoch: str
    uniqueid: str
    linkedid: str
    channel: str
    caller: str
    exten: str
    context: str
    app: str
    appdata: str
    user_event: str
    extra: str
    peer: str

    @property
    def at(self) -> dt.datetime:
        """When it happened. Raises ValueError for a line that says no time."""
        return dt.datetime.fromtimestamp(float(self.epoch), dt.UTC)


@dataclass(slots=True)
class _Story:
    """The rows of one call so far, and where in the file they begin."""

    offset: int
    rows: list[CelRow] = field(default_factory=list[CelRow])
    over: bool = False


def read_row(line: str) -> CelRow | None:
    """One line as a row; None for a line that is not one of ours."""
    try:
        found = next(csv.reader([line], strict=True))
    except (csv.Error, StopIteration):
        return None
    return CelRow(*found) if len(found) == COLUMNS else None


def facts_of(rows: list[CelRow], *, gone: bool = False) -> list[CallFact]:
    """What a call's rows tell, in order; `gone` ends a call whose end was never written."""
    facts: list[CallFact] = []
    queued: dt.datetime | None = None
    own: OwnSeatOffered | None = None
    for row in rows:
        fact = _fact(row, queued)
        if fact is None:
            continue
        if own is not None:
            facts += _passed(own, fact)
        own = fact if isinstance(fact, OwnSeatOffered) else None if _passes(fact) else own
        if isinstance(fact, CallQueued | OwnSeatOffered):
            queued = queued or row.at
        facts.append(fact)
    if gone and not any(isinstance(fact, CallEnded) for fact in facts):
        call_id = CallId(rows[0].linkedid)
        facts.append(CallEnded(at=rows[-1].at, call_id=call_id, cause=0, ended_by=EndedBy.UNKNOWN))
    return facts


def _passes(fact: CallFact) -> bool:
    """Whether the ring at the caller's own operator is over with this fact."""
    return isinstance(fact, CallQueued | CallAnswered | EmergencyKeyPressed | CallEnded)


def _passed(own: OwnSeatOffered, fact: CallFact) -> list[CallFact]:
    """That the ring was not answered is written nowhere: what comes next tells it."""
    if not _passes(fact) or (isinstance(fact, CallAnswered) and fact.seat_id == own.seat_id):
        return []
    ring_s = (fact.at - own.at).total_seconds()
    return [OwnSeatPassed(at=fact.at, call_id=own.call_id, seat_id=own.seat_id, ring_s=ring_s)]


def _fact(row: CelRow, queued: dt.datetime | None) -> CallFact | None:
    call_id, at = parse_call_id(row.linkedid), row.at
    seat_id = seat_of_channel(row.channel)
    if seat_id is not None:
        if row.event != "BRIDGE_ENTER":
            return None
        wait_s = max(0.0, (at - queued).total_seconds()) if queued else 0.0
        return CallAnswered(at=at, call_id=call_id, seat_id=seat_id, wait_s=wait_s, seat_channel=row.channel)
    if row.uniqueid != row.linkedid or not is_caller_channel(row.channel):
        return None
    if row.event == "CHAN_START":
        return CallArrived(
            at=at,
            call_id=call_id,
            pii_caller=safe_number(row.caller),
            dialled=row.exten[:40],
            channel=row.channel,
        )
    if row.event == "HANGUP":
        extra = _extra(row)
        return CallEnded(at=at, call_id=call_id, cause=int(extra.get("hangupcause", 0)), ended_by=_by(extra))
    # A user event stands under its own name or as USER_DEFINED, as the version of the CEL writer has it
    return _told(row, call_id) if row.user_event else None


def _told(row: CelRow, call_id: CallId) -> CallFact | None:
    if row.user_event == "MsQueued":
        return CallQueued(at=row.at, call_id=call_id, position=0)
    if row.user_event == "MsRequeue":
        return CallRequeued(at=row.at, call_id=call_id)
    if row.user_event == "MsUrgent":
        return EmergencyKeyPressed(at=row.at, call_id=call_id)
    if row.user_event == "MsCallBack":
        return CallBackAsked(at=row.at, call_id=call_id)
    return _told_with(row, call_id, str(_extra(row).get("extra", ""))[:40])


def _told_with(row: CelRow, call_id: CallId, told: str) -> CallFact | None:
    """User events that carry a word or a number of the dialplan's own."""
    if row.user_event == "MsOwnSeat" and told.isdecimal():
        return OwnSeatOffered(at=row.at, call_id=call_id, seat_id=SeatId(int(told)))
    if row.user_event == "MsTurnedAway":
        return CallTurnedAway(at=row.at, call_id=call_id, reason=told)
    if row.user_event == "MsMessageStarted":
        return MessageStarted(at=row.at, call_id=call_id, reason=told)
    if row.user_event == "MsMessageLeft":
        name = f"{call_id}-message.wav16"
        seconds = float(told) if told.isdecimal() else 0.0
        return MessageLeft(at=row.at, call_id=call_id, file_name=name, duration_s=seconds)
    return None


def _extra(row: CelRow) -> dict[str, Any]:
    try:
        found = json.loads(row.extra)
    except ValueError:
        return {}
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}


def _by(extra: dict[str, Any]) -> EndedBy:
    source = str(extra.get("hangupsource", ""))
    if is_caller_channel(source):
        return EndedBy.CALLER
    return EndedBy.SEAT if seat_of_channel(source) is not None else EndedBy.SYSTEM


def _untold(call: Call, fact: CallFact) -> bool:
    """What the dialplan tells besides the call's life: an ended call may still lack it."""
    if isinstance(fact, MessageLeft):
        return call.message_file is None
    return isinstance(fact, CallBackAsked) and call.callback_asked_at is None


def _older(story: _Story, moment: dt.datetime | None) -> bool:
    return moment is not None and story.rows[0].at < moment - dt.timedelta(seconds=1)


class CelIngest:
    """Reads one file from where it stood; `sweep` may be called at any time, by one task at once."""

    def __init__(self, file: Path, sessions: SessionMaker, call_service: CallService) -> None:
        self._file = file
        self._sessions = sessions
        self._calls = call_service
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
        if not self._file.exists():
            return 0
        await self._find_place()
        self._read()
        recovered = 0
        for call_id, story in list(self._stories.items()):
            gone = alive is not None and call_id not in alive and _older(story, looked_at)
            if story.over or gone:
                recovered += await self._fold(story, gone=gone)
                del self._stories[call_id]
        await self._remember()
        return recovered

    async def _find_place(self) -> None:
        inode = self._file.stat().st_ino
        if (
            self._position is not None
            and inode == self._inode
            and self._position <= self._file.stat().st_size
        ):
            return
        self._stories.clear()
        async with reading(self._sessions) as session:
            kept = await ingest.get(session, str(self._file.name))
        same = kept is not None and kept.inode == inode and kept.offset <= self._file.stat().st_size
        self._inode, self._position = inode, kept.offset if kept is not None and same else 0

    def _read(self) -> None:
        with self._file.open("rb") as source:
            source.seek(self._position or 0)
            rest = b""
            while data := source.read(READ_SIZE):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._take(line, self._position or 0)
                    self._position = (self._position or 0) + len(line) + 1

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
            self._stories.setdefault(row.linkedid, _Story(offset))
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
        place = min((story.offset for story in self._stories.values()), default=self._position or 0)
        async with transaction(self._sessions) as session:
            kept = await ingest.get(session, str(self._file.name))
            if kept is None or (kept.inode, kept.offset) != (self._inode, place):
                await ingest.save(session, str(self._file.name), self._inode, place)
