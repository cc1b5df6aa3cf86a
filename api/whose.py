"""Whose call it is, and to whom its words and its sound are open: what every door asks.

Words and sound, and the number behind a secret ticket, are for who had a part in the call: who has it, at
whose seat it is, who answered it, who holds its ticket. To a shift leader they are open while the ticket is
not marked secret, as they are to every operator while nobody has accepted it; to the centre's head always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from api.security import Person, log_look
from api.state import House
from core.errors import Forbidden, HotlineError, NotFound
from core.vocabulary import CallState, Role, TicketStatus
from db.models import Call, Ticket
from db.repositories import bridges, calls, seats, tickets
from db.session import transaction
from telephony.confidence import closed


class InConfidence(HotlineError):
    """这通电话的工单已标为保密，来电号码和通话内容只有经办人和中心负责人可以看和听。"""

    code = "in-confidence"
    status = 403


@dataclass(frozen=True, slots=True)
class Open:
    """What was asked for may be had; `own` says whether the person had a part in it."""

    subject: str
    own: bool

    async def log_reading(self, house: House, person: Person) -> None:
        """Who reads what others said to each other is written down; one's own talk is no look."""
        if self.own:
            return
        async with transaction(house.sessions) as session:
            await log_look(house, session, person, "words_seen", self.subject)


async def allowed_call(session: AsyncSession, person: Person, call_id: str) -> Call:
    """The call, if it or its ticket is this person's, or the person leads. Its words are asked for apart.

    Raises:
        NotFound, Forbidden.
    """
    call = await _call(session, call_id)
    if person.at_least(Role.SHIFT_LEADER) or await _is_his(session, person, call):
        return call
    ticket = await tickets.of_call(session, call_id)
    if _holds(person, ticket) or _waits_for(person, ticket):
        return call
    raise Forbidden


async def allowed_words(session: AsyncSession, person: Person, call_id: str) -> Open:
    """What was said in the call, if this person may read and hear it.

    Raises:
        NotFound, Forbidden, InConfidence.
    """
    call = await _call(session, call_id)
    ticket = await tickets.of_call(session, call_id)
    own = await _is_his(session, person, call) or _holds(person, ticket)
    return _opened(person, call_id, own, ticket)


async def allowed_bridge_words(session: AsyncSession, person: Person, bridge_id: int) -> Open:
    """The same for a conference: as for its call; without one it is its presser's and its ticket's.

    Raises:
        NotFound, Forbidden, InConfidence.
    """
    bridge = await bridges.get(session, bridge_id)
    if bridge is None:
        raise NotFound(what="三方通话")
    ticket = await tickets.get(session, bridge.ticket_id) if bridge.ticket_id is not None else None
    if bridge.call_id is not None:
        opened = await allowed_words(session, person, bridge.call_id)
        # The ticket in whose name it was pressed may be another one than the call's
        return _opened(person, opened.subject, opened.own, ticket)
    own = bridge.account_id == person.id or _holds(person, ticket)
    return _opened(person, f"bridge:{bridge_id}", own, ticket)


async def number_open(session: AsyncSession, person: Person, ticket: Ticket | None) -> bool:
    """Whether this person may have the number behind the ticket, and call it.

    A secret one's tells who spoke in confidence, as the words would.
    """
    if ticket is None or not closed(ticket, person.role) or _holds(person, ticket):
        return True
    call = await calls.get(session, ticket.call_id) if ticket.call_id is not None else None
    return call is not None and await _is_his(session, person, call)


async def allowed_number(session: AsyncSession, person: Person, ticket: Ticket | None) -> None:
    """Raises InConfidence where the number is not open."""
    if not await number_open(session, person, ticket):
        raise InConfidence


async def openable(session: AsyncSession, person: Person, found: Sequence[Ticket]) -> set[int]:
    """Which of these files this person may open, by their ids.

    A draft is its operator's; what waits to be accepted is everybody's; a secret one is its operator's.
    The file of a call that a colleague has asked this person into is open to both.
    """
    if person.at_least(Role.SHIFT_LEADER):
        return {ticket.id for ticket in found}
    seat = await seats.of_operator(session, person.id)
    beside = seat.call_id if seat is not None and seat.bridge_id is not None else None
    return {
        ticket.id
        for ticket in found
        if _holds(person, ticket)
        or (ticket.operator_id is None and not ticket.secret)
        or (beside is not None and beside == ticket.call_id)
    }


async def rings_at(session: AsyncSession, person: Person, call: Call) -> bool:
    """Before the answer the call is nobody's yet; the operator whose seat rings may look.

    So may the one who calls back, while the seat has to do with it.
    """
    seat = await seats.of_operator(session, person.id)
    if seat is None or seat.call_id != call.id:
        return False
    return call.state is not CallState.ENDED or call.operator_id is None


async def _call(session: AsyncSession, call_id: str) -> Call:
    call = await calls.get(session, call_id)
    if call is None:
        raise NotFound(what="来电")
    return call


async def _is_his(session: AsyncSession, person: Person, call: Call) -> bool:
    if call.operator_id == person.id or await rings_at(session, person, call):
        return True
    # Taken over by a shift leader meanwhile: the after-call work is still the operator's who began it
    return await calls.was_answered_by(session, call.id, person.id)


def _holds(person: Person, ticket: Ticket | None) -> bool:
    return ticket is not None and ticket.operator_id == person.id


def _waits_for(person: Person, ticket: Ticket | None) -> bool:
    """A message must be heard to be accepted; hearing it is a look like any other."""
    if ticket is None or ticket.operator_id is not None or ticket.secret:
        return False
    return ticket.status is TicketStatus.PENDING_ACCEPT and person.at_least(Role.OPERATOR)


def _opened(person: Person, subject: str, own: bool, ticket: Ticket | None) -> Open:
    if own:
        return Open(subject, own=True)
    if _waits_for(person, ticket):
        return Open(subject, own=False)
    if not person.at_least(Role.SHIFT_LEADER):
        raise Forbidden
    if closed(ticket, person.role):
        raise InConfidence
    return Open(subject, own=False)
