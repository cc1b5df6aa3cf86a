"""An alarm that was raised is written down once: one that nobody touched leaves a trace.

Another danger in the same call is another alarm, also when it is of the same class.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from api.security import Person
from api.state import House
from db.repositories import accounts
from db.session import transaction
from tickets.draft.corrections import scrub

RAISED: Final = "alarm_raised"
IGNORED: Final = "alarm_ignored"
REMEMBERED: Final = 500
"""Alarms of which is known without asking that they are written down."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Of which call, E1 or E2, and by which words."""

    call_id: str
    danger: str
    words: str

    @property
    def kept(self) -> tuple[str, str, str]:
        """As it is written down, and known again: its words without the numbers in them."""
        return self.call_id, self.danger, scrub([self.words], "")[0][:200]


class AlarmLog:
    """One instance a process; a restart asks the audit log again."""

    def __init__(self) -> None:
        self._written: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def raised(self, house: House, person: Person, alarm: Alarm) -> None:
        """The first time that a call's alarm by these words is on somebody's page."""
        key = alarm.kept
        if key in self._written:
            return
        self._written[key] = None
        if len(self._written) > REMEMBERED:
            self._written.popitem(last=False)
        try:
            async with transaction(house.sessions) as session:
                await _write(session, house, person, RAISED, alarm)
        except BaseException:
            self._written.pop(key, None)
            raise

    async def ignored(self, session: AsyncSession, house: House, person: Person, alarm: Alarm) -> None:
        """It was seen and put aside: once, however often that is sent."""
        await _write(session, house, person, IGNORED, alarm)


async def _write(session: AsyncSession, house: House, person: Person, act: str, alarm: Alarm) -> None:
    call_id, danger, words = alarm.kept
    if await accounts.alarm_audited(session, act, call_id, danger, words):
        return
    await accounts.audit(
        session,
        house.clock.now(),
        person.id,
        act,
        call_id,
        emergency_class=danger,
        words=words,
        address=person.address,
    )
