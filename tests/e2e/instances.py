"""What set-up makes alike for all instances (prompts, model, rows) is made once for this code, and copied."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from core.config import PROJECT_ROOT
from ops import setup_steps
from tickets.draft.model import MODEL_NAME

T = TypeVar("T")
KEPT = PROJECT_ROOT / "var" / "test-instance"
SOUNDS = ("asterisk/data/moh", "asterisk/data/ringback")
GREETING, BRIEF = "prompts/ms-greeting.wav16", "ms-greeting-brief.wav16"
BRIEF_S = "3"
"""Most callers of the tests only want past the greeting; who listens to it has the whole."""
MADE_FROM = (
    "ivr/prompts.py",
    "ops/setup_steps.py",
    "db/reference_data.py",
    "db/directory_data.py",
    "telephony/asterisk_config.py",
)


def begin(folder: Path, *, greets_briefly: bool = False) -> Path:
    """The folder of a new instance; what is still to be made (ports, secrets, configuration) is its own."""
    if (folder / "minsheng.db").exists():
        return folder
    made = _made_once()
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("prompts", "run", *SOUNDS):
        shutil.copytree(made / part, folder / part, dirs_exist_ok=True)
    if greets_briefly:
        shutil.copy2(made / BRIEF, folder / GREETING)
    for file in ("minsheng.db", setup_steps.DEMO_PASSWORD_FILE, MODEL_NAME):
        shutil.copy2(made / file, folder / file)
    return folder


def aside(work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Done in another thread: Playwright's API keeps a loop in this one, and set-up runs its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *arguments, **named).result()


@cache
def _made_once() -> Path:
    """By whichever worker comes first."""
    digest = hashlib.sha256(setup_steps.schema_digest().encode())
    for file in MADE_FROM:
        digest.update((PROJECT_ROOT / file).read_bytes())
    folder = KEPT / digest.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        aside(setup_steps.prepare, folder, lambda _line: None)
        if not (folder / BRIEF).exists():
            _cut_short(folder)
    return folder


def _cut_short(folder: Path) -> None:
    draft = folder / f".{BRIEF}"
    sounds = ("-t", "wav", folder / GREETING, "-t", "wav", draft)
    subprocess.run(["sox", *sounds, "trim", "0", BRIEF_S], check=True)
    draft.rename(folder / BRIEF)
