"""One number of the directory: seen with a reason, tried by a test call, marked as verified."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.probing import ProbeRunning, prober_of
from api.routes.calls import Reveal
from api.routes.directory import Head, number_json
from api.security import MAX_ROW_ID, PLAIN_TEXT, Operator, Person
from api.state import house_of
from core.errors import HotlineError, InvalidField, NotFound
from core.vocabulary import ProbeOutcome, UnitKind
from db.models import PhoneNumber, Unit
from db.repositories import accounts
from db.session import transaction

router = APIRouter(prefix="/api/v1/directory/numbers")
NumberId = Annotated[int, Path(ge=1, le=MAX_ROW_ID)]
LONGEST_PROBE = dt.timedelta(seconds=90)


class NumberChanged(HotlineError):
    """拨测期间号码被修改，结果不作数，请重新拨测。"""

    code = "number-changed"
    status = 409


class Outcome(BaseModel):
    """What somebody found who rang the number by hand."""

    model_config = ConfigDict(extra="forbid")
    outcome: ProbeOutcome
    note: str = Field(min_length=2, max_length=200, pattern=PLAIN_TEXT)


@router.post("/{number_id}/reveal")
async def reveal(request: Request, person: Operator, number_id: NumberId, body: Reveal) -> dict[str, str]:
    """The full number, with a reason that is written down."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        number = await _number(session, number_id)
        who = {"reason": body.reason, "address": person.address}
        await accounts.audit(
            session, house.clock.now(), person.id, "directory_number_seen", f"number:{number_id}", **who
        )
    return {"number": number.number}


@router.post("/{number_id}/test")
async def test_call(request: Request, person: Head, number_id: NumberId) -> dict[str, Any]:
    """Ring it now; whoever answers confirms with key 1, and only that marks the number as verified."""
    house, prober = house_of(request), prober_of(request)
    now = house.clock.now()
    async with transaction(house.sessions) as session:
        number = await _number(session, number_id)
        await _may_ring(session, number)
        running = number.test_outcome is None and number.tested_at is not None
        if running and number.tested_at is not None and number.tested_at > now - LONGEST_PROBE:
            raise ProbeRunning
        before = number.tested_at, number.test_outcome
        number.tested_at, number.test_outcome = now, None
        digits = number.number
    try:
        # No transaction is open while the phone rings
        outcome = await prober.ring(digits)
    except HotlineError:
        async with transaction(house.sessions) as session:
            number = await _number(session, number_id)
            if number.tested_at == now and number.test_outcome is None:
                number.tested_at, number.test_outcome = before  # it was not rung, or nobody knows
        raise
    return await _keep(request, person, (number_id, digits), outcome, "拨测")


@router.post("/{number_id}/outcome")
async def post_outcome(request: Request, person: Head, number_id: NumberId, body: Outcome) -> dict[str, Any]:
    """What a person found who rang it by hand."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        number = await _number(session, number_id)
        number.tested_at = house.clock.now()
        digits = number.number
    return await _keep(request, person, (number_id, digits), body.outcome, f"人工：{body.note}")


async def _keep(
    request: Request, person: Person, rung: tuple[int, str], outcome: ProbeOutcome, reason: str
) -> dict[str, Any]:
    number_id, digits = rung
    house = house_of(request)
    now = house.clock.now()
    async with transaction(house.sessions) as session:
        number = await _number(session, number_id)
        if number.number != digits:
            raise NumberChanged
        number.test_outcome = outcome
        if outcome is ProbeOutcome.CONFIRMED:
            number.verified_at, number.verified_by = now, person.id
        who = {"reason": reason, "address": person.address, "outcome": str(outcome)}
        await accounts.audit(session, now, person.id, "number_tested", f"number:{number_id}", **who)
        return number_json(number)


async def _may_ring(session: AsyncSession, number: PhoneNumber) -> None:
    unit = await session.get(Unit, number.unit_id) if number.unit_id else None
    if unit is not None and unit.kind is UnitKind.EMERGENCY:
        raise InvalidField(field="number", reason="紧急号码不拨测")


async def _number(session: AsyncSession, number_id: int) -> PhoneNumber:
    number = await session.get(PhoneNumber, number_id)
    if number is None:
        raise NotFound(what="号码")
    return number
