"""Every setting of one instance, nested by room; built once at start and handed down.

An instance is a folder, the state folder: its `settings.toml` (0600) holds what set-up generated
or an administrator changed, and `MINSHENG_<ROOM>__<NAME>` in the environment overrides it.
Several instances run side by side, each with its own folder and ports. Secrets have no default:
set-up generates them. Policies (time limits, thresholds) are rows in the database, not settings.
"""

from __future__ import annotations

import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

ENV_PREFIX = "MINSHENG_"
PROJECT_ROOT = Path(__file__).resolve().parent.parent


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mode(StrEnum):
    """Demo: banner, loopback only, demo accounts. Production: an administrator first."""

    DEMO = "demo"
    PRODUCTION = "production"


class TrunkKind(StrEnum):
    """How the carrier is recognised."""

    IP = "ip"
    REGISTRATION = "registration"
    NONE = "none"


class TrunkSettings(_Section):
    """The carrier's SIP trunk."""

    kind: TrunkKind = TrunkKind.IP
    addresses: list[str] = Field(default_factory=lambda: ["127.0.0.2/32"])
    """CIDR blocks that the carrier's signalling comes from; nothing else may be the trunk."""
    server: str = ""
    """host[:port] to register at (kind = registration) and to send outbound calls to."""
    username: str = ""
    password: SecretStr = SecretStr("")


class AsteriskSettings(_Section):
    """One Asterisk instance."""

    system_name: str = "ms"
    runtime_dir: Path = PROJECT_ROOT / "var" / "asterisk-runtime"
    """Where the unpacked Asterisk lies when the host has none (>= 20) of its own."""
    sip_address: str = "127.0.0.1"
    sip_port: int = 5060
    rtp_start: int = 10000
    rtp_end: int = 10400
    http_port: int = 8088
    """Plain WebSocket for seats, loopback only."""
    https_address: str = ""
    """Where WSS listens; empty = off."""
    https_port: int = 8089
    seat_networks: list[str] = Field(default_factory=lambda: ["127.0.0.1/32"])
    """Where seats' phones may sign on from."""
    hotline_number: str = "56564444"
    seats: int = 5
    leads: int = 2
    """Telephones of shift leaders who listen; each is lent to one leader at a time."""
    seat_secrets: dict[str, SecretStr] = Field(default_factory=dict[str, SecretStr])
    """SIP secret of `seat1` … `seat5`, `lead1`, `lead2`; generated at set-up."""
    trunk: TrunkSettings = TrunkSettings()


class AmiSettings(_Section):
    """The control link: two users, watch (events only) and act (few actions)."""

    host: str = "127.0.0.1"
    port: int = 5038
    watch_user: str = "watch"
    watch_secret: SecretStr = SecretStr("")
    act_user: str = "act"
    act_secret: SecretStr = SecretStr("")
    action_timeout_s: float = 5.0
    ping_s: float = 1.5


class AgiSettings(_Section):
    """FastAGI server for the optional branches of the dialplan."""

    host: str = "127.0.0.1"
    port: int = 4573


class Engine(StrEnum):
    """Which recogniser hears."""

    VOSK = "vosk"
    SHERPA = "sherpa"


class TranscriptionSettings(_Section):
    """Live speech to text."""

    enabled: bool = True
    engine: Engine = Engine.VOSK
    model: str = ""
    """Name of an installed model in `models_dir`; empty = the best one found."""
    models_dir: Path = PROJECT_ROOT / "var" / "models"
    workers: int = 1
    threads: int = 2
    """Recogniser threads per worker process."""
    audio_port: int = 9092
    """AudioSocket port of the first worker; worker n listens on audio_port + n."""
    max_live_legs: int = 10
    live_until_s: float = 12.0
    """Waiting sound beyond which a leg is left to the second pass; the seat's leg earlier, guesses first."""
    nice: int = 10


class DbSettings(_Section):
    """Where rows are kept."""

    url: SecretStr = SecretStr("")
    """SQLAlchemy async URL; empty = SQLite (WAL) in the state folder."""


class WebSettings(_Section):
    """The pages and the API."""

    host: str = "127.0.0.1"
    port: int = 8080
    tls_cert: str = ""
    tls_key: str = ""
    session_hours: int = 13
    sip_ws_url: str = ""
    """WebSocket address that browsers use for SIP; empty = derived from host and ports."""


class RetentionSettings(_Section):
    """How much is kept of what only grows; never of calls, tickets and their joined sound."""

    cel_mb: int = Field(default=64, ge=1)
    """Asterisk's event file is cut beyond this."""
    log_mb: int = Field(default=16, ge=1)
    """Any other log is cut beyond this."""
    pieces: int = Field(default=30, ge=2)
    """How many pieces of one file are kept at most."""
    log_days: int = Field(default=190, ge=1)
    """And how long; the law wants network logs for half a year."""
    capture_days: int = Field(default=7, ge=1)
    """How long the raw sides of a call stay once its joined recording is proven and was heard again."""
    unheard_days: int = Field(default=0, ge=0)
    """After how many days proven sides go that no second pass ever heard (no model); 0 = never."""
    replay_days: int = Field(default=7, ge=1)
    """How long facts stay in the log that only screens which were away for a moment read."""
    timeline_days: int = Field(default=400, ge=30)
    """How long those stay that a call's timeline is made of."""
    audit_days: int = Field(default=1096, ge=190)
    """How long it is kept who looked at what."""
    disk_low_gb: int = Field(default=5, ge=0)
    """Less room than this is told on the pages, and proven sides go at once; 0 = never."""


class Settings(_Section):
    """One instance of the hotline."""

    state_dir: Path
    mode: Mode = Mode.DEMO
    asterisk: AsteriskSettings = AsteriskSettings()
    ami: AmiSettings = AmiSettings()
    agi: AgiSettings = AgiSettings()
    transcription: TranscriptionSettings = TranscriptionSettings()
    db: DbSettings = DbSettings()
    web: WebSettings = WebSettings()
    retention: RetentionSettings = RetentionSettings()

    @property
    def demo(self) -> bool:
        """Whether this instance is only for trying out."""
        return self.mode is Mode.DEMO

    @property
    def db_url(self) -> str:
        """The async SQLAlchemy URL in force."""
        return self.db.url.get_secret_value() or f"sqlite+aiosqlite:///{self.state_dir / 'minsheng.db'}"

    @property
    def asterisk_dir(self) -> Path:
        """Asterisk's own tree of this instance: etc, run, log, spool, sounds."""
        return self.state_dir / "asterisk"

    @property
    def recordings_dir(self) -> Path:
        """Where Asterisk writes and we keep recordings; never served as files."""
        return self.state_dir / "recordings"

    @property
    def prompts_dir(self) -> Path:
        """One WAV a prompt; a recorded one takes the place of the made one."""
        return self.state_dir / "prompts"

    @property
    def log_dir(self) -> Path:
        """Logs of our own processes."""
        return self.state_dir / "log"


def settings_file(state_dir: Path) -> Path:
    """Where an instance keeps what set-up generated."""
    return state_dir / "settings.toml"


def default_state_dir() -> Path:
    """`MINSHENG_STATE_DIR`, or `var/hotline` in the project."""
    return Path(os.environ.get("MINSHENG_STATE_DIR") or PROJECT_ROOT / "var" / "hotline").resolve()


def load_settings(state_dir: Path | None = None, **overrides: Any) -> Settings:
    """Defaults, then the instance's settings.toml, then the environment, then `overrides`.

    Raises:
        pydantic.ValidationError: naming the field and the reason.
    """
    folder = (state_dir or default_state_dir()).resolve()
    merged: dict[str, Any] = {}
    file = settings_file(folder)
    if file.exists():
        merged = tomllib.loads(file.read_text(encoding="utf-8"))
    _merge(merged, _from_environment())
    _merge(merged, overrides)
    merged["state_dir"] = folder
    return Settings.model_validate(merged)


def _from_environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in os.environ.items():
        if not name.startswith(ENV_PREFIX):
            continue
        path = name.removeprefix(ENV_PREFIX).lower().split("__")
        if path[0] not in Settings.model_fields or path == ["state_dir"]:
            continue
        place = found
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
    return found


def _merge(base: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            base[key] = value
