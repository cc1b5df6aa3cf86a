"""Who presses the key: somebody signed in, or another system with a key of its own. Deny by default."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy import select

from api.security import Person, address_of, require
from api.state import house_of
from core.errors import Forbidden, NotSignedIn
from core.vocabulary import Role
from db.models import ApiKey, Bridge
from db.session import transaction

API_KEY_HEADER: Final = "X-API-Key"
SCOPE: Final = "bridges"


@dataclass(frozen=True, slots=True)
class Asker:
    """A person, or another system (`key_id`)."""

    person: Person | None
    key_id: int | None
    address: str

    @property
    def name(self) -> str:
        """What separates this asker's idempotency keys from all others'."""
        return f"p{self.person.id}" if self.person is not None else f"k{self.key_id}"

    @property
    def account_id(self) -> int | None:
        """The person's account, or None."""
        return self.person.id if self.person is not None else None

    @property
    def trace(self) -> dict[str, str | int]:
        """What a line of the audit log says of who asked, beside the account."""
        where: dict[str, str | int] = {"address": self.address}
        return where if self.key_id is None else {**where, "api_key": self.key_id}

    def began(self, bridge: Bridge) -> bool:
        """Whether this asker pressed; he may see what became of it when it has changed hands."""
        return bridge.key.startswith(f"{self.name}:")

    def may_handle(self, bridge: Bridge) -> bool:
        """Whoever pressed, and who leads the shift; another system only what is its own."""
        if self.person is None:
            return self.began(bridge)
        return bridge.account_id == self.person.id or self.person.at_least(Role.SHIFT_LEADER)


_operator = require(Role.OPERATOR)


async def asker_of(request: Request) -> Asker:
    """A dependency. Raises NotSignedIn, BadCsrf, Forbidden."""
    given = request.headers.get(API_KEY_HEADER)
    if given is None:
        return Asker(await _operator(request), None, address_of(request))
    house = house_of(request)
    hashed = hashlib.sha256(given.encode()).hexdigest()
    async with transaction(house.sessions, urgent=True) as session:
        key = await session.scalar(select(ApiKey).where(ApiKey.key_hash == hashed))
        if key is None or key.revoked_at is not None:
            raise NotSignedIn
        if SCOPE not in key.scopes:
            raise Forbidden
        key.last_used_at = house.clock.now()
        return Asker(None, key.id, address_of(request))


asker_of.required_role = Role.OPERATOR  # type: ignore[attr-defined]  # the test that walks all routes reads it
AskerHere = Annotated[Asker, Depends(asker_of)]
