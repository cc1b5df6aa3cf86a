"""并单: one file joined into another of the same matter, and taken out again (domain.md 2.3).

The joined file keeps its own caller and its own history; the other one lists it. One level deep: what holds
others is not joined itself. Both rows are locked in the order of their ids, so two who join at once wait.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import IllegalTransition, InvalidField, NotFound
from core.ticket_words import TicketStep
from core.vocabulary import TicketStatus, label
from db.models import Ticket, TicketEvent
from db.repositories import tickets
from tickets.lifecycle import JOINABLE
from tickets.service import StaleTicket

_NOT_JOINED: Final = "并入的情况已经变了，请看当前状态后再试"


class HoldsOthers(IllegalTransition):
    """这张工单已有并入件，请先把它们拆开。"""

    code = "holds-others"


async def join(
    session: AsyncSession, ticket_id: int, into: int, version: int, account_id: int, now: dt.datetime
) -> tuple[Ticket, Ticket]:
    """Join `ticket_id` into `into`; the joined file and the one that took it in.

    Raises:
        NotFound, StaleTicket, InvalidField, IllegalTransition, HoldsOthers.
    """
    if into == ticket_id:
        raise InvalidField(field="into", reason="不能并入自己")
    child, parent = await _both(session, ticket_id, into, version)
    if child.status not in JOINABLE:
        raise IllegalTransition(
            status=str(child.status), reason=f"工单已是“{label(child.status)}”，不能再并入"
        )
    if parent.status not in JOINABLE:
        raise InvalidField(field="into", reason="只能并入还没有办结的工单")
    if not child.content:
        raise InvalidField(field="content", reason="请填写内容")
    if await tickets.joined_to(session, child.id):
        raise HoldsOthers
    child.parent_id = parent.id
    _step(session, child, TicketStatus.MERGED, _event(TicketStep.JOINED, parent, account_id, now))
    _step(session, parent, parent.status, _event(TicketStep.TAKEN_IN, child, account_id, now))
    await session.flush()
    return child, parent


async def part(
    session: AsyncSession, ticket_id: int, version: int, account_id: int, now: dt.datetime
) -> tuple[Ticket, Ticket]:
    """Take a joined file out again: it stands where it stood before.

    Raises:
        NotFound, StaleTicket, IllegalTransition.
    """
    known = await tickets.get(session, ticket_id)
    if known is None:
        raise NotFound(what="工单")
    if known.parent_id is None:
        raise IllegalTransition(status=str(known.status), reason=_NOT_JOINED)
    child, parent = await _both(session, ticket_id, known.parent_id, version)
    if child.parent_id != parent.id:
        raise IllegalTransition(status=str(child.status), reason=_NOT_JOINED)
    child.parent_id = None
    _step(session, child, await _stood(session, child), _event(TicketStep.PARTED, parent, account_id, now))
    _step(session, parent, parent.status, _event(TicketStep.GIVEN_BACK, child, account_id, now))
    await session.flush()
    return child, parent


async def _both(session: AsyncSession, child_id: int, parent_id: int, version: int) -> tuple[Ticket, Ticket]:
    found = {
        number: await tickets.get_for_update(session, number) for number in sorted((child_id, parent_id))
    }
    child, parent = found[child_id], found[parent_id]
    if child is None:
        raise NotFound(what="工单")
    if parent is None:
        raise InvalidField(field="into", reason="没有这张工单")
    if child.version != version:
        raise StaleTicket(version=child.version)
    return child, parent


async def _stood(session: AsyncSession, child: Ticket) -> TicketStatus:
    """Where a joined file stood before it was joined last."""
    steps = [step for step in await tickets.history(session, child.id) if step.reason == TicketStep.JOINED]
    return steps[-1].from_status or TicketStatus.PENDING_ACCEPT


def _event(reason: TicketStep, other: Ticket, account_id: int, now: dt.datetime) -> TicketEvent:
    changes = {"number": other.number, "ticket_id": other.id}
    return TicketEvent(at=now, account_id=account_id, reason=reason, changes=changes)


def _step(session: AsyncSession, ticket: Ticket, to: TicketStatus, event: TicketEvent) -> None:
    """One step of one file's history; only the file that moved gets a new version."""
    event.ticket_id, event.from_status, event.to_status = ticket.id, ticket.status, to
    if to is not ticket.status:
        ticket.status = to
        ticket.version += 1
        ticket.updated_at = event.at
    session.add(event)
