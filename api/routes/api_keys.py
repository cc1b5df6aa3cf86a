"""Keys of other systems; administrators only."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from api.security import MAX_ROW_ID, PLAIN_TEXT, Person, require
from api.state import house_of
from core.errors import NotFound
from core.vocabulary import Role
from db.models import ApiKey
from db.repositories import accounts, api_keys
from db.session import reading, transaction

router = APIRouter(prefix="/api/v1/api-keys")
Administrator = Annotated[Person, Depends(require(Role.ADMINISTRATOR))]


class NewKey(BaseModel):
    """For which system, and what it may do."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=2, max_length=60, pattern=PLAIN_TEXT)
    scopes: list[Literal["bridges"]] = Field(min_length=1, max_length=5)


@router.get("")
async def list_keys(request: Request, person: Administrator) -> dict[str, Any]:
    """All keys, without the keys."""
    del person
    async with reading(house_of(request).sessions) as session:
        return {"scopes": api_keys.SCOPES, "keys": [_json(row) for row in await api_keys.every(session)]}


@router.post("")
async def make_key(request: Request, person: Administrator, body: NewKey) -> dict[str, Any]:
    """A new key; this answer is the only place where it is ever seen."""
    house = house_of(request)
    now = house.clock.now()
    async with transaction(house.sessions) as session:
        row, key = await api_keys.create(session, body.name.strip(), body.scopes, person.id, now)
        who = {"address": person.address, "scopes": row.scopes}
        await accounts.audit(session, now, person.id, "api_key_made", f"api-key:{row.id}", **who)
        return {**_json(row), "key": key}


@router.delete("/{key_id}")
async def revoke_key(
    request: Request, person: Administrator, key_id: Annotated[int, Path(ge=1, le=MAX_ROW_ID)]
) -> dict[str, Any]:
    """From now on the key opens nothing."""
    house = house_of(request)
    now = house.clock.now()
    async with transaction(house.sessions) as session:
        row = await api_keys.revoke(session, key_id, now)
        if row is None:
            raise NotFound(what="密钥")
        await accounts.audit(
            session, now, person.id, "api_key_revoked", f"api-key:{key_id}", address=person.address
        )
        return _json(row)


def _json(row: ApiKey) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "start": row.start,
        "scopes": row.scopes,
        "created_at": row.created_at.isoformat(),
        "last_used_at": row.last_used_at.isoformat() if row.last_used_at else None,
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }
