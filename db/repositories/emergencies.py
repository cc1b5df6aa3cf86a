"""The numbers of 110, 119, 120 and 122, as the directory has them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.vocabulary import UnitKind
from db.models.directory import PhoneNumber, Unit
from db.repositories.directory import Candidate


async def numbers(session: AsyncSession, services: Sequence[str]) -> dict[str, list[Candidate]]:
    """The numbers of each service's unit, in the order in which they were written; none where it has none."""
    query = (
        select(Unit, PhoneNumber)
        .join(PhoneNumber, PhoneNumber.unit_id == Unit.id)
        .where(Unit.code.in_(services), Unit.kind == UnitKind.EMERGENCY, Unit.active)
        .order_by(PhoneNumber.id)
    )
    found: dict[str, dict[str, Candidate]] = {service: {} for service in services}
    for unit, number in await session.execute(query):
        # 110, 119 and 120 are never rung to try them
        line = Candidate(unit.name, str(number.kind), number.number, number.id, True, None, unit.id)
        found[unit.code].setdefault(number.number, line)
    return {service: list(lines.values()) for service, lines in found.items()}
