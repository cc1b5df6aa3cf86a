"""Whether an idempotency key comes with what it came with before: only then is it the same press."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from core.callback_words import AttemptOutcome
from core.errors import KeyUsedOtherwise
from db.models import Bridge
from db.repositories import bridges, callbacks
from telephony.bridge_key import check_same


def asked_of(kind: str, body: BaseModel, call_id: str | None = None) -> str:
    """What a press asks for: of which kind, in which call, and all that its body says. The key names who."""
    # What is left to its default and what a newer version may add to the body says nothing
    said = body.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps([kind, call_id, said], sort_keys=True).encode()).hexdigest()


async def known(session: AsyncSession, key: str, asked: str) -> Bridge | None:
    """The room that this very press began, or None. Raises KeyUsedOtherwise."""
    found = await bridges.by_key(session, key)
    if found is not None:
        check_same(found.asked, asked)
    return found


async def free_for(session: AsyncSession, key: str, callback_id: int | None) -> None:
    """The key began no attempt at another call-back; one of an attempt that dialled nobody is free again.

    Raises:
        KeyUsedOtherwise.
    """
    earlier = await callbacks.of_bridge_key(session, key)
    if earlier is None:
        return
    if earlier.outcome is AttemptOutcome.NOT_MADE:
        earlier.bridge_key = None
        await session.flush()
    elif earlier.callback_id != callback_id:
        raise KeyUsedOtherwise
