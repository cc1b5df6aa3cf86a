"""Leaders' telephones are lent: one phone to one leader, while the leader's page is open."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HotlineError, InvalidField
from core.ids import OperatorId
from db.models.supervision import LeadPhone
from db.repositories import supervisions
from telephony.supervision_names import PHONES


class NoLeadPhone(HotlineError):
    """班长话机都在使用中，请稍后再试。"""

    code = "no-lead-phone"
    status = 409


class LeadPhoneLost(HotlineError):
    """班长话机没有就绪：请打开班长台，等话机就绪后再试。"""

    code = "lead-phone-lost"
    status = 409


async def lend(
    session: AsyncSession, leader: OperatorId, phone: str, now: dt.datetime, lease_s: float
) -> LeadPhone:
    """The phone that this leader has already, else a free one.

    Raises:
        InvalidField, NoLeadPhone.
    """
    if phone not in PHONES:
        raise InvalidField(field="phone")
    rows = await supervisions.phones(session)
    # A leader whose lease ran out in the middle of a call keeps the phone until the call is over
    busy = {row.lead: row.account_id for row in await supervisions.every_open(session)}
    mine = next((row for row in rows if row.account_id == leader), None)
    free = (row for row in rows if _over(row, now) and busy.get(row.number, leader) == leader)
    found = mine or next(free, None)
    if found is None:
        raise NoLeadPhone
    if found.number not in busy:
        found.phone = phone
    found.account_id, found.until = leader, now + dt.timedelta(seconds=lease_s)
    await session.flush()
    return found


async def keep(session: AsyncSession, leader: OperatorId, now: dt.datetime, lease_s: float) -> LeadPhone:
    """Prolong the loan. Raises LeadPhoneLost for one that is over."""
    found = await supervisions.phone_of(session, leader, now)
    if found is None:
        raise LeadPhoneLost
    found.until = now + dt.timedelta(seconds=lease_s)
    return found


async def give_back(session: AsyncSession, leader: OperatorId) -> None:
    """The page is closed. Nothing lent is no error."""
    for row in await supervisions.phones(session):
        if row.account_id == leader:
            row.account_id, row.until = None, None


def _over(row: LeadPhone, now: dt.datetime) -> bool:
    return row.account_id is None or row.until is None or row.until <= now
