"""Accounts, browser sessions, failed sign-ins, and the audit log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Account, AuditEntry, LoginAttempt, WebSession


async def by_login(session: AsyncSession, login: str) -> Account | None:
    """The account of that login name."""
    return await session.scalar(select(Account).where(Account.login == login))


async def get(session: AsyncSession, account_id: int) -> Account | None:
    """The account."""
    return await session.get(Account, account_id)


async def names(session: AsyncSession) -> dict[int, Account]:
    """Every account by id."""
    return {account.id: account for account in await session.scalars(select(Account))}


async def failures_of(session: AsyncSession, login: str, since: dt.datetime) -> int:
    """Failed sign-ins of that login, wherever they came from."""
    return await _failures(session, LoginAttempt.login == login[:40], since)


async def failures_from(session: AsyncSession, address: str, since: dt.datetime) -> int:
    """Failed sign-ins from that address, whichever login they tried."""
    return await _failures(session, LoginAttempt.address == address[:60], since)


async def _failures(session: AsyncSession, which: ColumnElement[bool], since: dt.datetime) -> int:
    query = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at >= since, which)
    return await session.scalar(query) or 0


async def add_failure(session: AsyncSession, login: str, address: str, at: dt.datetime) -> None:
    """Remember a failed sign-in."""
    session.add(LoginAttempt(login=login[:40], address=address[:60], at=at))
    await session.flush()


async def clear_failures(session: AsyncSession, login: str) -> None:
    """Forget a login's failures after it succeeded."""
    await session.execute(delete(LoginAttempt).where(LoginAttempt.login == login))


async def forget_old(session: AsyncSession, now: dt.datetime, failures_before: dt.datetime) -> None:
    """Take away what no longer counts: sessions that are over, failures older than the window."""
    await session.execute(delete(WebSession).where(WebSession.expires_at <= now))
    await session.execute(delete(LoginAttempt).where(LoginAttempt.at < failures_before))


async def signed_in(
    session: AsyncSession, token_hash: str, now: dt.datetime
) -> tuple[WebSession, Account] | None:
    """The browser session of that token while it lasts, and whose it is; every request asks this."""
    query = select(WebSession, Account).join(Account, Account.id == WebSession.account_id)
    row = (await session.execute(query.where(WebSession.token_hash == token_hash))).first()
    return (row[0], row[1]) if row is not None and row[0].expires_at > now else None


async def end_session(session: AsyncSession, token_hash: str) -> None:
    """Sign a browser off."""
    await session.execute(delete(WebSession).where(WebSession.token_hash == token_hash))


async def audit(
    session: AsyncSession,
    at: dt.datetime,
    account_id: int | None,
    act: str,
    subject: str,
    **details: Any,
) -> None:
    """Write down who did or looked at what; `reason` and `address` have columns of their own."""
    session.add(
        AuditEntry(
            at=at,
            account_id=account_id,
            act=act,
            subject=subject,
            reason=str(details.pop("reason", ""))[:200],
            address=str(details.pop("address", ""))[:60],
            details=details,
        )
    )
    await session.flush()


async def audited_count(session: AsyncSession, act: str, since: dt.datetime) -> int:
    """How often anybody did that since then."""
    query = select(func.count()).select_from(AuditEntry).where(AuditEntry.act == act, AuditEntry.at >= since)
    return await session.scalar(query) or 0


async def audited_since(
    session: AsyncSession, account_id: int, act: str, subject: str, since: dt.datetime
) -> bool:
    """Whether this look is already in the log since then."""
    query = (
        select(AuditEntry.id)
        .where(
            AuditEntry.account_id == account_id,
            AuditEntry.act == act,
            AuditEntry.subject == subject,
            AuditEntry.at >= since,
        )
        .limit(1)
    )
    return await session.scalar(query) is not None
