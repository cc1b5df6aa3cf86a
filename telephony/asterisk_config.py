"""Renders one instance's Asterisk tree from settings: deterministic, private, whole files only."""

from __future__ import annotations

import math
import os
import struct
import wave
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import SecretStr

from core.config import PROJECT_ROOT, Settings
from core.routing_words import QUEUE_PRIORITY
from telephony.asterisk_runtime import find_runtime
from telephony.supervision_names import PHONES

log = structlog.get_logger(__name__)

TEMPLATES = PROJECT_ROOT / "deploy" / "asterisk"
MUSIC_RATE_HZ = 8000
_UNSAFE = "\r\n;[]"


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """Times of the voice plane, from the policy rows."""

    ring_timeout_s: int = 15
    max_wait_s: int = 180
    retry_s: int = 2
    message_max_s: int = 180
    message_silence_s: int = 8
    position_every_s: int = 30
    agi_limit_s: int = 20
    bridge_asks: int = 2
    hold_alone_s: int = 30
    bridge_key_s: int = 5
    sticky_s: int = 6
    challenge_tries: int = 2
    challenge_key_s: int = 5
    trunk_channels: int = 30
    reserved_channels: int = 4
    same_caller_calls: int = 2
    same_withheld_calls: int = 6


def policy_from(values: Mapping[str, str]) -> QueuePolicy:
    """What has a policy row; the others, and what is no plain number, stay as they are."""
    found: dict[str, int] = {}
    for field in fields(QueuePolicy):
        text = values.get(field.name, "").strip()
        if text.isascii() and text.isdecimal() and len(text) <= 5:
            found[field.name] = int(text)
        elif text:
            log.error("policy_not_a_number", key=field.name)
    return QueuePolicy(**found)


def render(settings: Settings, policy: QueuePolicy | None = None) -> None:
    """Write `settings.asterisk_dir`: etc from the templates, sounds, music, empty run folders.

    Raises:
        SetupIncomplete: if there is no Asterisk to render for.
        ValueError: if a setting holds a character that would change a line's meaning.
    """
    root = settings.asterisk_dir
    for name in ("etc", "run", "log/cel-custom", "spool", "lib/keys", "data/sounds"):
        (root / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings.recordings_dir / "capture").mkdir(parents=True, exist_ok=True, mode=0o700)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  configuration, not HTML; every value is checked below
    )
    values = _values(settings, policy or QueuePolicy())
    for template in sorted(TEMPLATES.glob("*.conf.j2")):
        text = environment.get_template(template.name).render(values)
        _write_private(root / "etc" / template.stem, text)
    _link(root / "data" / "documentation", values["data_dir"] / "documentation")
    _link(root / "data" / "sounds" / "zh", settings.prompts_dir)
    _link(root / "data" / "sounds" / "en", settings.prompts_dir)
    _make_music(root / "data" / "moh" / "hold.wav")
    _make_ringing(root / "data" / "ringback" / "ring.wav")
    # Three frames of nothing; why the dialplan needs them is said there
    _write_sound(root / "data" / "hush.wav", bytearray(2 * 3 * MUSIC_RATE_HZ // 50))


def _values(settings: Settings, policy: QueuePolicy) -> dict[str, Any]:
    runtime = find_runtime(settings)
    asterisk = settings.asterisk
    values: dict[str, Any] = {
        "root": settings.asterisk_dir,
        "etc": settings.asterisk_dir / "etc",
        "modules_dir": runtime.modules_dir,
        "data_dir": runtime.data_dir,
        "capture": settings.recordings_dir / "capture",
        "asterisk": asterisk,
        "ami": settings.ami,
        "agi": settings.agi,
        "web": settings.web,
        "policy": policy,
        "priority": {word.value: number for word, number in QUEUE_PRIORITY.items()},
        "numbers": _numbers(asterisk.hotline_number),
        "admitted": sorted({*asterisk.trunk.addresses, *asterisk.seat_networks}),
        "phones": _phones(settings),
    }
    for section in (asterisk, settings.ami, settings.agi, settings.web):
        _check(section.model_dump())
    return values


def _numbers(hotline: str) -> list[str]:
    """The ways a carrier may spell our number: bare, with the area code, with the country code."""
    return [hotline, f"023{hotline}", f"+8623{hotline}", f"8623{hotline}"]


def _phones(settings: Settings) -> list[dict[str, Any]]:
    phones: list[dict[str, Any]] = []
    secrets = settings.asterisk.seat_secrets
    for number in range(1, settings.asterisk.seats + 1):
        secret = secrets[f"seat{number}"].get_secret_value()
        for kind in ("seat", "desk"):
            name = f"{kind}{number}"
            phones.append({"name": name, "secret": secret, "context": "seats", "webrtc": kind == "seat"})
    for number in range(1, settings.asterisk.leads + 1):
        # A shift leader's: only we can call it, and it can call nobody. One set up before has none
        if f"lead{number}" in secrets:
            phones += _lead_phones(number, secrets[f"lead{number}"].get_secret_value())
    if settings.demo and "demo" in secrets:
        # The citizen's telephone in a browser tab: it may dial what the carrier may, nothing more
        secret = secrets["demo"].get_secret_value()
        phones.append({"name": "demo", "secret": secret, "context": "from-trunk", "webrtc": True})
    return phones


def _lead_phones(number: int, secret: str) -> list[dict[str, Any]]:
    return [
        {"name": f"{kind}{number}", "secret": secret, "context": "nowhere", "webrtc": kind == "lead"}
        for kind in PHONES
    ]


def _check(value: Any) -> None:
    """Secrets too: a `;` would cut one silently, a line break would add a line."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, dict):
        for part in value.values():  # pyright: ignore[reportUnknownVariableType]
            _check(part)
    elif isinstance(value, list):
        for part in value:  # pyright: ignore[reportUnknownVariableType]
            _check(part)
    elif isinstance(value, str) and any(char in value for char in _UNSAFE):
        raise ValueError(f"a setting holds a control character, ';' or a bracket: {value!r}")


def _write_private(file: Path, text: str) -> None:
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(file)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _make_music(file: Path) -> None:
    """A calm, royalty-free chord figure of 16 s; replace the file to play something else."""
    if file.exists():
        return
    chords = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    frames = bytearray()
    for chord in chords:
        length = 4 * MUSIC_RATE_HZ
        for n in range(length):
            fade = math.sin(math.pi * n / length) ** 0.5
            value = sum(math.sin(2 * math.pi * hz * n / MUSIC_RATE_HZ) for hz in chord)
            frames += struct.pack("<h", int(1800 * (0.25 + 0.75 * fade) * value))
    _write_sound(file, frames)


def _make_ringing(file: Path) -> None:
    """The ringing tone of this country: 450 Hz, one second in five."""
    if file.exists():
        return
    frames = bytearray()
    for n in range(5 * MUSIC_RATE_HZ):
        loud = 4000 if n < MUSIC_RATE_HZ else 0
        frames += struct.pack("<h", int(loud * math.sin(2 * math.pi * 450 * n / MUSIC_RATE_HZ)))
    _write_sound(file, frames)


def _write_sound(file: Path, frames: bytearray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    with wave.open(str(draft), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(MUSIC_RATE_HZ)
        out.writeframes(bytes(frames))
    draft.replace(file)
