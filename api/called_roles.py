"""Whom a press of the key would call, as screens show it. Numbers are masked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import label
from db.repositories import directory
from telephony.snapshot import masked


async def roles_json(
    session: AsyncSession, matter: directory.Matter, at: dt.datetime
) -> list[dict[str, Any]]:
    """Each role that the rules name for this matter and place, with its numbers in order at that moment."""
    rules = await directory.roles_for(session, matter.category, matter.town, matter.village)
    return [
        {
            "role": role,
            "label": label(role),
            "rule_id": rule.id,
            "confirmed": rule.confirmed,
            "numbers": [
                {
                    "name": one.name,
                    "label": one.label,
                    "masked": masked(one.digits),
                    "verified": one.verified,
                }
                for one in await directory.candidates(session, role, matter, at)
            ],
        }
        for role, rule in rules.items()
    ]
