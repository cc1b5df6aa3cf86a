"""What may be done with a ticket. Each function is one step inside the caller's transaction."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HotlineError, IllegalTransition, InvalidField, NotFound
from core.events import TicketChanged
from core.ids import CallId, SeatId, TicketId
from core.ticket_words import TicketStep
from core.vocabulary import TicketKind, TicketStatus, Urgency, label
from db.models import Call, Category, Ticket, TicketEvent, Town, Village
from db.repositories import calls, event_log, tickets
from tickets.lifecycle import EDITABLE, check_step
from tickets.opening import begin

TEXT_LIMITS: Final[Mapping[str, int]] = {
    "title": 120,
    "content": 5000,
    "purpose": 200,
    "caller_name": 40,
    "caller_gender": 4,
    "contact_number": 40,
    "respondent": 120,
    "address": 200,
    "happened": 80,
    "answer": 5000,
}
FLAGS: Final = ("secret", "anonymous", "needs_reply")
CHOICES: Final[Mapping[str, type[Any]]] = {"kind": TicketKind, "urgency": Urgency}
REFERENCES: Final[Mapping[str, tuple[type[Any], type[Any]]]] = {
    "category_code": (Category, str),
    "town_code": (Town, str),
    "village_id": (Village, int),
}
MAX_ROW_ID: Final = 2**31 - 1
_DIGITS: Final = re.compile(r"[0-9]{1,10}\Z")
# Control characters, and halves of a pair: PostgreSQL stores no NUL, and no database half a character
_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class StaleTicket(HotlineError):
    """工单已被他人修改，请刷新后再保存。"""

    code = "stale-ticket"
    status = 409


async def open_for_call(
    session: AsyncSession, call: Call, status: TicketStatus, now: dt.datetime
) -> tuple[Ticket, bool]:
    """The call's ticket; opened now if there is none. Says whether it is new."""
    # Two who hear of the call at once take turns here; without the lock PostgreSQL would let both look
    await calls.get_for_update(session, call.id)
    known = await tickets.of_call(session, call.id)
    if known is not None:
        return known, False
    ticket = Ticket(
        status=status,
        channel="phone" if status is TicketStatus.DRAFT else "voicemail",
        call_id=call.id,
        seat_id=call.seat_id,
        operator_id=call.operator_id,
        caller_number=call.caller,
        contact_number=call.caller,
    )
    return await begin(session, ticket, None, now), True


async def hand_over(
    session: AsyncSession, ticket: Ticket, operator_id: int, seat_id: int, now: dt.datetime
) -> bool:
    """The ticket of a call that was transferred, while it can be edited; says whether it changed hands."""
    if ticket.status not in EDITABLE or ticket.operator_id == operator_id:
        return False
    ticket.operator_id, ticket.seat_id, ticket.updated_at = operator_id, seat_id, now
    session.add(_line(ticket, operator_id, TicketStep.TRANSFERRED, now))
    await session.flush()
    return True


async def edit(
    session: AsyncSession, ticket_id: int, fields: Mapping[str, Any], account_id: int, now: dt.datetime
) -> Ticket:
    """Change fields of an editable ticket; `fields` names the version that was seen.

    Raises:
        NotFound, StaleTicket, IllegalTransition, InvalidField.
    """
    ticket = await _seen(session, ticket_id, fields)
    if ticket.status not in EDITABLE:
        raise IllegalTransition(
            status=str(ticket.status), reason=f"工单已是“{label(ticket.status)}”，不能再修改"
        )
    changed = await _fill(session, ticket, fields)
    if changed:
        ticket.version += 1
        ticket.updated_at = now
        session.add(
            TicketEvent(
                ticket_id=ticket.id,
                at=now,
                account_id=account_id,
                from_status=ticket.status,
                to_status=ticket.status,
                reason=TicketStep.EDITED,
                changes={"fields": sorted(changed)},
            )
        )
    await session.flush()
    return ticket


async def move(
    session: AsyncSession,
    ticket_id: int,
    to: TicketStatus,
    fields: Mapping[str, Any],
    account_id: int,
    now: dt.datetime,
) -> Ticket:
    """Edit and take the ticket to another status; what waited to be accepted is theirs who moved it.

    Raises:
        NotFound, StaleTicket, IllegalTransition; InvalidField naming what is missing.
    """
    ticket = await _seen(session, ticket_id, fields)
    check_step(ticket.status, to)
    if to is TicketStatus.VOID and await tickets.joined_to(session, ticket.id):
        raise IllegalTransition(reason="还有并入件，请先拆开")
    changed = await _fill(session, ticket, fields if ticket.status in EDITABLE else _only_answer(fields))
    reason = _text("reason", fields.get("reason") or "")
    _require(ticket, to, reason)
    if ticket.status is TicketStatus.PENDING_ACCEPT and ticket.operator_id is None:
        ticket.operator_id = account_id
        if to is not TicketStatus.VOID:
            session.add(_line(ticket, account_id, TicketStep.ACCEPTED, now))
    session.add(
        TicketEvent(
            ticket_id=ticket.id,
            at=now,
            account_id=account_id,
            from_status=ticket.status,
            to_status=to,
            reason=reason,
            changes={"fields": sorted(changed)} if changed else {},
        )
    )
    ticket.status = to
    ticket.version += 1
    ticket.updated_at = now
    await session.flush()
    return ticket


async def told(session: AsyncSession, ticket: Ticket, now: dt.datetime) -> TicketChanged:
    """The fact of a change, stored in the log; publish it after the commit."""
    fact = TicketChanged(
        at=now,
        ticket_id=TicketId(ticket.id),
        number=ticket.number,
        status=ticket.status,
        call_id=CallId(ticket.call_id) if ticket.call_id else None,
        seat_id=SeatId(ticket.seat_id) if ticket.seat_id else None,
    )
    await event_log.append(session, fact)
    return fact


async def _seen(session: AsyncSession, ticket_id: int, fields: Mapping[str, Any]) -> Ticket:
    ticket = await tickets.get_for_update(session, ticket_id)
    if ticket is None:
        raise NotFound(what="工单")
    if fields.get("version") != ticket.version:
        raise StaleTicket(version=ticket.version)
    return ticket


def _line(ticket: Ticket, account_id: int, reason: TicketStep, now: dt.datetime) -> TicketEvent:
    """Of the history: something that leaves the status as it is."""
    return TicketEvent(
        ticket_id=ticket.id,
        at=now,
        account_id=account_id,
        from_status=ticket.status,
        to_status=ticket.status,
        reason=reason,
        changes={},
    )


def _only_answer(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """What may still be written in a file that has been sent on."""
    return {name: value for name, value in fields.items() if name == "answer"}


async def _fill(session: AsyncSession, ticket: Ticket, fields: Mapping[str, Any]) -> set[str]:
    changed: set[str] = set()
    for name in (*TEXT_LIMITS, *FLAGS, *CHOICES, *REFERENCES):
        if name in fields:
            value = await _clean(session, name, fields[name])
            if value != getattr(ticket, name):
                setattr(ticket, name, value)
                changed.add(name)
    return changed


async def _clean(session: AsyncSession, name: str, value: Any) -> Any:
    if name in TEXT_LIMITS:
        return _text(name, value)
    if name in FLAGS:
        if not isinstance(value, bool):
            raise InvalidField(field=name, reason="应为是或否")
        return value
    if value in (None, "") and name != "urgency":
        return None
    return _choice(name, value) if name in CHOICES else await _reference(session, name, value)


def _choice(name: str, value: object) -> Any:
    try:
        return CHOICES[name](value)
    except ValueError:
        raise InvalidField(field=name, reason="不在可选范围内") from None


async def _reference(session: AsyncSession, name: str, value: Any) -> Any:
    table, kind = REFERENCES[name]
    key = int(value) if kind is int and isinstance(value, str) and _DIGITS.match(value) else value
    if type(key) is not kind or (isinstance(key, int) and not 0 < key <= MAX_ROW_ID):
        raise InvalidField(field=name, reason="编号不正确")
    if isinstance(key, str):
        key = _text(name, key)
    if await session.get(table, key) is None:
        raise InvalidField(field=name, reason="没有这个编号")
    return key


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidField(field=name, reason="应为文字")
    if _NOT_TEXT.search(value):
        raise InvalidField(field=name, reason="含有控制字符")
    text = value.replace("\r\n", "\n").strip()
    limit = TEXT_LIMITS.get(name, 200)
    if len(text) > limit:
        raise InvalidField(field=name, reason=f"最多 {limit} 字")
    return text


def _require(ticket: Ticket, to: TicketStatus, reason: str) -> None:
    """The five elements (五要素) as far as this step needs them; the first that is missing is named."""
    closing = to is not TicketStatus.VOID
    sending = to is TicketStatus.TO_DISPATCH
    needed = (
        ("reason", "请写明作废原因", not closing, bool(reason)),
        ("kind", "请选择诉求类型", closing, ticket.kind is not None),
        ("content", "请填写内容", closing, bool(ticket.content)),
        ("answer", "请写下答复内容", to is TicketStatus.ANSWERED, bool(ticket.answer)),
        ("category_code", "请选择分类", sending, ticket.category_code is not None),
        ("address", "请填写地点，不清楚就写“不清”", sending, bool(ticket.town_code or ticket.address)),
        ("caller_name", "请填写姓名，或选择匿名", sending, bool(ticket.caller_name or ticket.anonymous)),
    )
    for field, sentence, wanted, there in needed:
        if wanted and not there:
            raise InvalidField(field=field, reason=sentence)
