"""Who cannot sign in for too many wrong passwords, and letting them try again: shift leaders and up."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.login_throttle import closed_now
from api.security import PLAIN_TEXT, Person, ShiftLeader
from api.state import house_of
from core.errors import Forbidden, NotFound
from core.vocabulary import ROLE_RANK
from db.models import Account
from db.repositories import accounts, login_attempts
from db.session import reading, transaction

router = APIRouter(prefix="/api/v1/login-locks")


class Release(BaseModel):
    """A lock as the list names it; without an account, the whole address."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(min_length=1, max_length=60, pattern=PLAIN_TEXT)
    account_id: int | None = Field(default=None, ge=1, le=2**53)


@router.get("")
async def show(request: Request, person: ShiftLeader) -> dict[str, Any]:
    """What is closed now, the oldest first."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        return {"locks": await locks_json(session, person, house.clock.now())}


@router.post("/release")
async def release(request: Request, person: ShiftLeader, body: Release) -> dict[str, bool]:
    """The failures are forgotten: five more tries. Nobody does this for a higher role than their own."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        account = await accounts.get(session, body.account_id) if body.account_id is not None else None
        if body.account_id is not None and account is None:
            raise NotFound(what="账号")
        if not _may_release(person, account):
            raise Forbidden
        login = account.login if account is not None else None
        if not await login_attempts.forget(session, body.address, login):
            raise NotFound(what="登录限制")
        subject = f"account:{account.id}" if account is not None else "address"
        await accounts.audit(
            session,
            house.clock.now(),
            person.id,
            "login_lock_released",
            subject,
            address=person.address,
            released=body.address,
        )
    return {"ok": True}


async def locks_json(session: AsyncSession, person: Person, now: dt.datetime) -> list[dict[str, Any]]:
    """The closed doors, and when each opens by itself."""
    found, limits = await closed_now(session, now)
    return [
        {
            "address": one.address,
            "account_id": one.account.id if one.account is not None else None,
            "login": one.account.login if one.account is not None else None,
            "name": one.account.name if one.account is not None else None,
            "failures": one.failures,
            "until": (one.first_at + limits.window).isoformat(),
            "may_release": _may_release(person, one.account),
        }
        for one in found
    ]


def _may_release(person: Person, account: Account | None) -> bool:
    return account is None or ROLE_RANK[account.role] <= ROLE_RANK[person.role]
