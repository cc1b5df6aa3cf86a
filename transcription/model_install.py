"""How a speech model comes onto this machine: an official one by name, or a zip; whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

import httpx

from core.config import Settings
from core.errors import HotlineError
from transcription.models import SET_ASIDE, InstalledModel, language_of

OFFICIAL: Final = "https://alphacephei.com/vosk/models"
KNOWN_SHA256: Final[dict[str, str]] = {}
"""Archives whose sha256 somebody of us has checked. All others are remembered at their first installation."""
REMEMBERED: Final = "checksums.json"
UNPACKED_LIMIT: Final = 8 << 30
_NAME = re.compile(r"vosk-model-[a-z0-9][a-z0-9.-]{1,59}\Z")

Progress = Callable[[str], None]


class ModelNotInstalled(HotlineError):
    """语音模型没有装上。"""

    code = "model-not-installed"
    status = 502


@dataclass(frozen=True, slots=True)
class Source:
    """Where models come from, and what the archive must be."""

    address: str = OFFICIAL
    sha256: str = ""
    """Given by the administrator; empty = the known one, else the remembered one."""
    accept_changed: bool = False
    """Take an archive although it differs from the remembered one."""


def install(
    settings: Settings, name: str, progress: Progress, source: Source | None = None
) -> InstalledModel:
    """Fetch an official model by name, or take a zip file.

    Raises:
        ModelNotInstalled: with the reason in words.
    """
    source = source or Source()
    folder = settings.transcription.models_dir
    folder.mkdir(parents=True, exist_ok=True)
    if name.endswith(".zip"):
        if not Path(name).is_file():
            raise ModelNotInstalled(原因=f"没有这个文件：{name}")
        return _take(Path(name), folder, source, progress)
    if not _NAME.match(name):
        raise ModelNotInstalled(原因="模型名应形如 vosk-model-small-cn-0.22，或给出 zip 文件")
    archive = folder / f".{name}.zip.part"
    _download(f"{source.address}/{name}.zip", archive, progress)
    try:
        _check_against_list(source.address, name, archive, progress)
        return _take(archive, folder, source, progress)
    finally:
        archive.unlink(missing_ok=True)  # whole but wrong is as useless as installed


def _download(address: str, target: Path, progress: Progress) -> None:
    """Go on where an earlier attempt stopped; what was fetched stays for the next one."""
    have = target.stat().st_size if target.exists() else 0
    try:
        with httpx.stream(
            "GET",
            address,
            headers={"Range": f"bytes={have}-"} if have else {},
            follow_redirects=True,
            timeout=30,
        ) as answer:
            if have and answer.status_code == 416:
                if answer.headers.get("content-range") == f"bytes */{have}":
                    return  # all of it was here already
                target.unlink()
            answer.raise_for_status()
            _keep(answer, target, have if answer.status_code == 206 else 0, progress)
    except (httpx.HTTPError, OSError) as error:
        raise ModelNotInstalled(
            原因=f"无法下载 {address}（{type(error).__name__}）",
            办法="再试一次会续传，也可在别处下载后给出 zip 文件",
        ) from error


def _keep(answer: httpx.Response, target: Path, have: int, progress: Progress) -> None:
    total = int(answer.headers.get("content-length", 0)) + have
    done, told = have, have * 20 // total if total else 0
    if have:
        progress(f"续传，已有 {have / 1e6:.0f} MB")
    with target.open("ab" if have else "wb") as out:
        for piece in answer.iter_bytes(1 << 16):
            out.write(piece)
            done += len(piece)
            if total and done * 20 // total > told:
                told = done * 20 // total
                progress(f"下载 {done / 1e6:.0f} / {total / 1e6:.0f} MB（{100 * done // total}%）")


def _check_against_list(address: str, name: str, archive: Path, progress: Progress) -> None:
    """The publisher's list has an md5 of each archive: good against a broken transfer, not an attacker."""
    try:
        answer = httpx.get(f"{address}/model-list.json", follow_redirects=True, timeout=15)
        answer.raise_for_status()
        found: Any = answer.json()
        listed = cast(list[dict[str, Any]], found)
        wanted = next((str(one["md5"]) for one in listed if one.get("name") == name and one.get("md5")), "")
    except (httpx.HTTPError, ValueError, TypeError, AttributeError, KeyError):
        wanted = ""
    if not wanted:
        progress("官方清单里没有这个模型的校验值")
    elif _digest(archive, "md5") != wanted:
        raise ModelNotInstalled(原因="与官方清单的 md5 不符，下载已删除，请重试")
    else:
        progress("与官方清单的 md5 相符")


def _digest(file: Path, kind: str) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, kind).hexdigest()


def _take(archive: Path, folder: Path, source: Source, progress: Progress) -> InstalledModel:
    progress("校验……")
    digest = _digest(archive, "sha256")
    try:
        with zipfile.ZipFile(archive) as packed:
            name = _safe_name(packed, folder)
            _check_sha256(folder, name, digest, source, progress)
            if packed.testzip() is not None:
                raise ModelNotInstalled(原因="zip 文件已损坏，校验不符")
            progress("解压……")
            _unpack(packed, folder, name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ModelNotInstalled(原因="不是 zip 文件，或没有下载完整") from error
    except OSError as error:
        raise ModelNotInstalled(原因=f"写不进 {folder}（{error.strerror}）") from error
    _remember(folder, name, digest)
    progress(f"已安装 {name}")
    return InstalledModel(name, folder / name, language_of(name))


def _safe_name(packed: zipfile.ZipFile, folder: Path) -> str:
    """The one folder in the archive; refuses whatever could land beside it or fill the disk."""
    tops: set[str] = set()
    for entry in packed.infolist():
        parts = PurePosixPath(entry.filename).parts
        odd = "\\" in entry.filename or entry.filename.startswith("/") or ".." in parts or not parts
        if odd or stat.S_ISLNK(entry.external_attr >> 16):
            raise ModelNotInstalled(原因="zip 里有指向文件夹之外的路径，已拒绝")
        tops.add(parts[0])
    if len(tops) != 1 or not _NAME.match(next(iter(tops))):
        raise ModelNotInstalled(原因="zip 里应当只有一个 vosk-model-… 文件夹")
    size = sum(entry.file_size for entry in packed.infolist())
    if size > min(UNPACKED_LIMIT, shutil.disk_usage(folder).free):
        raise ModelNotInstalled(原因=f"解压后有 {size / 1e9:.1f} GB，放不下")
    return tops.pop()


def _check_sha256(folder: Path, name: str, digest: str, source: Source, progress: Progress) -> None:
    remembered = _remembered(folder).get(name, "")
    wanted = source.sha256.lower() or KNOWN_SHA256.get(name, "")
    if wanted and digest != wanted:
        raise ModelNotInstalled(原因=f"sha256 应为 {wanted}，实为 {digest}")
    if not wanted and remembered and remembered != digest and not source.accept_changed:
        raise ModelNotInstalled(
            原因=f"sha256 与上次安装的不同（上次 {remembered}，这次 {digest}）",
            办法="确知来源可靠时加 --accept-changed",
        )
    if wanted or remembered == digest:
        progress(f"sha256 相符：{digest}")
    else:
        progress(f"sha256 {digest}（首次安装，已记下，请与可靠来源核对）")


def _remembered(folder: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((folder / REMEMBERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _remember(folder: Path, name: str, digest: str) -> None:
    text = json.dumps({**_remembered(folder), name: digest}, indent=1, sort_keys=True)
    draft = folder / f".{REMEMBERED}.part"
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(folder / REMEMBERED)


def _unpack(packed: zipfile.ZipFile, folder: Path, name: str) -> None:
    draft, old = folder / f".{name}.unpacking", folder / f".{name}{SET_ASIDE}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        packed.extractall(draft)  # names were checked above; zipfile itself strips what escapes
        if not (draft / name / "am").is_dir():
            raise ModelNotInstalled(原因="zip 里不是 Vosk 模型")
        if (folder / name).exists():
            shutil.rmtree(old, ignore_errors=True)
            (folder / name).rename(old)
        (draft / name).rename(folder / name)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
