"""Who asks, and may they: sign-in, server-side sessions, CSRF, throttle, roles. Deny by default."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from api.login_throttle import count_attempt, origin
from api.state import House, house_of
from core.errors import BadCredentials, BadCsrf, Forbidden, NotSignedIn, TooManyAttempts
from core.ids import OperatorId
from core.vocabulary import ROLE_RANK, Role
from db.models import WebSession
from db.repositories import accounts, login_attempts
from db.session import reading, transaction

COOKIE: Final = "ms_session"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
LOOK_ONCE: Final = dt.timedelta(minutes=10)
MAX_ROW_ID: Final = 2**63 - 1
PLAIN_TEXT: Final = r"^[^\x00-\x1f\x7f]*$"
"""One line without control characters; PostgreSQL cannot store a NUL at all."""

_hasher = PasswordHasher()
# Verified against when there is no such login, so that both refusals take the same time
_NOBODY: Final = _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in."""

    id: OperatorId
    name: str
    work_number: str | None
    role: Role
    csrf: str
    address: str

    def at_least(self, role: Role) -> bool:
        """Whether this person's role includes that one."""
        return ROLE_RANK[self.role] >= ROLE_RANK[role]


async def sign_in(house: House, login: str, password: str, address: str) -> str:
    """Check and open a session; returns the token for the cookie.

    Raises:
        TooManyAttempts: too many failures at this address, with this login or with many, within the window.
        BadCredentials: wrong, unknown, inactive, or a demo account outside demo mode.
    """
    async with transaction(house.sessions) as session:
        await accounts.forget_old_sessions(session, house.clock.now())
        chance = await count_attempt(session, login, address, house.clock.now())
    if chance.refused:
        raise TooManyAttempts
    await asyncio.sleep(chance.wait_s)
    account = chance.account
    usable = account is not None and account.active and (not account.demo or house.settings.demo)
    hashed = account.password_hash if account is not None and usable else _NOBODY
    # Tens of milliseconds of work: in a thread, and outside the transaction
    right = await asyncio.to_thread(_matches, hashed, password)
    if account is None or not usable or not right:
        raise BadCredentials
    async with transaction(house.sessions) as session:
        await login_attempts.forget(session, origin(address), login)
        await accounts.audit(session, house.clock.now(), account.id, "signed_in", login, address=address)
        return _open_session(house, session, account.id, address)


def _open_session(house: House, session: AsyncSession, account_id: int, address: str) -> str:
    token = secrets.token_urlsafe(32)
    now = house.clock.now()
    session.add(
        WebSession(
            token_hash=_hash(token),
            account_id=account_id,
            csrf=secrets.token_urlsafe(24),
            created_at=now,
            expires_at=now + dt.timedelta(hours=house.settings.web.session_hours),
            address=address[:60],
        )
    )
    return token


async def sign_out(house: House, token: str) -> None:
    """End the session of this token."""
    async with transaction(house.sessions) as session:
        await accounts.end_session(session, _hash(token))


async def person_of(request: Request) -> Person | None:
    """Who is behind this request's cookie, or None."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    house = house_of(request)
    async with reading(house.sessions, urgent=True) as session:
        found = await accounts.signed_in(session, _hash(token), house.clock.now())
        if found is None:
            return None
        live, account = found
        if not account.active or (account.demo and not house.settings.demo):
            return None
        return Person(
            id=OperatorId(account.id),
            name=account.name,
            work_number=account.work_number,
            role=account.role,
            csrf=live.csrf,
            address=address_of(request),
        )


def require(role: Role) -> Callable[[Request], Awaitable[Person]]:
    """A dependency: the signed-in person, whose role includes `role`; checks CSRF on unsafe methods."""

    async def check(request: Request) -> Person:
        person = await person_of(request)
        if person is None:
            raise NotSignedIn
        given = request.headers.get(CSRF_HEADER, "")
        if request.method not in SAFE_METHODS and not secrets.compare_digest(
            given.encode(), person.csrf.encode()
        ):
            raise BadCsrf
        if not person.at_least(role):
            raise Forbidden
        return person

    check.required_role = role  # type: ignore[attr-defined]  # the test that walks all routes reads it
    return check


async def anybody(request: Request) -> None:
    """A dependency that marks a route as open to everybody, on purpose."""
    del request


def check_same_site(request: Request) -> None:
    """Refuse a sign-in that another site's page sends: it would put the victim into a stranger's account.

    Raises:
        BadCsrf.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        # Browsers say nothing of the kind where a page came without TLS, and name its origin all the same
        origin = request.headers.get("Origin")
        site = "none" if origin is None or urlsplit(origin).netloc == request.url.netloc else "cross-site"
    if site not in ("none", "same-origin"):
        raise BadCsrf


async def log_look(house: House, session: AsyncSession, person: Person, act: str, subject: str) -> None:
    """Write down that this person saw or heard it; the same look again within ten minutes is one look."""
    now = house.clock.now()
    if not await accounts.audited_since(session, person.id, act, subject, now - LOOK_ONCE):
        await accounts.audit(session, now, person.id, act, subject, address=person.address)


def address_of(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client else ""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


GridWorker = Annotated[Person, Depends(require(Role.GRID_WORKER))]
Operator = Annotated[Person, Depends(require(Role.OPERATOR))]
ShiftLeader = Annotated[Person, Depends(require(Role.SHIFT_LEADER))]
