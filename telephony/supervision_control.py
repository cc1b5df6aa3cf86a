"""Leaders' ears inside the control plane: what it hears, when it compares with Asterisk, what it repairs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from core.bus import Bus
from core.clock import Clock
from core.events import CallFact
from core.supervision_words import STATE_OF, SupervisionState
from core.vocabulary import CallState
from db.models.call import Call
from db.models.supervision import Supervision
from db.repositories import calls, supervisions
from db.session import SessionMaker, reading, transaction
from telephony.ami_protocol import AmiMessage
from telephony.seat_service import Policies
from telephony.supervision_names import of_channel_id
from telephony.supervision_service import Parts, SupervisionService
from telephony.supervision_states import SPYING
from telephony.supervision_switch import Ear
from telephony.supervision_translate import Heard, Sign, shown

log = structlog.get_logger(__name__)


class SupervisionControl:
    """`sweep` may be called at any time; never by two tasks at once."""

    def __init__(
        self,
        sessions: SessionMaker,
        bus: Bus,
        clock: Clock,
        ear: Ear,
        policies: Policies,
        tell_call: Callable[[CallFact], Awaitable[None]],
    ) -> None:
        self._sessions = sessions
        self._ear = ear
        self.service = SupervisionService(Parts(sessions, bus, clock, ear, policies, tell_call))
        self._seen_before: set[str] = set()
        self._seen_now: set[str] = set()

    async def start(self, leads: int) -> None:
        """Make the rows of the phones that can be lent."""
        async with transaction(self._sessions) as session:
            await supervisions.ensure_phones(session, leads)

    async def close(self) -> None:
        """End our part."""
        await self.service.close()

    async def sweep(self, uniqueids: set[str]) -> None:
        """Compare with Asterisk, which has these channels. Raises what the switchboard raises."""
        self._seen_before, self._seen_now = self._seen_now, set()
        async with reading(self._sessions) as session:
            rows = await supervisions.every_open(session)
            known = {row.id: await calls.get(session, row.call_id) for row in rows}
        if not rows and not any(of_channel_id(one) for one in uniqueids):
            return
        channels = await self._ear.channels()
        for row in rows:
            await self._compare(row, known[row.id], channels)
        await self._end_strays({row.id for row in rows}, channels)

    def _twice(self, difference: str) -> bool:
        self._seen_now.add(difference)
        return difference in self._seen_before

    async def _compare(self, row: Supervision, call: Call | None, channels: list[AmiMessage]) -> None:
        signs = [heard for one in channels if (heard := shown(one)) and heard.supervision_id == row.id]
        caller = next((heard for heard in signs if heard.sign is Sign.CALLER_IN_ROOM), None)
        if not any(of_channel_id(one["Uniqueid"]) == row.id for one in channels):
            if self._twice(f"{row.id} gone"):
                await self._gone(row, caller)
            return
        if call is None or call.state is CallState.ENDED:
            if self._twice(f"{row.id} stays"):
                await self._repair(row, "its call is over")
                await self._ear.hang_up(row.id)
            return
        news = [heard for heard in signs if self._news(row, call, heard)]
        if news:
            await self._take_news(row, news)
            return
        wanted = STATE_OF[row.wanted]
        if row.state in SPYING and row.state is not wanted and self._twice(f"{row.id} not {wanted}"):
            await self._repair(row, "not what was wanted")
            await self.service.repeat(row)

    async def _take_news(self, row: Supervision, news: list[Heard]) -> None:
        for heard in news:
            if self._twice(f"{row.id} {heard.sign} {heard.mode}"):
                await self._repair(row, "shown by Asterisk")
                await self.service.hear(heard)

    @staticmethod
    def _news(row: Supervision, call: Call, heard: Heard) -> bool:
        if heard.sign is Sign.CALLER_IN_ROOM:
            return call.seat_id is not None
        if heard.sign is Sign.HEARS:
            return heard.mode is not None and STATE_OF[heard.mode] is not row.state
        if heard.sign is Sign.IN_ROOM:
            return row.state is not SupervisionState.TAKEN_OVER
        return row.state is SupervisionState.ORDERED

    async def _gone(self, row: Supervision, caller: Heard | None) -> None:
        """The leader's channel is away: over, and a caller who was left in the room is not left alone."""
        await self._repair(row, "its channel is gone")
        if caller is not None:
            await self.service.hear(caller)
            await self.service.give_back(row)
        await self.service.hear(Heard(Sign.HUNG_UP, row.id), gap=True)

    async def _end_strays(self, known: set[int], channels: list[AmiMessage]) -> None:
        """Nobody listens whose listening is not in the books."""
        for one in channels:
            found = of_channel_id(one["Uniqueid"])
            if found is not None and found not in known and self._twice(f"{found} stray"):
                log.warning("repaired", supervision_id=found, reason="a leader's channel of no order")
                await self._ear.hang_up(found)

    async def _repair(self, row: Supervision, reason: str) -> None:
        log.warning("repaired", supervision_id=row.id, state=row.state, reason=reason)
