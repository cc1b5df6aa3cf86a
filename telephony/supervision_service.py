"""Keeps leaders' ears: a row first, then the order, then Asterisk's word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import IntegrityError

from core.bridge_events import LegJoined
from core.bridge_words import SEAT, LegState
from core.bus import Bus
from core.clock import Clock
from core.errors import ActionRefused, HotlineError, IllegalTransition, NotFound
from core.events import CallEnded, CallFact, CallReconciled, TicketChanged
from core.ids import CallId, OperatorId
from core.supervision_events import SupervisionFact, SupervisionOrdered
from core.supervision_words import STATE_OF, Mode, SupervisionEnd, SupervisionState
from core.tasks import TaskGroup
from core.vocabulary import CallState
from db.models.supervision import Supervision
from db.repositories import accounts, calls, event_log, supervisions, tickets
from db.session import SessionMaker, reading, transaction
from telephony.confidence import closed
from telephony.lead_phones import LeadPhoneLost
from telephony.leader_legs import LeaderLegs
from telephony.seat_service import Policies
from telephony.supervision_checks import Order, check_call, check_mode, check_secret, new_row
from telephony.supervision_names import Target
from telephony.supervision_signs import Moment, News, about, take_in
from telephony.supervision_states import SPYING, next_state
from telephony.supervision_switch import Ear
from telephony.supervision_translate import Heard, Sign

log = structlog.get_logger(__name__)

TOLD: Final = "supervision_listen_told"


@dataclass(frozen=True, slots=True)
class Parts:
    """What it works with; `tell_call` takes a call's fact in, as those of Asterisk are."""

    sessions: SessionMaker
    bus: Bus
    clock: Clock
    ear: Ear
    policies: Policies
    tell_call: Callable[[CallFact], Awaitable[None]]
    rooms: LeaderLegs


class SupervisionService:
    """The only writer of `supervisions`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks = TaskGroup()

    async def close(self) -> None:
        """End what is being ordered; who listens goes on listening."""
        await self._tasks.close()

    # --- what leaders order ---------------------------------------------------------------------------

    async def order(self, order: Order) -> Supervision:
        """Begin to listen, or go on in another mode. The same order again is the same one.

        Raises:
            NotFound, IllegalTransition, LeadPhoneLost, SecretCall, and what the switchboard raises.
        """
        try:
            row, fact, new = await self._write(order)
        except IntegrityError:  # two orders at the same moment
            async with transaction(self._parts.sessions) as session:
                kept = await supervisions.open_of(session, order.leader)
            if kept is None:
                raise LeadPhoneLost from None
            return kept
        if fact is not None:
            await self._parts.bus.publish(fact)
            await (self._ring(row) if new else self._change(row))
        return row

    async def _write(self, order: Order) -> tuple[Supervision, SupervisionFact | None, bool]:
        visible = await self._visible(order.mode)
        async with transaction(self._parts.sessions) as session:
            now = self._parts.clock.now()
            phone = await supervisions.phone_of(session, order.leader, now)
            if phone is None:
                raise LeadPhoneLost
            row = await supervisions.open_of(session, order.leader)
            if row is not None and row.seat_id != order.seat_id:
                raise IllegalTransition(reason="请先结束当前的监听")
            if row is not None and row.wanted is order.mode is Mode.TAKE_OVER:
                return row, None, False  # by now the seat may be without a call
            call = await check_call(session, order, row)
            await check_secret(session, call, order.role)
            await check_mode(session, call, order.mode, row)
            if row is not None and row.wanted is Mode.TAKE_OVER is not order.mode:
                # The caller may be in the room already: who leaves it now sends the caller away
                raise IllegalTransition(reason="正在接管")
            if row is not None and row.wanted is order.mode:
                return row, None, False
            new = row is None
            if row is None:
                row = new_row(order, phone, call, now)
                session.add(row)
                await session.flush()
            row.wanted = order.mode
            fact = SupervisionOrdered(**about(row, now, told=row.told or visible), mode=order.mode)
            row.state = next_state(row.state, fact)
            await event_log.append(session, fact)
        return row, fact, new

    async def end(self, leader: OperatorId, *, give_back: bool = False) -> None:
        """The leader leaves, if there; a call taken over ends with thanks, or heads the queue again."""
        async with transaction(self._parts.sessions) as session:
            row = await supervisions.open_of(session, leader)
            if row is None:
                return
            row.reason = row.reason or SupervisionEnd.BY_LEADER
        try:
            if give_back and row.state is SupervisionState.TAKEN_OVER:
                await self.give_back(row)
            await self._parts.ear.hang_up(row.id)
        except HotlineError:
            await self._stays(row.id)
            raise

    async def _stays(self, row_id: int) -> None:
        """Asterisk was not reached: the leader is no longer leaving, so that his phone is watched again."""
        async with transaction(self._parts.sessions) as session:
            row = await supervisions.get_for_update(session, row_id)
            if row is not None and row.ended_at is None:
                row.reason = None

    async def give_back(self, row: Supervision) -> None:
        """The caller of a taken call to the head of the queue. Raises what the switchboard raises.

        Nothing where the call is not this leader's: who has it would lose his caller.
        """
        async with transaction(self._parts.sessions) as session:
            call = await calls.get(session, row.call_id)
        if call is None or call.state is CallState.ENDED or call.seat_id is not None:
            return
        if call.operator_id != row.account_id:
            return
        if (room := await self._parts.rooms.room_of(row)) is not None:
            await self._parts.rooms.give_back(room.id)
            return
        await self._parts.ear.give_back(call.channel)
        await self._parts.tell_call(
            CallReconciled(
                at=self._parts.clock.now(),
                call_id=CallId(call.id),
                state=CallState.QUEUED,
                seat_id=None,
                reason="the leader let go",
            )
        )

    # --- what Asterisk shows --------------------------------------------------------------------------

    async def hear(self, heard: Heard, *, gap: bool = False) -> bool:
        """Take a sign in; False, and no change, for one that is late, doubled or of nobody's ear."""
        visible = heard.mode is not None and await self._visible(heard.mode)
        moment = Moment(self._parts.clock.now(), visible, gap)
        if heard.sign is Sign.HUNG_UP:
            await self._parts.rooms.gone(heard.channel)
        try:
            async with transaction(self._parts.sessions) as session:
                row = await supervisions.get_for_update(session, heard.supervision_id)
                if row is None or row.ended_at is not None:
                    return False
                news = await take_in(session, row, heard, moment)
                if news.fact is not None:
                    await event_log.append(session, news.fact)
        except IllegalTransition as refusal:
            log.debug("supervision_sign_refused", id=heard.supervision_id, sign=heard.sign, why=str(refusal))
            return False
        await self._after(row, news)
        if heard.sign is Sign.HUNG_UP:  # once more: he may have pressed the key between the two looks
            await self._parts.rooms.gone(heard.channel)
        return news != News()

    async def _after(self, row: Supervision, news: News) -> None:
        if news.room is not None:
            self._tasks.start("supervision-place", self._quietly(self.take_place(row, news)))
        elif news.taken is not None:
            await self._parts.tell_call(news.taken)
        if news.fact is not None:
            await self._parts.bus.publish(news.fact)
        if news.lost and await self._parts.rooms.was_never_in(row):
            # The leader's page or network died; the caller did nothing and is not sent away
            self._tasks.start("supervision-lost", self._quietly(self.give_back(row)))
        if news.fact is not None and row.state in SPYING and row.state is not STATE_OF[row.wanted]:
            self._tasks.start("supervision-order", self._quietly(self._change(row)))

    # --- what happens elsewhere -----------------------------------------------------------------------

    async def on_call_ended(self, fact: CallEnded) -> None:
        """The leader who talked with the caller is alone, or still being called."""
        async with transaction(self._parts.sessions) as session:
            rows = await supervisions.open_of_call(session, fact.call_id)
        for row in rows:
            # Who is a party of a conference goes when that is over: a caller who hangs up does not end it
            if row.state not in SPYING and await self._parts.rooms.leg_of(row) is None:
                self._tasks.start("supervision-over", self._quietly(self._parts.ear.hang_up(row.id)))

    async def on_leg_joined(self, fact: LegJoined) -> None:
        """The seat is in a room now: who barges at its ear alone is brought there too."""
        if fact.role != SEAT or fact.call_id is None:
            return
        async with reading(self._parts.sessions) as session:
            rows = await supervisions.open_of_call(session, fact.call_id)
        for row in rows:
            barges = row.state is SupervisionState.BARGED and row.wanted is Mode.BARGE
            if barges and await self._parts.rooms.leg_of(row) is None:
                self._tasks.start("supervision-order", self._quietly(self._change(row)))

    async def on_ticket(self, fact: TicketChanged) -> None:
        """A ticket that became secret ends the listening of those who may not."""
        async with transaction(self._parts.sessions) as session:
            ticket = await tickets.get(session, fact.ticket_id)
            if ticket is None or not ticket.secret or ticket.call_id is None:
                return
            rows = await supervisions.open_of_call(session, ticket.call_id)
            people = await accounts.names(session) if rows else {}
            rows = [
                row
                for row in rows
                if row.state is not SupervisionState.TAKEN_OVER
                and closed(ticket, people[row.account_id].role)
            ]
            for row in rows:
                row.reason = row.reason or SupervisionEnd.SECRET
        for row in rows:
            self._tasks.start("supervision-secret", self._quietly(self._parts.ear.hang_up(row.id)))

    # --- orders ---------------------------------------------------------------------------------------

    async def _ring(self, row: Supervision) -> None:
        """Once a row, ever: a phone that was perhaps called is not called again."""
        heard_by_all = row.wanted is Mode.BARGE and await self._parts.rooms.room_of(row) is not None
        first = Mode.LISTEN if row.wanted is Mode.TAKE_OVER or heard_by_all else row.wanted
        try:
            await self._parts.ear.ring(Target(row.id, row.seat_channel), row.phone, row.lead, first)
        except ActionRefused:
            await self.hear(Heard(Sign.NEVER_BEGAN, row.id))
            raise

    async def _change(self, row: Supervision) -> None:
        """Bring what is to what is wanted; before the leader hears, the first sign will do it."""
        if row.state not in SPYING:
            return
        room = await self._parts.rooms.room_of(row)
        if room is not None and row.wanted in (Mode.BARGE, Mode.TAKE_OVER):
            await self._enter(row, room.id)
            return
        if row.wanted is not Mode.TAKE_OVER:
            await self._parts.rooms.stay_out(row)
            await self._parts.ear.change(Target(row.id, row.seat_channel), row.wanted)
            return
        async with transaction(self._parts.sessions) as session:
            call = await calls.get(session, row.call_id)
        if call is None:
            raise NotFound(what="来电")
        await self._parts.ear.take_over(row.id, call.channel)

    async def _enter(self, row: Supervision, bridge_id: int) -> None:
        leg = await self._parts.rooms.leg_of(row)
        if leg is not None and leg.state is LegState.JOINED:
            await self.hear(Heard(Sign.IN_CONFERENCE, row.id, row.channel or "", bridge_id=bridge_id))
        else:
            await self._parts.rooms.bring(row, bridge_id)

    async def take_place(self, row: Supervision, news: News) -> None:
        """The leader is in the conference: it, and its call, are his. Repeatable."""
        if news.room is not None and news.taken is not None:
            await self._parts.rooms.take_place(row, news.room)
            await self._parts.tell_call(news.taken)

    async def repeat(self, row: Supervision) -> None:
        """Order once more what was wanted and did not come. Raises what the switchboard raises."""
        await self._change(row)

    async def _visible(self, mode: Mode) -> bool:
        """Whether the operator is shown this: whisper and barge always, listening by policy."""
        return mode is not Mode.LISTEN or await self._parts.policies.number(TOLD, 0) > 0

    async def _quietly(self, work: Awaitable[None]) -> None:
        try:
            await work
        except HotlineError as error:
            log.warning("supervision_order_failed", reason=str(error))
