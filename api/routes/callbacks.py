"""The call-back list 回拨: who waits, take one, give it back or to somebody, write down what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.callback_view import is_mine, lines_json
from api.security import PLAIN_TEXT, Operator, Person, ShiftLeader, log_look
from api.state import House, house_of
from api.whose import allowed_number
from core.callback_words import BY_PEOPLE, OUTCOME_LABELS, AttemptOutcome, CallbackState
from core.clock import SHANGHAI
from core.errors import Forbidden, IllegalTransition, InvalidField, NotAtSeat
from core.vocabulary import Role, SeatState
from db.models import Callback
from db.repositories import accounts, callbacks, seats, tickets
from db.session import reading, transaction
from tickets.callback_rules import Rules, read_rules
from tickets.callbacks import Facts, claim, conclude, give, locked, release, write_down

router = APIRouter(prefix="/api/v1/callbacks")

Id = Annotated[int, Path(ge=1, le=2**53)]
_AWAY: Final = frozenset({SeatState.EMPTY, SeatState.CHECKING})
Work = Callable[[AsyncSession, Rules, dt.datetime], Awaitable[Facts]]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ResultBody(_Body):
    """What became of it, and what there is to say."""

    outcome: AttemptOutcome
    note: str = Field(default="", max_length=200, pattern=PLAIN_TEXT)


class AssignBody(_Body):
    """To whom."""

    account_id: int = Field(ge=1, le=2**53)


class RevealBody(_Body):
    """Why the full number must be seen."""

    reason: str = Field(min_length=2, max_length=200, pattern=PLAIN_TEXT)


@router.get("")
async def show(request: Request, person: Operator) -> dict[str, Any]:
    """Open lines, the one that is due first on top, and those closed today."""
    house = house_of(request)
    now = house.clock.now()
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    async with transaction(house.sessions) as session:
        lines = await callbacks.open_lines(session)
        closed = await callbacks.closed_since(session, midnight)
        for line in lines:
            if is_mine(line, person):
                await log_look(house, session, person, "number_seen", f"callback:{line.id}")
        return {
            "open": await lines_json(session, person, lines, now),
            "closed": await lines_json(session, person, closed, now),
            "outcomes": [{"key": word, "label": OUTCOME_LABELS[word]} for word in BY_PEOPLE],
            "leads": person.at_least(Role.SHIFT_LEADER),
            "people": await _people(session) if person.at_least(Role.SHIFT_LEADER) else [],
        }


@router.post("/{callback_id}/claim")
async def take(request: Request, person: Operator, callback_id: Id) -> dict[str, Any]:
    """It is mine for a while; again, for longer."""

    async def work(session: AsyncSession, rules: Rules, now: dt.datetime) -> Facts:
        await at_seat(session, person.id)
        return await claim(session, callback_id, person.id, rules, now)

    return await _do(request, person, callback_id, "callback_claimed", work)


@router.post("/{callback_id}/release")
async def give_back(request: Request, person: Operator, callback_id: Id) -> dict[str, Any]:
    """It is everybody's again."""

    async def work(session: AsyncSession, rules: Rules, now: dt.datetime) -> Facts:
        del rules
        line = await locked(session, callback_id)
        if line.state is not CallbackState.CLAIMED:
            raise IllegalTransition(state=line.state)
        _check(line, person)
        return await release(session, line, "by_person", now)

    return await _do(request, person, callback_id, "callback_released", work)


@router.post("/{callback_id}/assign")
async def assign(request: Request, person: ShiftLeader, callback_id: Id, body: AssignBody) -> dict[str, Any]:
    """Somebody on duty is to do it."""

    async def work(session: AsyncSession, rules: Rules, now: dt.datetime) -> Facts:
        try:
            await at_seat(session, body.account_id)
        except NotAtSeat:
            raise InvalidField(field="account_id", reason="这位话务员不在席") from None
        line = await locked(session, callback_id)
        return await give(session, line, body.account_id, rules, now)

    return await _do(request, person, callback_id, "callback_assigned", work)


@router.post("/{callback_id}/result")
async def result(request: Request, person: Operator, callback_id: Id, body: ResultBody) -> dict[str, Any]:
    """What became of it, known to a person: called from another phone, or a machine picked up."""
    if body.outcome not in BY_PEOPLE:
        raise InvalidField(field="outcome", reason="没有这个结果")

    async def work(session: AsyncSession, rules: Rules, now: dt.datetime) -> Facts:
        line = await locked(session, callback_id)
        _check(line, person)
        old = line.closed_at is not None and now - line.closed_at > rules.lease
        if line.state not in (CallbackState.CLAIMED, CallbackState.DONE) or old:
            raise IllegalTransition(state=line.state)
        await write_down(session, line, person.id, (body.outcome, body.note), now)
        return await conclude(session, line, body.outcome, rules, now)

    return await _do(request, person, callback_id, "callback_result", work)


@router.post("/{callback_id}/reveal")
async def reveal(request: Request, person: Operator, callback_id: Id, body: RevealBody) -> dict[str, str]:
    """The full number, with a reason that is written down; for its owner and for shift leaders."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        line = await locked(session, callback_id)
        _check(line, person)
        await _check_confidence(session, line, person)
        await accounts.audit(
            session,
            house.clock.now(),
            person.id,
            "number_seen",
            f"callback:{callback_id}",
            reason=body.reason,
            address=person.address,
        )
    return {"number": line.number}


async def at_seat(session: AsyncSession, account_id: int) -> int:
    """The seat where this person is on duty. Raises NotAtSeat."""
    seat = await seats.of_operator(session, account_id)
    if seat is None or seat.state in _AWAY:
        raise NotAtSeat
    return seat.id


def _check(line: Callback, person: Person) -> None:
    if line.owner_id != person.id and not person.at_least(Role.SHIFT_LEADER):
        raise Forbidden


async def _check_confidence(session: AsyncSession, line: Callback, person: Person) -> None:
    """Who has the line must call it; to others a secret ticket's number is closed. Raises InConfidence."""
    if is_mine(line, person):
        return
    for ticket in (await tickets.secret_of_lines(session, [line]))[line.id]:
        await allowed_number(session, person, ticket)


async def _people(session: AsyncSession) -> list[dict[str, Any]]:
    """Who is on duty, for the one who gives lines to people."""
    names = await accounts.names(session)
    here = [row for row in await seats.every(session) if row.operator_id and row.state not in _AWAY]
    return [{"id": row.operator_id, "seat": row.id, "name": names[row.operator_id or 0].name} for row in here]


async def _do(request: Request, person: Person, callback_id: int, act: str, work: Work) -> dict[str, Any]:
    house: House = house_of(request)
    now = house.clock.now()
    async with transaction(house.sessions) as session:
        facts = await work(session, await read_rules(session), now)
        await accounts.audit(session, now, person.id, act, f"callback:{callback_id}", address=person.address)
    for fact in facts:
        await house.bus.publish(fact)
    async with reading(house.sessions) as session:
        line = await callbacks.get(session, callback_id)
        return (await lines_json(session, person, [line] if line else [], now))[0]
