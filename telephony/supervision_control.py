"""Leaders' ears inside the control plane: what it hears, when it compares with Asterisk, what it repairs."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import structlog

from core.bus import Bus
from core.clock import Clock
from core.errors import IllegalTransition
from core.events import CallFact
from core.supervision_words import STATE_OF, Mode, SupervisionState
from core.vocabulary import CallState
from db.models.bridge import Bridge
from db.models.call import Call
from db.models.supervision import Supervision
from db.repositories import calls, supervisions
from db.session import SessionMaker, reading, transaction
from telephony.ami_protocol import AmiMessage
from telephony.leader_legs import LeaderLegs
from telephony.leader_watch import LeaderWatch
from telephony.seat_service import Policies
from telephony.supervision_names import of_channel_id
from telephony.supervision_service import Parts, SupervisionService
from telephony.supervision_signs import placed
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
        self._clock = clock
        self.rooms = LeaderLegs(sessions)
        self.service = SupervisionService(Parts(sessions, bus, clock, ear, policies, tell_call, self.rooms))
        self._lost = LeaderWatch(sessions, ear)
        self._seen_before: set[str] = set()
        self._seen_now: set[str] = set()

    async def start(self, leads: int) -> None:
        """Make the rows of the phones that can be lent."""
        async with transaction(self._sessions) as session:
            await supervisions.ensure_phones(session, leads)

    async def close(self) -> None:
        """End our part."""
        await self.service.close()

    async def see(self, contacts: dict[str, frozenset[str]]) -> None:
        """A look at who is registered."""
        await self._lost.see(contacts)

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
        conference = next((heard for heard in signs if heard.sign is Sign.IN_CONFERENCE), None)
        room = await self.rooms.room_of(row)
        over = self._why_over(call, conference, room)
        if over is not None:
            if self._twice(f"{row.id} stays"):
                await self._repair(row, over)
                await self._ear.hang_up(row.id)
            return
        news = [heard for heard in signs if self._news(row, call, heard)]
        if news:
            await self._take_news(row, news)
        elif row.state is SupervisionState.TAKEN_OVER and room is not None and conference is not None:
            await self._finish(row, call, room)
        else:
            await self._compare_wanted(row, beside=room is not None and conference is None)

    @staticmethod
    def _why_over(call: Call | None, conference: Heard | None, room: Bridge | None) -> str | None:
        """Why the leader's channel has nothing to do here any more; None while it has."""
        if conference is not None:
            here = room is not None and room.id == conference.bridge_id
            return None if here else "its conference is over"
        return "its call is over" if call is None or call.state is CallState.ENDED else None

    async def _compare_wanted(self, row: Supervision, *, beside: bool) -> None:
        """`beside`: a conference runs, and the leader is no party of it."""
        wanted = STATE_OF[row.wanted]
        unheard = beside and row.wanted is Mode.BARGE  # the seat pressed the key while he talked to two
        differs = row.state in SPYING and (row.state is not wanted or unheard)
        if differs and self._twice(f"{row.id} not {wanted}"):
            await self._repair(row, "not what was wanted")
            await self.service.repeat(row)

    async def _finish(self, row: Supervision, call: Call | None, room: Bridge) -> None:
        """A process that died while the leader took the seat's place left it half done."""
        mine = call is None or call.state is CallState.ENDED or call.operator_id == row.account_id
        if (room.seat_id is None and mine) or not self._twice(f"{row.id} has no place"):
            return
        await self._repair(row, "not in the seat's place")
        with contextlib.suppress(IllegalTransition):  # his leg was not seen yet
            await self.service.take_place(row, placed(row, room.id, self._clock.now()))

    async def _take_news(self, row: Supervision, news: list[Heard]) -> None:
        for heard in news:
            if self._twice(f"{row.id} {heard.sign} {heard.mode}"):
                await self._repair(row, "shown by Asterisk")
                await self.service.hear(heard)

    @staticmethod
    def _news(row: Supervision, call: Call | None, heard: Heard) -> bool:
        if heard.sign is Sign.CALLER_IN_ROOM:
            return call is not None and call.seat_id is not None
        if heard.sign is Sign.IN_CONFERENCE:
            return row.state not in (SupervisionState.BARGED, SupervisionState.TAKEN_OVER)
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
        await self.service.hear(Heard(Sign.HUNG_UP, row.id, row.channel or ""), gap=True)

    async def _end_strays(self, known: set[int], channels: list[AmiMessage]) -> None:
        """Nobody listens whose listening is not in the books."""
        for one in channels:
            found = of_channel_id(one["Uniqueid"])
            if found is not None and found not in known and self._twice(f"{found} stray"):
                log.warning("repaired", supervision_id=found, reason="a leader's channel of no order")
                await self._ear.hang_up(found)

    async def _repair(self, row: Supervision, reason: str) -> None:
        log.warning("repaired", supervision_id=row.id, state=row.state, reason=reason)
