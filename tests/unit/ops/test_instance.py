"""An instance's settings are generated once, kept, private, and overridable."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.config import Mode, load_settings, settings_file
from ops.instance import ensure_settings, free_port_block, write_private


def test_secrets_are_generated_once_and_kept(tmp_path: Path) -> None:
    first = ensure_settings(tmp_path)
    second = ensure_settings(tmp_path)
    assert first.ami.watch_secret.get_secret_value()
    assert first == second
    assert len({secret.get_secret_value() for secret in first.asterisk.seat_secrets.values()}) == 8


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    ensure_settings(tmp_path)
    assert stat.S_IMODE(settings_file(tmp_path).stat().st_mode) == 0o600


def test_an_administrators_change_survives(tmp_path: Path) -> None:
    ensure_settings(tmp_path)
    file = settings_file(tmp_path)
    write_private(file, file.read_text() + "\n[asterisk]\nsip_port = 5070\n")
    assert ensure_settings(tmp_path).asterisk.sip_port == 5070


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_settings(tmp_path, mode=Mode.PRODUCTION)
    monkeypatch.setenv("MINSHENG_WEB__PORT", "9999")
    settings = load_settings(tmp_path)
    assert settings.web.port == 9999
    assert not settings.demo


def test_a_wrong_name_in_the_file_is_named(tmp_path: Path) -> None:
    write_private(settings_file(tmp_path), "[asterisk]\nsip_prot = 5060\n")
    with pytest.raises(ValueError, match="sip_prot"):
        load_settings(tmp_path)


def test_free_ports_differ() -> None:
    ports = free_port_block(8)
    assert len(set(ports)) == 8
