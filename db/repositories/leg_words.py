"""Parties of conferences as voices: who is to be listened to, whose recording waits to be heard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import LegState, is_colleague, role_label
from core.vocabulary import RecordingState, Speaker
from db.models.bridge import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber
from db.models.call import Call, Utterance
from db.repositories.bridges import OPEN


@dataclass(frozen=True, slots=True)
class Voice:
    """One party that was dialled into a conference."""

    bridge_id: int
    leg_id: int
    attempt_id: int
    attempt: int
    call_id: str | None
    ticket_id: int | None
    role: str
    at_seat: bool
    who: str
    """Role and name, as screens show it."""
    channel: str
    since: dt.datetime
    """Its lines count from here: the call's answer, or the press."""
    joined_at: dt.datetime | None
    ended_at: dt.datetime | None
    name: str
    """Whose number was called."""
    file: str | None

    @property
    def speaker(self) -> Speaker:
        """A seat that was dialled in is a seat; everybody else is outside."""
        return Speaker.SEAT if self.at_seat else Speaker.OUTSIDE

    @property
    def columns(self) -> dict[str, int]:
        """What says in a line whose it is."""
        return {
            "bridge_id": self.bridge_id,
            "bridge_leg_id": self.leg_id,
            "bridge_attempt_id": self.attempt_id,
        }


async def joined(session: AsyncSession) -> list[Voice]:
    """Everybody who was dialled and is in a running conference now, oldest first."""
    present = (BridgeAttempt.number == BridgeLeg.attempt) & (BridgeLeg.state == LegState.JOINED)
    return await _voices(session, present & Bridge.state.in_(OPEN))


async def on_channels(session: AsyncSession, channels: Collection[str]) -> list[Voice]:
    """Whoever of a running conference was dialled on one of these channels, joined or not yet."""
    here = (BridgeAttempt.number == BridgeLeg.attempt) & BridgeLeg.channel.in_(channels)
    return await _voices(session, here & Bridge.state.in_(OPEN))


async def of_legs(session: AsyncSession, leg_ids: Collection[int]) -> list[Voice]:
    """The present attempts of these legs, whatever their state."""
    return await _voices(session, BridgeLeg.id.in_(leg_ids) & (BridgeAttempt.number == BridgeLeg.attempt))


async def unheard(session: AsyncSession) -> Voice | None:
    """The oldest recording of a party that waits for its second pass, or None."""
    waiting = await _voices(session, BridgeAttempt.sound_state == RecordingState.JOINED, limit=1)
    return waiting[0] if waiting else None


async def of_attempt(session: AsyncSession, attempt_id: int) -> Voice | None:
    """One attempt at a party, or None."""
    found = await _voices(session, BridgeAttempt.id == attempt_id)
    return found[0] if found else None


async def of_bridge(session: AsyncSession, bridge_id: int) -> list[Voice]:
    """Every attempt at every party of a conference, oldest first."""
    return await _voices(session, Bridge.id == bridge_id)


async def of_call(session: AsyncSession, call_id: str) -> list[Voice]:
    """Every attempt at every party of a call's conferences, oldest first."""
    return await _voices(session, Bridge.call_id == call_id)


async def replace_with_final(session: AsyncSession, voice: Voice, lines: Sequence[dict[str, Any]]) -> None:
    """Put the second pass over a party's recording in the place of its live lines; repeatable."""
    await session.execute(delete(Utterance).where(Utterance.bridge_attempt_id == voice.attempt_id))
    whose = {"call_id": voice.call_id, "speaker": voice.speaker, "source": "final", **voice.columns}
    session.add_all(Utterance(**whose, **line) for line in lines)
    await session.flush()


async def windows(session: AsyncSession, call: Call) -> list[tuple[float, float]]:
    """From when to when the call was a conference, in seconds from the answer."""
    if call.answered_at is None:
        return []
    query = select(Bridge.opened_at, Bridge.ended_at).where(
        Bridge.call_id == call.id, Bridge.opened_at.is_not(None)
    )
    return [
        (
            (opened - call.answered_at).total_seconds(),
            (ended - call.answered_at).total_seconds() if ended else float(10**9),
        )
        for opened, ended in await session.execute(query)
        if opened is not None
    ]


async def _voices(session: AsyncSession, which: ColumnElement[bool], limit: int = 500) -> list[Voice]:
    called = (BridgeNumber.leg_id == BridgeLeg.id) & (BridgeNumber.place == BridgeAttempt.place)
    query = (
        select(Bridge, BridgeLeg, BridgeAttempt, BridgeNumber.name, Call.answered_at)
        .join(BridgeLeg, BridgeLeg.bridge_id == Bridge.id)
        .join(BridgeAttempt, BridgeAttempt.leg_id == BridgeLeg.id)
        .outerjoin(BridgeNumber, called)
        .outerjoin(Call, Call.id == Bridge.call_id)
        .order_by(BridgeAttempt.id)
    )
    rows = await session.execute(query.where(which).limit(limit))
    return [_voice(bridge, leg, attempt, name, at) for bridge, leg, attempt, name, at in rows]


def _seat_of(leg: BridgeLeg) -> str:
    """Which of the colleagues it is; the own seat needs no number."""
    return f"{leg.seat_id}号席" if leg.seat_id is not None and is_colleague(leg.role) else ""


def _voice(
    bridge: Bridge, leg: BridgeLeg, attempt: BridgeAttempt, name: str | None, answered: dt.datetime | None
) -> Voice:
    return Voice(
        bridge_id=bridge.id,
        leg_id=leg.id,
        attempt_id=attempt.id,
        attempt=attempt.number,
        call_id=bridge.call_id,
        ticket_id=bridge.ticket_id,
        role=leg.role,
        at_seat=leg.seat_id is not None,
        who=f"{role_label(leg.role)} {name or _seat_of(leg)}".strip(),
        channel=leg.channel or "",
        since=answered or bridge.pressed_at,
        joined_at=attempt.joined_at,
        ended_at=attempt.ended_at,
        name=name or "",
        file=attempt.recording_file if attempt.sha256 else None,
    )
