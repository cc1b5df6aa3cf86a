"""Accounts, browser sessions, and the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Account, AuditEntry, WebSession


async def by_login(session: AsyncSession, login: str) -> Account | None:
    """The account of that login name."""
    return await session.scalar(select(Account).where(Account.login == login))


async def get(session: AsyncSession, account_id: int) -> Account | None:
    """The account."""
    return await session.get(Account, account_id)


async def names(session: AsyncSession) -> dict[int, Account]:
    """Every account by id."""
    return {account.id: account for account in await session.scalars(select(Account))}


async def forget_old_sessions(session: AsyncSession, now: dt.datetime) -> None:
    """Take away the browser sessions that are over."""
    await session.execute(delete(WebSession).where(WebSession.expires_at <= now))


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
    session: AsyncSession,
    account_id: int | None,
    act: str,
    subject: str,
    since: dt.datetime,
    address: str | None = None,
) -> bool:
    """Whether this look (at this address, if one is given) is already in the log since then."""
    query = select(AuditEntry.id).where(
        AuditEntry.account_id == account_id,
        AuditEntry.act == act,
        AuditEntry.subject == subject,
        AuditEntry.at >= since,
    )
    if address is not None:
        query = query.where(AuditEntry.address == address[:60])
    return await session.scalar(query.limit(1)) is not None


async def alarm_audited(
    session: AsyncSession, act: str, call_id: str, emergency_class: str, words: str
) -> bool:
    """Whether that is already written down of this call's alarm of this class by these words."""
    query = select(AuditEntry.id).where(
        AuditEntry.act == act,
        AuditEntry.subject == call_id,
        AuditEntry.details["emergency_class"].as_string() == emergency_class,
        AuditEntry.details["words"].as_string() == words,
    )
    return await session.scalar(query.limit(1)) is not None


async def audited_before(session: AsyncSession, before: dt.datetime, limit: int) -> list[int]:
    """Entries that are older, oldest first."""
    query = select(AuditEntry.id).where(AuditEntry.at < before).order_by(AuditEntry.at).limit(limit)
    return list(await session.scalars(query))


async def remove_audited(session: AsyncSession, ids: Sequence[int]) -> None:
    """Take entries away whose lawful time is over."""
    await session.execute(delete(AuditEntry).where(AuditEntry.id.in_(ids)))
