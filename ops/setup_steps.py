"""Everything between a Python environment and a hotline that can start. Each step is repeatable."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from core.clock import SystemClock
from core.config import PROJECT_ROOT, Mode, Settings
from core.errors import SetupIncomplete
from db.directory_data import load_directory
from db.migrate import upgrade
from db.models import Account, Policy
from db.reference_data import create_demo_accounts, load_reference
from db.session import make_engine, make_sessions, reading, transaction
from ivr import prompts
from ops.certificate import ensure_certificate
from ops.draft_cli import corpus_digest, ensure_model, fits
from ops.instance import change_settings, ensure_settings, write_private
from telephony import asterisk_config, asterisk_runtime
from tickets.draft.model import MODEL_NAME

Progress = Callable[[str], None]

DEMO_PASSWORD_FILE = "demo-password.txt"  # noqa: S105  a file's name, not a password


@dataclass(frozen=True, slots=True)
class Prepared:
    """An instance that can start."""

    settings: Settings
    demo_password: str | None


def ensure_runtime(settings: Settings, progress: Progress) -> None:
    """Asterisk: the host's own, or ours unpacked."""
    try:
        asterisk_runtime.find_runtime(settings)
    except SetupIncomplete:
        progress("解开 Asterisk 22 运行环境（约 1 分钟，273 MB）")
        asterisk_runtime.unpack_runtime(settings, progress)
        asterisk_runtime.find_runtime(settings)


def ensure_shared_draft_model(progress: Progress) -> Path:
    """The folder of the model that fits the corpus as it ships."""
    shared = PROJECT_ROOT / "var" / "draft" / corpus_digest()
    shared.mkdir(parents=True, exist_ok=True)
    ensure_model(shared, progress)
    return shared


def ensure_draft_model(settings: Settings, progress: Progress) -> None:
    """The drafting model: trained once for this corpus and code, then copied into each instance."""
    file = settings.state_dir / MODEL_NAME
    if fits(file):
        return
    shared = ensure_shared_draft_model(progress)
    draft = file.with_suffix(f".{os.getpid()}.part")
    shutil.copyfile(shared / MODEL_NAME, draft)
    draft.replace(file)


def serve_lan(state_dir: Path, host: str, *, mode: Mode | None = None) -> None:
    """Serve pages and seats' telephones at a LAN address, encrypted; a certificate is made if none is set.

    `host` may carry its network's length (`192.0.2.10/24`): seats may sign on from there then.

    Raises:
        SetupIncomplete: in demo mode, which listens on this machine only; for a network that is none.
    """
    settings = ensure_settings(state_dir, mode=mode)
    if settings.demo:
        raise SetupIncomplete(原因="演示模式只能监听本机地址；加 --production")
    host, network = _network_of(host)
    changes: dict[str, dict[str, Any]] = {"web": {"host": host}, "asterisk": {"https_address": host}}
    if network:
        admitted = settings.asterisk.seat_networks
        changes["asterisk"]["seat_networks"] = [*admitted, *({network} - {*admitted})]
    if not settings.web.tls_cert:
        cert, key = ensure_certificate(settings.state_dir / "tls", host, SystemClock().now())
        changes["web"] |= {"tls_cert": str(cert), "tls_key": str(key)}
    change_settings(state_dir, changes)


def _network_of(host: str) -> tuple[str, str]:
    """The address, and the network that was named with it, if one was."""
    if "/" not in host:
        return host, ""
    try:
        interface = ipaddress.ip_interface(host)
    except ValueError:
        raise SetupIncomplete(原因=f"--lan {host} 不是地址和网段长度，如 192.0.2.10/24") from None
    return str(interface.ip), str(interface.network)


def prepare(
    state_dir: Path, progress: Progress, *, mode: Mode | None = None, free_ports: bool = False
) -> Prepared:
    """Settings, runtime, prompts, configuration, database, accounts; quick where nothing changed."""
    settings = ensure_settings(state_dir, mode=mode, free_ports=free_ports)
    for folder in (settings.recordings_dir / "capture", settings.log_dir, settings.state_dir / "run"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ensure_runtime(settings, progress)
    prompts.build(settings, progress)
    ensure_draft_model(settings, progress)
    stamp = settings.state_dir / "run" / "schema.stamp"
    # Without the folder's own place: one that was moved or restored has what it had
    where = settings.db_url.replace(str(settings.state_dir), "")
    wanted = f"{schema_digest()} {settings.mode} {hashlib.sha256(where.encode()).hexdigest()}"
    if not stamp.exists() or stamp.read_text() != wanted:
        progress("建立数据库结构并载入基础数据")
        upgrade(settings.db_url)
        asyncio.run(_load_rows(settings))
        write_private(stamp, wanted)
    asterisk_config.render(settings, asyncio.run(_queue_policy(settings)))
    return Prepared(settings, demo_password(settings) if settings.demo else None)


def demo_password(settings: Settings) -> str | None:
    """The demo accounts' common password, random for each instance."""
    file = settings.state_dir / DEMO_PASSWORD_FILE
    return file.read_text(encoding="utf-8").strip() if file.exists() else None


async def _load_rows(settings: Settings) -> None:
    engine = make_engine(settings.db_url)
    sessions = make_sessions(engine)
    try:
        async with transaction(sessions) as session:
            await load_reference(session)
            if settings.demo:
                known = await session.scalar(select(func.count()).select_from(Account).where(Account.demo))
                if not known or demo_password(settings) is None:
                    password = await create_demo_accounts(session, SystemClock())
                    write_private(settings.state_dir / DEMO_PASSWORD_FILE, password + "\n")
            await load_directory(session, demo=settings.demo)
    finally:
        await engine.dispose()


async def _queue_policy(settings: Settings) -> asterisk_config.QueuePolicy:
    """What the centre has decided for the voice plane, as its rows stand now."""
    engine = make_engine(settings.db_url)
    try:
        async with reading(make_sessions(engine)) as session:
            rows = {row.key: row.value for row in await session.scalars(select(Policy))}
    finally:
        await engine.dispose()
    return asterisk_config.policy_from(rows)


def schema_digest() -> str:
    """What the first rows are made from."""
    digest = hashlib.sha256()
    for folder in ("db/migrations/versions", "db/data"):
        for file in sorted((PROJECT_ROOT / folder).glob("*.*")):
            digest.update(file.read_bytes())
    digest.update((PROJECT_ROOT / "db" / "reference_data.py").read_bytes())
    return digest.hexdigest()


async def has_administrator(settings: Settings) -> bool:
    """Whether somebody real may administer this instance."""
    engine = make_engine(settings.db_url)
    try:
        async with transaction(make_sessions(engine)) as session:
            found = await session.scalar(
                select(Account.id)
                .where(Account.role == "administrator", Account.active, ~Account.demo)
                .limit(1)
            )
            return found is not None
    finally:
        await engine.dispose()


def raise_open_files() -> None:
    """Asterisk wants a few hundred descriptors a busy hour; take what the hard limit allows."""
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.umask(0o077)
