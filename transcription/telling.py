"""What was heard of a voice: guesses are told, settled lines are stored and then told."""

from __future__ import annotations

from typing import Any

from core.bus import Bus
from core.clock import Clock
from core.events import TranscriptionFailed, UtteranceGuessed, UtteranceSettled
from core.ids import CallId, UtteranceId
from core.words_events import LegGuessed, LegSettled
from db.repositories import event_log, utterances
from db.repositories.leg_words import Voice
from db.session import SessionMaker, transaction
from transcription.wanted import Tapped


class Teller:
    """The only writer of live lines."""

    def __init__(self, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock

    async def guessed(self, tapped: Tapped, text: str) -> None:
        """What the engine hears so far."""
        said: dict[str, Any] = {
            "at": self._clock.now(),
            "speaker": tapped.speaker,
            "pii_text": text,
            "start_s": 0.0,
        }
        if tapped.voice is not None:
            await self._bus.publish(LegGuessed(**said, **_about(tapped.voice)))
        else:
            await self._bus.publish(UtteranceGuessed(**said, call_id=CallId(tapped.subject)))

    async def settled(self, tapped: Tapped, line: dict[str, Any]) -> None:
        """A line that stays."""
        voice = tapped.voice
        async with transaction(self._sessions) as session:
            row = await utterances.add(
                session,
                call_id=voice.call_id if voice is not None else tapped.subject,
                speaker=tapped.speaker,
                source="live",
                **line,
                party=voice.columns if voice is not None else {},
            )
            said: dict[str, Any] = {
                "at": self._clock.now(),
                "utterance_id": UtteranceId(row.id),
                "speaker": tapped.speaker,
                "pii_text": line["text"],
                **{name: line[name] for name in ("start_s", "end_s", "confidence")},
            }
            if voice is not None:
                fact = LegSettled(**said, **_about(voice))
            else:
                fact = UtteranceSettled(**said, call_id=CallId(tapped.subject))
            await event_log.append(session, fact)
        await self._bus.publish(fact)

    async def failed(self, call_id: str, reason: str) -> None:
        """This call has no live words."""
        fact = TranscriptionFailed(at=self._clock.now(), call_id=CallId(call_id), reason=reason)
        async with transaction(self._sessions) as session:
            # Stored, because only what is stored reaches the screens, and one that loads later must know too
            await event_log.append(session, fact)
        await self._bus.publish(fact)


def _about(voice: Voice) -> dict[str, Any]:
    return {
        "bridge_id": voice.bridge_id,
        "call_id": CallId(voice.call_id) if voice.call_id else None,
        "ticket_id": voice.ticket_id,
        "leg_id": voice.leg_id,
        "role": voice.role,
        "attempt": voice.attempt,
        "pii_who": voice.who,
    }
