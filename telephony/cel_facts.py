"""One line of Asterisk's event file (CEL), and the facts that a call's lines tell."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, Final, cast

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
from core.vocabulary import EndedBy
from telephony.channel_names import is_caller_channel, safe_number, seat_of_channel

COLUMNS: Final = 13


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
