"""Lines of a transcript as screens see them: whose they are, and where their sound is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.events import TranscriptionFailed, UtteranceSettled
from core.vocabulary import label
from db.models import Utterance
from db.repositories import event_log
from db.repositories.leg_words import Voice

_HEARD = (UtteranceSettled.__name__, TranscriptionFailed.__name__)
_REASONS = {
    "no_model": "没有安装语音模型",
    "disabled": "转写没有启用",
    "worker_away": "转写程序没有响应",
    "loading": "语音模型正在载入",
    "starting": "转写程序正在启动",
    "tap_failed": "没有接上通话的声音",
}


async def deafness(session: AsyncSession, call_id: str) -> str | None:
    """Why nobody writes this call down at the moment; None while words come."""
    last = await event_log.last_of(session, call_id, _HEARD)
    if last is None or last.kind != TranscriptionFailed.__name__:
        return None
    return _REASONS.get(last.payload["reason"], "机器太忙")


def transcript_json(
    lines: Sequence[Utterance], voices: Sequence[Voice], deaf: str | None = None
) -> dict[str, Any]:
    """The lines in their order; `final` once a second pass is done; the sounds of a conference's parties."""
    whose = {voice.attempt_id: voice for voice in voices}
    return {
        "final": any(line.source == "final" for line in lines),
        "lines": [_line(line, whose.get(line.bridge_attempt_id or 0)) for line in lines],
        "deaf": deaf,
        "sounds": [sound_json(voice) for voice in voices if voice.file is not None],
    }


def sound_json(voice: Voice) -> dict[str, Any]:
    """The recording of a party: its lines at `start_s` are heard at `start_s - offset_s`."""
    began = voice.joined_at or voice.since
    return {
        "attempt_id": voice.attempt_id,
        "who": voice.who,
        "url": f"/api/v1/bridges/{voice.bridge_id}/attempts/{voice.attempt_id}/audio",
        "offset_s": max(0.0, (began - voice.since).total_seconds()),
    }


def _line(line: Utterance, voice: Voice | None) -> dict[str, Any]:
    return {
        "id": line.id,
        "speaker": line.speaker,
        "speaker_label": voice.who if voice is not None else label(line.speaker),
        "leg_id": line.bridge_leg_id,
        "attempt_id": line.bridge_attempt_id,
        "text": line.text,
        "start_s": line.start_s,
        "end_s": line.end_s,
        "confidence": line.confidence,
        "source": line.source,
    }
