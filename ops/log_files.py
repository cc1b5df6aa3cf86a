"""Logs that would fill the disk are cut into pieces, and old pieces go.

Asterisk's event file (CEL) is cut by its reader, telephony/cel_ingest; only its old pieces go here.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core.config import Settings
from telephony.file_pieces import drop_old, next_piece

EVERY_S: Final = 60.0
_DAY_S: Final = 86_400
_OF_ASTERISK: Final = ("messages.log", "console.log", "queue_log")


class LogFiles:
    """`tend` may be called as often as one likes; it looks once a minute."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._next = 0.0
        self._refused: set[str] = set()

    def tend(self) -> None:
        """Cut what is too long and remove what is too old."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_S
        limits = self._settings.retention
        of_asterisk = self._settings.asterisk_dir / "log"
        logs = [*self._settings.log_dir.glob("*.log"), *(of_asterisk / name for name in _OF_ASTERISK)]
        before = time.time() - limits.log_days * _DAY_S
        for file in (*logs, of_asterisk / "cel.csv"):
            try:
                if file in logs and file.exists() and file.stat().st_size > limits.log_mb << 20:
                    cut(file)
                drop_old(file, before, limits.pieces)
                self._refused.discard(file.name)
            except OSError as error:
                if file.name not in self._refused:
                    self._say(f"{file} 无法切分或清理：{error.strerror}")
                self._refused.add(file.name)


def cut(file: Path) -> None:
    """Copy a log aside and empty it: its writers hold it open, for appending, and go on at its beginning.

    A line that is written between the last look and the emptying is lost; no log is read by a program.
    """
    piece = next_piece(file)
    draft = file.with_name(f".{piece.name}.part")
    try:
        with file.open("rb") as source, draft.open("wb") as out:
            draft.chmod(file.stat().st_mode & 0o777)
            shutil.copyfileobj(source, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
            out.write(source.read())  # what came meanwhile
        draft.replace(piece)
        os.truncate(file, 0)
    finally:
        draft.unlink(missing_ok=True)
