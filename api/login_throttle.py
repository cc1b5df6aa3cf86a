"""Guessing a password is slow and local: a lock per login and address, a wait where it fails everywhere.

Nobody is locked out of his own desk by somebody at another one (docs/adr/0016).
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Account, Policy
from db.repositories import accounts, login_attempts
from db.repositories.login_attempts import Closed

log = structlog.get_logger(__name__)

FIRST_WAIT_S: Final = 0.5
LOCKED: Final = "login_locked"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many failures, within which time, and the longest wait."""

    window: dt.timedelta
    here: int
    address: int
    longest_wait_s: int

    def wait_s(self, failures: int) -> float:
        """How long the answer to a login that failed so often elsewhere is held back: doubles each time."""
        over = failures - self.here
        return 0.0 if over < 0 else min(float(self.longest_wait_s), FIRST_WAIT_S * 2 ** min(over, 20))


@dataclass(frozen=True, slots=True)
class Chance:
    """What becomes of one attempt."""

    account: Account | None = None
    wait_s: float = 0.0
    refused: bool = False


def origin(address: str) -> str:
    """Who counts as one: an IPv6 host has 2^64 addresses to try from, so its network stands for it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


async def read_limits(session: AsyncSession, *, lock: bool = False) -> Limits:
    """As the policies say."""
    # The lock on this row makes attempts take turns where the database would let them run side by side
    here = await _policy(session, "login_failures", 5, lock=lock)
    window_s = await _policy(session, "login_window_s", 900)
    return Limits(
        window=dt.timedelta(seconds=window_s),
        here=here,
        address=await _policy(session, "login_address_failures", 20),
        longest_wait_s=await _policy(session, "login_slow_s", 8),
    )


async def count_attempt(session: AsyncSession, login: str, address: str, now: dt.datetime) -> Chance:
    """Count it as failed until the password proves right: many at once do not slip through."""
    limits, here = await read_limits(session, lock=True), origin(address)
    since = now - limits.window
    await login_attempts.forget_old(session, since)
    account = await accounts.by_login(session, login)
    at_desk = await login_attempts.count(session, since, login=login, address=here)
    if at_desk >= limits.here or (await login_attempts.count(session, since, address=here) >= limits.address):
        await _write_down(session, account, address, now, since)
        return Chance(refused=True)
    elsewhere = await login_attempts.count(session, since, login=login) - at_desk
    await login_attempts.add(session, login, here, now)
    return Chance(account, limits.wait_s(elsewhere))


async def closed_now(session: AsyncSession, now: dt.datetime) -> tuple[Sequence[Closed], Limits]:
    """Which doors are closed, and the limits that closed them."""
    limits = await read_limits(session)
    return await login_attempts.closed(session, now - limits.window, limits.here, limits.address), limits


async def _write_down(
    session: AsyncSession, account: Account | None, address: str, now: dt.datetime, since: dt.datetime
) -> None:
    """Once for each account and lock; what a stranger typed is not written down."""
    if account is None:
        return
    subject = f"account:{account.id}"
    if not await accounts.audited_since(session, None, LOCKED, subject, since, address=address):
        await accounts.audit(session, now, None, LOCKED, subject, address=address)


async def _policy(session: AsyncSession, key: str, default: int, *, lock: bool = False) -> int:
    row = await session.get(Policy, key, with_for_update=True if lock else None)
    try:
        return int(row.value) if row else default
    except ValueError:
        log.error("policy_not_a_number", key=key)
        return default
