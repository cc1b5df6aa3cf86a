"""Keys of other systems: made once, shown once, kept as hashes, revoked but never forgotten."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.ids import new_secret
from db.models.directory import ApiKey

SCOPES: Final = {"bridges": "发起三方通话"}
"""What a key may be good for."""
_SHOWN: Final = 8


async def create(
    session: AsyncSession, name: str, scopes: Sequence[str], account_id: int, now: dt.datetime
) -> tuple[ApiKey, str]:
    """The new row, and the key itself, which nobody can read again."""
    key = f"ms_{new_secret()}"
    row = ApiKey(
        name=name,
        start=key[:_SHOWN],
        key_hash=hashed(key),
        scopes=sorted(set(scopes)),
        created_at=now,
        created_by=account_id,
    )
    session.add(row)
    await session.flush()
    return row, key


async def every(session: AsyncSession) -> list[ApiKey]:
    """All keys, those in force first, newest first."""
    query = select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    return list(await session.scalars(query))


async def revoke(session: AsyncSession, key_id: int, now: dt.datetime) -> ApiKey | None:
    """End a key; one that is ended already keeps its first moment. None if there is no such key."""
    row = await session.get(ApiKey, key_id)
    if row is not None and row.revoked_at is None:
        row.revoked_at = now
        await session.flush()
    return row


def hashed(key: str) -> str:
    """As a key is kept: 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()
