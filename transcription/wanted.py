"""Whose voices are to be listened to live: rows in, channels out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.ids import LegId
from core.vocabulary import CallState, Speaker
from db.models import Call
from db.repositories import calls, leg_words
from db.repositories.leg_words import Voice

LISTENED: Final = (CallState.TALKING, CallState.HELD)
RANK: Final = (Speaker.CALLER, Speaker.OUTSIDE, Speaker.SEAT)
"""Who is given up last stands first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One voice that is to be listened to."""

    subject: str
    """The call's id, or a name of the conference: what it ends with."""
    speaker: Speaker
    channel: str
    since: dt.datetime
    voice: Voice | None = None


@dataclass(frozen=True, slots=True)
class Tapped:
    """One voice that is being listened to."""

    leg: LegId
    subject: str
    speaker: Speaker
    channel: str
    worker: int
    voice: Voice | None = None

    @property
    def party(self) -> int:
        """The leg of a conference that it is; 0 for a call's own two."""
        return self.voice.leg_id if self.voice is not None else 0


def subject_of(bridge_id: int) -> str:
    """What a conference is called here."""
    return f"bridge-{bridge_id}"


def of_call(call: Call) -> list[Wanted]:
    """Caller and seat of a call that talks."""
    if call.answered_at is None or call.state not in LISTENED:
        return []
    sides = ((Speaker.CALLER, call.channel), (Speaker.SEAT, call.seat_channel))
    return [
        Wanted(call.id, speaker, channel, call.answered_at)
        for speaker, channel in sides
        if channel is not None
    ]


async def of_talk(session: AsyncSession, call: Call) -> list[Wanted]:
    """Caller and seat of a call that talks; a colleague who was given it is the party that was dialled.

    One channel is both then, and whoever comes to tap it first must not make another's words of it.
    """
    sides = of_call(call)
    voices = await leg_words.on_channels(session, [side.channel for side in sides])
    parties = {voice.channel: _party(voice) for voice in voices}
    return [parties.get(side.channel, side) for side in sides]


async def of_parties(session: AsyncSession) -> list[Wanted]:
    """Everybody who was dialled into a running conference."""
    return [_party(voice) for voice in await leg_words.joined(session) if voice.channel]


def _party(voice: Voice) -> Wanted:
    return Wanted(subject_of(voice.bridge_id), voice.speaker, voice.channel, voice.since, voice)


async def everybody(session: AsyncSession) -> Sequence[Wanted]:
    """All voices of the house, those first that are given up last."""
    found = [one for call in await calls.open_calls(session) for one in await of_talk(session, call)]
    found += await of_parties(session)
    return sorted(found, key=lambda one: RANK.index(one.speaker))
