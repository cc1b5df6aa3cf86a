"""As whom an emergency service is called: 110, 119, 120 and 122 are a party each, however asked for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from core.emergency_words import SERVICES, role_of
from core.vocabulary import BridgeRole, UnitKind
from db.models import PhoneNumber, Unit
from db.repositories import directory


async def named(session: AsyncSession, roles: Sequence[str], matter: directory.Matter) -> list[str]:
    """These roles, `emergency` as the service that the directory's rule means by it."""
    if BridgeRole.EMERGENCY not in roles:
        return [str(role) for role in roles]
    service = await by_rule(session, matter)
    meant = str(role_of(service)) if service is not None else str(BridgeRole.EMERGENCY)
    others = [str(role) for role in roles if role != BridgeRole.EMERGENCY]
    return others if meant in others else [*others, meant]


async def by_rule(session: AsyncSession, matter: directory.Matter) -> str | None:
    """The service that the directory's rules name for this matter and place."""
    rules = await directory.roles_for(session, matter.category, matter.town, matter.village)
    rule = rules.get(BridgeRole.EMERGENCY)
    return _service(await session.get(Unit, rule.unit_id) if rule is not None and rule.unit_id else None)


async def of_number(session: AsyncSession, number_id: int) -> str | None:
    """The role of a number that is a service's own, or None."""
    row = await session.get(PhoneNumber, number_id)
    service = _service(await session.get(Unit, row.unit_id) if row is not None and row.unit_id else None)
    return str(role_of(service)) if service is not None else None


def _service(unit: Unit | None) -> str | None:
    ours = unit is not None and unit.kind is UnitKind.EMERGENCY and unit.code in SERVICES
    return unit.code if unit is not None and ours else None
