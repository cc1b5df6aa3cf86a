"""Makes an instance: its folder, ports and secrets. Repeatable; what exists is kept."""

from __future__ import annotations

import itertools
import os
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from core.config import Mode, Settings, load_settings, settings_file
from core.ids import new_secret


def ensure_settings(state_dir: Path, *, mode: Mode | None = None, free_ports: bool = False) -> Settings:
    """The instance's settings; secrets (and, if asked, free ports) are generated where none are kept yet."""
    file = settings_file(state_dir)
    kept: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    before = tomli_w.dumps(kept)
    if mode is not None:
        kept["mode"] = str(mode)
    kept.setdefault("mode", str(Mode.DEMO))
    _fill_secrets(kept)
    if free_ports:
        _fill_ports(kept)
    if tomli_w.dumps(kept) != before:
        write_private(file, tomli_w.dumps(kept))
    return load_settings(state_dir)


def change_settings(state_dir: Path, changes: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Write these values, by section, into the instance's settings; the others stay."""
    file = settings_file(state_dir)
    kept: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for section, values in changes.items():
        kept.setdefault(section, {}).update(values)
    write_private(file, tomli_w.dumps(kept))
    return load_settings(state_dir)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(file)


def _fill_secrets(kept: dict[str, Any]) -> None:
    ami = kept.setdefault("ami", {})
    ami.setdefault("watch_secret", new_secret())
    ami.setdefault("act_secret", new_secret())
    asterisk = kept.setdefault("asterisk", {})
    secrets = asterisk.setdefault("seat_secrets", {})
    for number in range(1, int(asterisk.get("seats", 5)) + 1):
        secrets.setdefault(f"seat{number}", new_secret(18))
    for number in range(1, int(asterisk.get("leads", 2)) + 1):
        secrets.setdefault(f"lead{number}", new_secret(18))
    secrets.setdefault("demo", new_secret(18))


def _fill_ports(kept: dict[str, Any]) -> None:
    ports = iter(free_port_block(8))
    asterisk = kept["asterisk"]
    asterisk.setdefault("sip_port", next(ports))
    asterisk.setdefault("http_port", next(ports))
    kept["ami"].setdefault("port", next(ports))
    kept.setdefault("agi", {}).setdefault("port", next(ports))
    kept.setdefault("web", {}).setdefault("port", next(ports))
    kept.setdefault("transcription", {}).setdefault("audio_port", next(ports))
    first = free_rtp_range()
    asterisk.setdefault("rtp_start", first)
    asterisk.setdefault("rtp_end", first + 199)


def free_port_block(count: int) -> list[int]:
    """That many different ports, free for TCP and UDP on loopback, below those that the system hands out.

    From the system's own range a socket of somebody else could take one between this look and our use of it.
    """
    start = 24000 + int.from_bytes(os.urandom(2), "big") % 7000
    free = (p for p in range(start, start + 1500) if _tcp_free(p) and _udp_free(p) and _claim(p))
    found = list(itertools.islice(free, count))
    if len(found) < count:
        raise OSError("no free ports")
    return found


def _claim(port: int) -> bool:
    """Ours until this process ends: nobody else who looks for a port now is given it before we use it."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mark.bind(f"\0minsheng-port-{port}")
    except OSError:
        mark.close()
        return False
    mark.detach()  # the mark stays until the process ends; nobody closes it
    return True


def _tcp_free(port: int) -> bool:
    return _bindable(socket.SOCK_STREAM, port)


def free_rtp_range(size: int = 200) -> int:
    """The first port of a probably free even-aligned UDP range below the ephemeral ports."""
    slot = int.from_bytes(os.urandom(2), "big") % 90
    for step in range(90):
        start = 12000 + ((slot + step) % 90) * size
        if _udp_free(start) and _udp_free(start + size - 1):
            return start
    raise OSError("no free UDP range for RTP")


def _udp_free(port: int) -> bool:
    return _bindable(socket.SOCK_DGRAM, port)


def _bindable(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
