"""The real application over a real database, spoken to in process; only Asterisk is absent."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import select

from api.app import create_app
from api.lifespan import furnish
from api.security import COOKIE, CSRF_HEADER
from core.clock import SteppedClock
from core.config import Mode, load_settings
from core.vocabulary import CallState, RecordingKind, RecordingState, Role, TicketStatus
from db.models import Account, AuditEntry, Call, Recording, Ticket, WebSession
from db.repositories import seats, supervisions
from db.session import SessionMaker, make_engine, make_sessions, reading, transaction

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
PASSWORD = "correct-horse-battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
PEOPLE = {
    "op01": Role.OPERATOR,
    "op02": Role.OPERATOR,
    "leader": Role.SHIFT_LEADER,
    "head": Role.CENTRE_HEAD,
    "admin": Role.ADMINISTRATOR,
    "grid": Role.GRID_WORKER,
    "leader2": Role.SHIFT_LEADER,
}
IDS = {login: n for n, login in enumerate(PEOPLE, start=1)}


@dataclass
class WebHouse:
    """The application, its clock, its rows, and browsers."""

    app: FastAPI
    sessions: SessionMaker
    clock: SteppedClock
    recordings_dir: Path
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def browser(self, address: str = "10.0.0.1") -> httpx.AsyncClient:
        """A browser that nobody has signed in with."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 40000))
        client = httpx.AsyncClient(transport=transport, base_url="http://hotline.test")
        return await self._stack.enter_async_context(client)

    async def as_(self, login: str) -> httpx.AsyncClient:
        """A browser where that person has signed in, with the CSRF header that our pages send."""
        client, token, csrf = await self.browser(), secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        await self.add(
            WebSession(
                token_hash=hashlib.sha256(token.encode()).hexdigest(),
                account_id=IDS[login],
                csrf=csrf,
                created_at=self.clock.now(),
                expires_at=self.clock.now() + dt.timedelta(hours=13),
                address="10.0.0.1",
            )
        )
        client.cookies.set(COOKIE, token, domain="hotline.test")
        client.headers[CSRF_HEADER] = csrf
        return client

    async def add(self, *rows: Any) -> None:
        """Put rows there; those that others point at come first."""
        async with transaction(self.sessions) as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def looks(self, act: str) -> list[AuditEntry]:
        """What the audit log says of this act, oldest first."""
        async with reading(self.sessions) as session:
            query = select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id)
            return list(await session.scalars(query))

    async def sit(self, login: str, seat_id: int, call_id: str | None = None) -> None:
        """Put a person at a seat."""
        async with transaction(self.sessions) as session:
            row = await seats.get_for_update(session, seat_id)
            assert row is not None
            row.operator_id, row.call_id = IDS[login], call_id

    async def close(self) -> None:
        """Close every browser."""
        await self._stack.aclose()


def a_call(call_id: str, login: str | None = "op01", caller: str = "13800001234", **more: Any) -> Call:
    """An answered call that has ended, unless told otherwise."""
    values: dict[str, Any] = {
        "id": call_id,
        "state": CallState.ENDED,
        "caller": caller,
        "dialled": "56564444",
        "channel": "PJSIP/trunk-00000001",
        "operator_id": IDS[login] if login else None,
        "arrived_at": NOW,
        "answered_at": NOW,
        **more,
    }
    return Call(**values)


def a_recording(call_id: str, file: str | None, recording_id: int) -> Recording:
    """A joined recording of that call."""
    return Recording(
        id=recording_id,
        call_id=call_id,
        kind=RecordingKind.CONVERSATION,
        state=RecordingState.JOINED,
        caller_file="c.wav",
        joined_file=file,
        started_at=NOW,
    )


def a_ticket(ticket_id: int, login: str | None, **more: Any) -> Ticket:
    """A draft of that person."""
    values: dict[str, Any] = {
        "id": ticket_id,
        "number": f"261124{ticket_id:05}",
        "status": TicketStatus.DRAFT,
        "operator_id": IDS[login] if login else None,
        "caller_number": "13800001234",
        "contact_number": "13800001234",
        "created_at": NOW,
        "updated_at": NOW,
        **more,
    }
    return Ticket(**values)


@pytest.fixture
def mode() -> Mode:
    return Mode.PRODUCTION


@pytest.fixture
async def house(database_url: str, tmp_path: Path, mode: Mode) -> AsyncIterator[WebHouse]:
    settings = load_settings(
        tmp_path / "state",
        mode=mode,
        asterisk={
            "seat_secrets": {
                name: f"secret-of-{name}" for name in ("seat1", "seat2", "lead1", "lead2", "demo")
            }
        },
    )
    settings.recordings_dir.mkdir(parents=True)
    engine, clock, app = make_engine(database_url), SteppedClock(NOW), create_app(settings)
    sessions = make_sessions(engine)
    furnish(app, sessions, clock)
    made = WebHouse(app, sessions, clock, settings.recordings_dir)
    async with transaction(sessions) as session:
        await seats.ensure(session, 5, NOW)
        await supervisions.ensure_phones(session, 2)
    await made.add(
        *(
            Account(id=IDS[login], login=login, name=login, role=role, password_hash=CHEAP, created_at=NOW)
            for login, role in PEOPLE.items()
        )
    )
    yield made
    await made.close()
    await engine.dispose()
