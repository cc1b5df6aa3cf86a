"""Failed sign-ins: counted, listed where they close a door, forgotten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Account, LoginAttempt

LOGIN_LENGTH, ADDRESS_LENGTH = 40, 60


@dataclass(frozen=True, slots=True)
class Closed:
    """A door that failures have closed: one login at one address, or (`account` None) a whole address."""

    address: str
    failures: int
    first_at: dt.datetime
    account: Account | None = None


async def count(
    session: AsyncSession, since: dt.datetime, *, login: str | None = None, address: str | None = None
) -> int:
    """Failures since then: of a login anywhere, of an address with any login, or of both together."""
    query = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at >= since)
    if login is not None:
        query = query.where(LoginAttempt.login == login[:LOGIN_LENGTH])
    if address is not None:
        query = query.where(LoginAttempt.address == address[:ADDRESS_LENGTH])
    return await session.scalar(query) or 0


async def add(session: AsyncSession, login: str, address: str, at: dt.datetime) -> None:
    """Remember a failed sign-in."""
    session.add(LoginAttempt(login=login[:LOGIN_LENGTH], address=address[:ADDRESS_LENGTH], at=at))
    await session.flush()


async def forget(session: AsyncSession, address: str, login: str | None = None) -> int:
    """Forget what failed at that address, with that login alone if one is given; how many there were."""
    query = delete(LoginAttempt).where(LoginAttempt.address == address[:ADDRESS_LENGTH])
    if login is not None:
        query = query.where(LoginAttempt.login == login[:LOGIN_LENGTH])
    return len((await session.execute(query.returning(LoginAttempt.id))).all())


async def forget_login(session: AsyncSession, login: str) -> int:
    """Forget what failed with that login, wherever; how many there were."""
    query = delete(LoginAttempt).where(LoginAttempt.login == login[:LOGIN_LENGTH])
    return len((await session.execute(query.returning(LoginAttempt.id))).all())


async def forget_old(session: AsyncSession, before: dt.datetime) -> None:
    """Forget what no longer counts."""
    await session.execute(delete(LoginAttempt).where(LoginAttempt.at < before))


async def closed(
    session: AsyncSession, since: dt.datetime, limit: int, address_limit: int
) -> Sequence[Closed]:
    """What is closed now. A login that nobody has is not named: people type passwords into that field."""
    counted = (func.count(), func.min(LoginAttempt.at))
    fresh = LoginAttempt.at >= since
    here = (
        select(Account, LoginAttempt.address, *counted)
        .join(Account, Account.login == LoginAttempt.login)
        .where(fresh, Account.active)
        .group_by(Account.id, LoginAttempt.address)
        .having(func.count() >= limit)
    )
    whole = (
        select(LoginAttempt.address, *counted)
        .where(fresh)
        .group_by(LoginAttempt.address)
        .having(func.count() >= address_limit)
    )
    found = [Closed(address, n, at, account) for account, address, n, at in await session.execute(here)]
    found += [Closed(address, n, at) for address, n, at in await session.execute(whole)]
    return sorted(found, key=lambda one: one.first_at)
