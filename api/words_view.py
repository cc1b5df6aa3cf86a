"""Lines of a transcript as screens see them: whose they are, and where their sound is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.vocabulary import label
from db.models import Utterance
from db.repositories.leg_words import Voice


def transcript_json(lines: Sequence[Utterance], voices: Sequence[Voice]) -> dict[str, Any]:
    """The lines in their order; `final` once a second pass is done; the sounds of a conference's parties."""
    whose = {voice.attempt_id: voice for voice in voices}
    return {
        "final": any(line.source == "final" for line in lines),
        "lines": [_line(line, whose.get(line.bridge_attempt_id or 0)) for line in lines],
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
