"""Whom an outbound call is to reach: a number that the house looks up itself, or a typed one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from api.callback_view import is_mine
from api.routes.bridges import Line, directory_number
from api.security import Person
from api.whose import allowed_call, allowed_number, allowed_words
from core.bridge_words import BridgeKind
from core.callback_words import CallbackSource, CallbackState
from core.errors import Forbidden, InvalidField, NotFound
from core.vocabulary import BridgeRole, Role
from db.models import Call, Ticket
from db.repositories import bridges, callback_parties, callbacks, tickets
from tickets.callback_rules import callable_number
from tickets.callbacks import CallbackTaken

CITIZEN: Final = str(BridgeRole.CITIZEN)
CALLEE: Final = "callee"
ROW: Final = Field(default=None, ge=1, le=2**53)


class OutboundBody(BaseModel):
    """Exactly one of them says whom."""

    model_config = ConfigDict(extra="forbid")

    callback_id: int | None = ROW
    ticket_id: int | None = ROW
    which: Literal["contact", "caller"] = "contact"
    """Of a ticket: the number to be reached at, or the one that called."""
    call_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,79}$")
    number_id: int | None = ROW
    """Of the directory."""
    bridge_id: int | None = ROW
    """The same number once more."""
    digits: str | None = Field(default=None, pattern=r"^[0-9]{3,15}$")
    """Typed, and confirmed."""

    @model_validator(mode="after")
    def _one(self) -> OutboundBody:
        if len(self.wanted()) != 1:
            raise ValueError("请指明要呼叫谁，且只能一个")
        return self

    def wanted(self) -> list[str]:
        """What was given."""
        return [name for name in _FINDERS if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call, and what it belongs to."""

    line: Line
    role: str = CITIZEN
    ticket_id: int | None = None
    call_id: str | None = None


async def find(session: AsyncSession, person: Person, body: OutboundBody) -> Target:
    """The target. Raises NotFound, Forbidden, InvalidField, CallbackTaken."""
    target = await _FINDERS[body.wanted()[0]](session, person, body)
    if not target.line.digits:
        raise InvalidField(field=body.wanted()[0], reason="没有可以呼叫的号码")
    return target


async def _of_callback(session: AsyncSession, person: Person, body: OutboundBody) -> Target:
    row = await callbacks.get(session, body.callback_id or 0)
    if row is None:
        raise NotFound(what="回拨")
    if row.state is not CallbackState.WAITING and not is_mine(row, person):
        raise CallbackTaken
    asked = (await callback_parties.behind(session, [row.id])).get(row.id)
    if asked is not None and row.source is CallbackSource.PARTY:
        # A call of its own: the citizen's, out of which the conference grew, may still be running
        return Target(Line(row.number, "回拨", asked.name), role=CALLEE, ticket_id=row.ticket_id)
    return Target(Line(row.number, "回拨", "群众"), ticket_id=row.ticket_id, call_id=row.call_id)


async def _of_ticket(session: AsyncSession, person: Person, body: OutboundBody) -> Target:
    ticket = await tickets.get(session, body.ticket_id or 0)
    if ticket is None:
        raise NotFound(what="工单")
    _check_ticket(ticket, person)
    await allowed_number(session, person, ticket)
    typed = ticket.contact_number if body.which == "contact" else ""
    number = callable_number((typed or ticket.caller_number).replace(" ", "").replace("-", ""))
    return Target(
        Line(number, "工单联系电话", ticket.caller_name or "群众"),
        ticket_id=ticket.id,
        call_id=ticket.call_id,
    )


def _check_ticket(ticket: Ticket, person: Person) -> None:
    """Whoever may open the ticket may call its number; of a secret one there is more to ask."""
    mine = ticket.operator_id == person.id or (ticket.operator_id is None and not ticket.secret)
    if not mine and not person.at_least(Role.SHIFT_LEADER):
        raise Forbidden


async def _of_call(session: AsyncSession, person: Person, body: OutboundBody) -> Target:
    call: Call = await allowed_call(session, person, body.call_id or "")
    # The answer has the number in full: the same door as looking it up
    await allowed_words(session, person, call.id)
    ticket = await tickets.of_call(session, call.id)
    line = Line(callable_number(call.caller), "来电号码", "群众")
    return Target(line, ticket_id=ticket.id if ticket else None, call_id=call.id)


async def _of_directory(session: AsyncSession, person: Person, body: OutboundBody) -> Target:
    del person
    (line,) = await directory_number(session, body.number_id or 0)
    return Target(Line(line.digits, line.label, line.name), role=CALLEE)


async def _again(session: AsyncSession, person: Person, body: OutboundBody) -> Target:
    bridge = await bridges.get(session, body.bridge_id or 0)
    if bridge is None or bridge.kind is not BridgeKind.OUTBOUND:
        raise NotFound(what="外呼")
    if bridge.account_id != person.id:
        raise Forbidden
    leg = await bridges.other_party(session, bridge.id)
    numbers = await bridges.numbers_of(session, [leg.id]) if leg is not None else []
    if leg is None or not numbers:
        raise NotFound(what="号码")
    line = Line(numbers[0].digits, numbers[0].label, numbers[0].name)
    return Target(line, role=leg.role, ticket_id=bridge.ticket_id, call_id=bridge.call_id)


async def _typed(session: AsyncSession, person: Person, body: OutboundBody) -> Target:
    del session, person
    return Target(Line(body.digits or "", "手工拨号", ""), role=CALLEE)


_Finder = Callable[[AsyncSession, Person, OutboundBody], Awaitable[Target]]
_FINDERS: Final[dict[str, _Finder]] = {
    "callback_id": _of_callback,
    "ticket_id": _of_ticket,
    "call_id": _of_call,
    "number_id": _of_directory,
    "bridge_id": _again,
    "digits": _typed,
}
