"""Reference data and first accounts: repeatable; rows an administrator changed are kept."""

from __future__ import annotations

import csv
import re
import secrets
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import InvalidField
from core.vocabulary import Role
from db.models import Account, Category, Policy, Town, Village

DATA = Path(__file__).parent / "data"
MIN_PASSWORD = 12
_LOGIN = re.compile(r"[a-z0-9_.-]{2,40}\Z")

DEMO_OPERATORS = ("李敏", "王芳", "张丽", "刘洋", "陈静", "杨帆", "赵婷", "黄磊", "周雪", "吴刚")
DEMO_OTHERS = (
    ("leader", "冉班长", Role.SHIFT_LEADER),
    ("head", "向主任", Role.CENTRE_HEAD),
    ("admin", "谭工", Role.ADMINISTRATOR),
    ("grid01", "谢网格员", Role.GRID_WORKER),
)

hasher = PasswordHasher()


async def load_reference(session: AsyncSession) -> None:
    """Towns, villages, categories and policies that are not there yet."""
    await _load_regions(session)
    categories = set(await session.scalars(select(Category.code)))
    for row in _rows("categories.csv"):
        if row["code"] not in categories:
            parent = row["code"][:2] if len(row["code"]) > 2 else None
            session.add(Category(code=row["code"], parent_code=parent, name=row["name"]))
    await session.flush()  # in the file's order, where each parent stands before its children
    policies = set(await session.scalars(select(Policy.key)))
    for row in _rows("policies.csv"):
        if row["key"] not in policies:
            session.add(Policy(**{**row, "confirmed": row["confirmed"] == "1"}))
    await session.flush()


async def _load_regions(session: AsyncSession) -> None:
    towns = set(await session.scalars(select(Town.code)))
    villages = set(await session.scalars(select(Village.name)))
    rows = list(_rows("regions.csv"))
    for row in rows:
        if row["town_code"] not in towns:
            session.add(Town(code=row["town_code"], name=row["town"], kind=row["town_type"]))
            towns.add(row["town_code"])
    await session.flush()
    for row in rows:
        if row["village"] and row["village"] not in villages:
            session.add(Village(town_code=row["town_code"], name=row["village"], kind=row["village_type"]))
            villages.add(row["village"])
    await session.flush()


async def create_demo_accounts(session: AsyncSession, clock: Clock) -> str:
    """Ten operators and three others with one random password, which is returned; demo mode only."""
    password = secrets.token_urlsafe(9)
    hashed = hasher.hash(password)
    people = [
        (f"op{n:02}", name, Role.OPERATOR, f"{800 + n}") for n, name in enumerate(DEMO_OPERATORS, start=1)
    ]
    people += [(login, name, role, None) for login, name, role in DEMO_OTHERS]
    known = {account.login: account for account in await session.scalars(select(Account).where(Account.demo))}
    for login, name, role, work_number in people:
        if login in known:
            known[login].password_hash = hashed
            continue
        session.add(
            Account(
                login=login,
                name=name,
                role=role,
                work_number=work_number,
                password_hash=hashed,
                demo=True,
                created_at=clock.now(),
            )
        )
    await session.flush()
    return password


async def create_administrator(
    session: AsyncSession, login: str, name: str, password: str, clock: Clock
) -> Account:
    """A real administrator.

    Raises:
        InvalidField: naming the field and the reason.
    """
    if not _LOGIN.match(login):
        raise InvalidField(field="login", reason="账号为 2 至 40 位小写字母、数字或 _.-")
    if len(password) < MIN_PASSWORD:
        raise InvalidField(field="password", reason="密码至少 12 位")
    if await session.scalar(select(Account.id).where(Account.login == login)) is not None:
        raise InvalidField(field="login", reason="账号已存在")
    account = Account(
        login=login,
        name=name,
        role=Role.ADMINISTRATOR,
        password_hash=hasher.hash(password),
        created_at=clock.now(),
    )
    session.add(account)
    await session.flush()
    return account


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
