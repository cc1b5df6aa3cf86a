"""Vosk behind the `Recognizer` port: the only file with Vosk words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import vosk  # pyright: ignore[reportMissingTypeStubs]

from transcription.chinese import join_words
from transcription.recognizer import MODEL_RATE_HZ, Guess, Recognizer, Settled, Word

# pyright: reportUnknownMemberType=false


class VoskModel:
    """A loaded model, shared by all recognisers of a process (Vosk counts its references)."""

    def __init__(self, folder: Path) -> None:
        vosk.SetLogLevel(-1)
        self._model: Any = vosk.Model(str(folder))

    def __call__(self) -> Recognizer:
        """A fresh recogniser."""
        return VoskRecognizer(self._model)


class VoskRecognizer:
    """One speaker. Vosk lets other Python threads run while it decodes."""

    def __init__(self, model: Any) -> None:
        self._engine: Any = vosk.KaldiRecognizer(model, MODEL_RATE_HZ)
        self._engine.SetWords(True)
        self._guess = ""

    def feed(self, pcm: bytes, *, guess: bool = True) -> Guess | Settled | None:
        """Hear a piece of sound; a guess only when it differs from the last one."""
        if self._engine.AcceptWaveform(pcm):
            self._guess = ""
            return _settled(self._engine.Result())
        if not guess:
            return None
        text = join_words(str(json.loads(self._engine.PartialResult()).get("partial", "")))
        if text and text != self._guess:
            self._guess = text
            return Guess(text)
        return None

    def finish(self) -> Settled | None:
        """Settle what is left."""
        self._guess = ""
        return _settled(self._engine.FinalResult())


def _settled(answer: str) -> Settled | None:
    heard: dict[str, Any] = json.loads(answer)
    raw = str(heard.get("text", ""))
    if not raw.strip():
        return None
    words = tuple(
        Word(str(word["word"]), float(word["start"]), float(word["end"]), float(word["conf"]))
        for word in heard.get("result", [])
    )
    return Settled(join_words(raw), raw, words)
