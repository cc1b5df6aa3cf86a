"""Which screens are told which facts: words only to whoever is in the talk at that moment."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from api.security import Person
from api.state import House
from api.told import SPOKEN, Told
from api.whose import InConfidence, allowed_words
from core.bridge_events import LegTalked
from core.errors import Forbidden, NotFound
from core.events import Fact
from core.supervision_words import SupervisionState
from core.vocabulary import Role
from db.models import Supervision
from db.repositories import accounts, bridges, seats, supervisions
from db.session import reading, transaction
from telephony.supervision_states import SPYING

LISTENS: Final = SPYING | {SupervisionState.TAKEN_OVER}
"""Ears that hear: who is only being called does not read along before."""
_IDLE: Final = frozenset((*SPOKEN, LegTalked.__name__))
"""Many a second, and none of them changes who may hear."""
_KEPT: Final = 512
_KEPT_FOR: Final = dt.timedelta(seconds=5)
"""Only for what comes without a fact; what comes with one is heard of at once."""
_LOOKS: Final = 3


class _About(NamedTuple):
    account_id: int
    role: Role
    call_id: str | None
    bridge_id: object


class Hearing:
    """Answers for every fact and screen; who may hear a call is kept until a fact about that call passes.

    Guesses come many times a second to each screen: the database is asked once, not each time.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept: OrderedDict[_About, tuple[bool, dt.datetime]] = OrderedDict()
        self._changes = 0

    async def on_fact(self, fact: Fact) -> None:
        """Something changed: about its call, or anywhere, nothing that was known counts any more."""
        if type(fact).__name__ in _IDLE:
            return
        self._changes += 1
        call_id = getattr(fact, "call_id", None)
        for about in [one for one in self._kept if call_id is None or one.call_id in (call_id, None)]:
            del self._kept[about]

    async def may_hear(self, person: Person, told: Told) -> bool:
        """Whether this fact is sent to this person's screen; a grid worker hears of own presses."""
        if not person.at_least(Role.OPERATOR):
            return told.kind not in SPOKEN and await self._pressed_by(person, told.payload.get("bridge_id"))
        if told.payload.get("told") is False:
            # A leader who listens unseen is no operator's business, not even that it ended
            return person.at_least(Role.SHIFT_LEADER)
        return told.kind not in SPOKEN or await self._hears_words(person, told)

    async def _hears_words(self, person: Person, told: Told) -> bool:
        bridge_id = told.payload.get("bridge_id") if told.call_id is None else None
        about = _About(person.id, person.role, told.call_id, bridge_id)
        hears, until = self._kept.get(about, (False, None))
        if until is not None and until > self._house.clock.now():
            return hears
        for _ in range(_LOOKS):
            before = self._changes
            hears = await self._look(person, about)
            if before == self._changes:
                self._keep(about, hears=hears)
                return hears
        return False  # so much happens that no look is the last one: a word too few does no harm

    def _keep(self, about: _About, *, hears: bool) -> None:
        self._kept[about] = hears, self._house.clock.now() + _KEPT_FOR
        self._kept.move_to_end(about)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    async def _look(self, person: Person, about: _About) -> bool:
        """At whose seat the call is, and whose ear is at it; without a call whoever pressed."""
        if about.call_id is None:
            return await self._pressed_by(person, about.bridge_id)
        async with reading(self._house.sessions) as session:
            seat = await seats.of_operator(session, person.id)
            if seat is not None and seat.call_id == about.call_id:
                return True
            ear = await open_ear(session, person)
            if ear is None or ear.call_id != about.call_id:
                return False
            try:
                await allowed_words(session, person, about.call_id)
            except (Forbidden, InConfidence, NotFound):
                return False
        await log_ear(self._house, person, ear)
        return True

    async def _pressed_by(self, person: Person, bridge_id: object) -> bool:
        if not isinstance(bridge_id, int):
            return False
        async with reading(self._house.sessions) as session:
            bridge = await bridges.get(session, bridge_id)
        return bridge is not None and bridge.account_id == person.id


async def open_ear(session: AsyncSession, person: Person) -> Supervision | None:
    """The ear with which this leader hears a call now, or None."""
    if not person.at_least(Role.SHIFT_LEADER):
        return None
    ear = await supervisions.open_of(session, person.id)
    return ear if ear is not None and ear.state in LISTENS else None


async def log_ear(house: House, person: Person, ear: Supervision) -> None:
    """Reading along is written down once an ear, before the first word is sent."""
    once = (person.id, "words_heard", f"supervision:{ear.id}")
    async with reading(house.sessions) as session:
        if await accounts.audited_since(session, *once, ear.ordered_at):
            return
    async with transaction(house.sessions) as session:
        if not await accounts.audited_since(session, *once, ear.ordered_at):
            more = {"address": person.address, "call": ear.call_id}
            await accounts.audit(session, house.clock.now(), *once, **more)
