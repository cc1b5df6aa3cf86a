"""Accounts from the machine itself: the first administrator, and a way in for whoever is locked out."""

from __future__ import annotations

import asyncio
import sys

import typer

from core.clock import SystemClock
from core.config import Settings
from core.errors import NotFound, SetupIncomplete
from db.reference_data import create_administrator
from db.repositories import accounts, login_attempts
from db.session import make_engine, make_sessions, transaction

MIN_PASSWORD = 12


def ask_administrator(settings: Settings) -> None:
    """Ask for login, name and password on the terminal and create the account.

    Raises:
        SetupIncomplete: where there is no terminal to ask at.
    """
    if not sys.stdin.isatty():
        raise SetupIncomplete(缺少="系统管理员；请在终端运行 minsheng up 并按提示建立")
    typer.echo("正式模式需要一位系统管理员。")
    login = typer.prompt("账号")
    name = typer.prompt("姓名")
    while True:
        password = typer.prompt("密码（至少 12 位）", hide_input=True, confirmation_prompt="再输入一次")
        if len(password) >= MIN_PASSWORD:
            break
        typer.echo("密码太短")
    asyncio.run(_create(settings, login, name, password))


async def _create(settings: Settings, login: str, name: str, password: str) -> None:
    engine = make_engine(settings.db_url)
    try:
        async with transaction(make_sessions(engine)) as session:
            await create_administrator(session, login, name, password, SystemClock())
    finally:
        await engine.dispose()


def unlock(settings: Settings, login: str) -> int:
    """Forget the wrong passwords of that login; how many there were.

    Raises:
        NotFound: nobody has that login.
    """
    return asyncio.run(_unlock(settings, login))


async def _unlock(settings: Settings, login: str) -> int:
    engine = make_engine(settings.db_url)
    try:
        async with transaction(make_sessions(engine)) as session:
            account = await accounts.by_login(session, login)
            if account is None:
                raise NotFound(what="账号")
            await accounts.audit(
                session,
                SystemClock().now(),
                None,
                "login_lock_released",
                f"account:{account.id}",
                by="console",
            )
            return await login_attempts.forget_login(session, login)
    finally:
        await engine.dispose()
