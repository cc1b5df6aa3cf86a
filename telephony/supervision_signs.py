"""What one sign of Asterisk changes in a leader's row, and what it means for the call."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.ids import CallId, OperatorId, SeatId
from core.supervision_events import CallTakenOver, LeaderRang, SupervisionEnded, SupervisionFact
from core.supervision_words import Mode, SupervisionEnd, SupervisionState
from db.models.supervision import Supervision
from db.repositories import calls
from telephony.supervision_states import FACT_OF, ON_THE_WAY, next_state
from telephony.supervision_translate import Heard, Sign

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told, and whether a caller was left alone by a leader who did not mean it."""

    fact: SupervisionFact | None = None
    taken: CallTakenOver | None = None
    lost: bool = False
    room: int | None = None
    """The conference in which the leader is to take the seat's place."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When, whether the operator may know, and whether it was found after a gap."""

    now: dt.datetime
    visible: bool = False
    gap: bool = False


def about(row: Supervision, now: dt.datetime, *, told: bool | None = None) -> dict[str, Any]:
    """What every fact of this row says."""
    return {
        "at": now,
        "supervision_id": row.id,
        "leader_id": OperatorId(row.account_id),
        "seat_id": SeatId(row.seat_id),
        "call_id": CallId(row.call_id),
        "told": row.told if told is None else told,
    }


async def take_in(session: AsyncSession, row: Supervision, heard: Heard, moment: Moment) -> News:
    """Fill the row in. Raises IllegalTransition for a sign that is late or doubled."""
    if heard.sign is Sign.CALLER_IN_ROOM:
        return await _taken_over(session, row, moment)
    if heard.sign is Sign.LEAVES:
        row.reason = row.reason or SupervisionEnd.BY_LEADER
        return News()
    if heard.spied and heard.spied != row.seat_channel:
        log.warning("ami_suspicious", supervision_id=row.id, reason="a leader at another seat")
        return News()
    row.channel = heard.channel or row.channel
    if heard.sign is Sign.IN_CONFERENCE and row.wanted is Mode.TAKE_OVER:
        return News(_began(row, heard, moment), taken=_taken(row, moment), room=heard.bridge_id)
    if heard.sign in (Sign.HUNG_UP, Sign.NEVER_BEGAN):
        lost = row.state is SupervisionState.TAKEN_OVER and row.reason is None
        return News(_over(row, moment), lost=lost)
    return News(_began(row, heard, moment))


def _began(row: Supervision, heard: Heard, moment: Moment) -> SupervisionFact:
    mode = _shown_mode(row, heard)
    told = row.told or moment.visible or mode in (Mode.TAKE_OVER, Mode.BARGE)
    fact = (FACT_OF[mode] if mode is not None else LeaderRang)(**about(row, moment.now, told=told))
    row.state = next_state(row.state, fact)
    row.told = told
    if mode is not None:
        row.began_at = row.began_at or fact.at
        row.modes = [*row.modes, [fact.at.isoformat(), mode.value]]
    return fact


def _shown_mode(row: Supervision, heard: Heard) -> Mode | None:
    if heard.sign is Sign.IN_ROOM:
        return Mode.TAKE_OVER
    if heard.sign is Sign.IN_CONFERENCE:
        return Mode.TAKE_OVER if row.wanted is Mode.TAKE_OVER else Mode.BARGE
    return heard.mode


def _over(row: Supervision, moment: Moment) -> SupervisionFact:
    unsaid = SupervisionEnd.GONE if moment.gap else SupervisionEnd.CALL_ENDED
    reason = row.reason or (SupervisionEnd.NO_ANSWER if row.state in ON_THE_WAY else unsaid)
    fact = SupervisionEnded(**about(row, moment.now), reason=reason)
    row.state = next_state(row.state, fact)
    row.ended_at, row.reason = fact.at, reason
    return fact


async def _taken_over(session: AsyncSession, row: Supervision, moment: Moment) -> News:
    call = await calls.get(session, row.call_id)
    if call is None or (call.operator_id == row.account_id and call.seat_id is None):
        return News()
    return News(taken=_taken(row, moment))


def placed(row: Supervision, bridge_id: int, now: dt.datetime) -> News:
    """The leader is in this conference and is to have the seat's place, and its call."""
    return News(taken=_taken(row, Moment(now)), room=bridge_id)


def _taken(row: Supervision, moment: Moment) -> CallTakenOver:
    return CallTakenOver(
        at=moment.now,
        call_id=CallId(row.call_id),
        leader_id=OperatorId(row.account_id),
        leader_channel=row.channel or "",
    )
