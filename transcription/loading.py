"""A model's engine, loaded: the one place where the two are told apart."""

from __future__ import annotations

from core.config import Engine
from transcription.models import InstalledModel
from transcription.recognizer import RecognizerFactory
from transcription.sherpa_recognizer import SherpaModel
from transcription.vosk_recognizer import VoskModel


def load(model: InstalledModel) -> RecognizerFactory:
    """Load it; seconds of work. Raises what its engine raises for a broken model."""
    return SherpaModel(model.folder) if model.engine is Engine.SHERPA else VoskModel(model.folder)
