"""Keeps calls: one fact, one transaction (row, rings, log), then tells. Duplicates change nothing."""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.bus import Bus
from core.callback_events import CallBackAsked
from core.clock import Clock
from core.errors import IllegalTransition, NotFound
from core.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallFact,
    CallQueued,
    CallReconciled,
    MessageLeft,
    MessageStarted,
    SeatMissed,
    SeatOffered,
)
from core.room_events import CallTransferred
from core.routing_events import (
    CallRouted,
    CallTurnedAway,
    EmergencyKeyPressed,
    OwnSeatOffered,
    OwnSeatPassed,
)
from core.supervision_events import CallTakenOver
from core.vocabulary import CallOutcome, CallState
from db.models.call import Call, SeatRing
from db.repositories import bridges, calls, event_log, seats, supervisions
from db.session import SessionMaker, transaction
from telephony.call_states import IN_TALK, REMARKS, next_state, outcome_of, was_cut_off
from telephony.message_sound import MessageSound

log = structlog.get_logger(__name__)


class CallService:
    """The only writer of `calls` and `seat_rings`."""

    def __init__(
        self, sessions: SessionMaker, bus: Bus, clock: Clock, messages: MessageSound | None = None
    ) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._messages = messages

    async def apply(self, fact: CallFact, *, recovered: bool = False) -> bool:
        """Take a fact in; False, and no change, for one that is a duplicate or impossible."""
        if isinstance(fact, MessageLeft) and self._messages is not None:
            fact = await self._messages.as_heard(fact)
        try:
            async with transaction(self._sessions, urgent=True) as session:
                await self._keep(session, fact, recovered=recovered)
                await event_log.append(session, fact)
        except (IllegalTransition, NotFound) as refusal:
            log.info("fact_refused", fact=type(fact).__name__, call_id=fact.call_id, reason=str(refusal))
            return False
        await self._bus.publish(fact)
        return True

    async def _keep(self, session: AsyncSession, fact: CallFact, *, recovered: bool) -> None:
        call = await calls.get_for_update(session, fact.call_id)
        if isinstance(fact, CallArrived):
            if call is not None:
                if not recovered or call.arrived_at <= fact.at:
                    raise IllegalTransition(state=call.state, fact="CallArrived")
                # We heard of it late, from events that had waited for us; Asterisk's file knows when it came
                call.arrived_at = fact.at
                return
            session.add(_new_call(fact, recovered=recovered))
            await session.flush()
            return
        if call is None:
            raise NotFound(what="来电", call_id=fact.call_id)
        before = call.state
        call.state = next_state(before, fact)
        call.recovered = call.recovered or recovered
        if isinstance(fact, REMARKS):
            _remark(call, fact)
        else:
            await _fill_in(session, call, before, fact)


def _new_call(fact: CallArrived, *, recovered: bool) -> Call:
    return Call(
        id=fact.call_id,
        state=CallState.GREETING,
        caller=fact.pii_caller,
        dialled=fact.dialled,
        channel=fact.channel,
        arrived_at=fact.at,
        recovered=recovered,
    )


async def _fill_in(session: AsyncSession, call: Call, before: CallState, fact: CallFact) -> None:
    """What a fact changes beside the state."""
    match fact:
        case CallQueued():
            call.queued_at = call.queued_at or fact.at
        case SeatOffered() | SeatMissed() | OwnSeatPassed() | CallAnswered() | CallTransferred():
            await _note_seat(session, call, fact)
        case MessageStarted() | MessageLeft() | CallBackAsked():
            _take_wish(call, before, fact)
        case CallTakenOver() | CallReconciled() | CallEnded():
            await _pass_on(session, call, before, fact)
        case _:
            pass


def _remark(call: Call, fact: CallRouted | EmergencyKeyPressed | CallTurnedAway) -> None:
    match fact:
        case CallRouted():
            call.own_seat_id, call.after_cut_off, call.flood = fact.own_seat, fact.after_cut_off, fact.flood
        case EmergencyKeyPressed():
            if call.urgent_at is not None and call.turned_away is None:
                raise IllegalTransition(state=call.state, fact="EmergencyKeyPressed")
            call.urgent_at, call.turned_away = call.urgent_at or fact.at, None
        case CallTurnedAway():
            if call.turned_away is not None:
                raise IllegalTransition(state=call.state, fact="CallTurnedAway")
            call.turned_away = fact.reason


async def _note_seat(
    session: AsyncSession,
    call: Call,
    fact: SeatOffered | SeatMissed | OwnSeatPassed | CallAnswered | CallTransferred,
) -> None:
    match fact:
        case SeatOffered():
            await _begin_ring(session, call, fact)
        case SeatMissed() | OwnSeatPassed():
            await _end_ring(session, call, fact)
        case CallAnswered():
            await _answer(session, call, fact)
        case CallTransferred():
            await _hand_over(session, call, fact)


def _take_wish(call: Call, before: CallState, fact: MessageStarted | MessageLeft | CallBackAsked) -> None:
    if isinstance(fact, CallBackAsked):
        _ask_back(call, before, fact)
        return
    if isinstance(fact, MessageStarted):
        call.message_at, call.message_reason = call.message_at or fact.at, fact.reason
        return
    if call.message_file is not None or fact.duration_s <= 0:  # nothing was said: who called is called back
        raise IllegalTransition(state=call.state, fact="MessageLeft")
    call.message_file = fact.file_name
    if before is CallState.ENDED and call.outcome is not CallOutcome.ANSWERED:
        call.outcome = CallOutcome.VOICEMAIL


def _ask_back(call: Call, before: CallState, fact: CallBackAsked) -> None:
    if call.callback_asked_at is not None:
        raise IllegalTransition(state=call.state, fact="CallBackAsked")
    call.callback_asked_at = fact.at
    if before is CallState.ENDED:
        call.outcome = _outcome(call, CallState.QUEUED if call.queued_at else CallState.GREETING)


async def _begin_ring(session: AsyncSession, call: Call, fact: SeatOffered) -> None:
    if await calls.open_ring(session, call.id, fact.seat_id) is not None:
        raise IllegalTransition(state=call.state, fact="SeatOffered")
    seat = await seats.get(session, fact.seat_id)
    call.seat_id = fact.seat_id
    call.queued_at = call.queued_at or fact.at
    ring = SeatRing(
        call_id=call.id,
        seat_id=fact.seat_id,
        operator_id=seat.operator_id if seat else None,
        rang_at=fact.at,
        own=isinstance(fact, OwnSeatOffered),
    )
    session.add(ring)


async def _end_ring(session: AsyncSession, call: Call, fact: SeatMissed | OwnSeatPassed) -> None:
    ring = await calls.open_ring(session, call.id, fact.seat_id)
    passed = isinstance(fact, OwnSeatPassed)
    if ring is None or ring.own is not passed:
        raise IllegalTransition(state=call.state, fact=type(fact).__name__)
    if passed:
        ring.passed_at = fact.at
    else:
        ring.missed_at = fact.at
    if call.seat_id == fact.seat_id:
        call.seat_id = None
    else:
        call.state = CallState.RINGING  # another seat rings meanwhile


async def _answer(session: AsyncSession, call: Call, fact: CallAnswered) -> None:
    ring = await calls.open_ring(session, call.id, fact.seat_id)
    if ring is not None:
        ring.answered_at = fact.at
    seat = await seats.get(session, fact.seat_id)
    call.seat_id, call.seat_channel = fact.seat_id, fact.seat_channel
    call.operator_id = seat.operator_id if seat else None
    call.answered_at = call.answered_at or fact.at
    call.queued_at = call.queued_at or fact.at


async def _pass_on(
    session: AsyncSession, call: Call, before: CallState, fact: CallTakenOver | CallReconciled | CallEnded
) -> None:
    if isinstance(fact, CallEnded):
        await _end(session, call, before, fact)
    elif isinstance(fact, CallReconciled):
        await _reconcile(session, call, before, fact)
    elif call.operator_id == fact.leader_id and call.seat_id is None:
        raise IllegalTransition(state=before, fact="CallTakenOver")
    else:
        call.operator_id, call.seat_id = fact.leader_id, None
        call.seat_channel = fact.leader_channel or None


async def _hand_over(session: AsyncSession, call: Call, fact: CallTransferred) -> None:
    """Outside the house nobody takes the operator's place: the call stays in his name."""
    if (call.seat_id, call.seat_channel) == (fact.seat_id, fact.seat_channel):
        raise IllegalTransition(state=call.state, fact="CallTransferred")
    call.seat_id, call.seat_channel = fact.seat_id, fact.seat_channel
    seat = await seats.get(session, fact.seat_id) if fact.seat_id is not None else None
    if seat is not None:
        call.operator_id = seat.operator_id


async def _end(session: AsyncSession, call: Call, before: CallState, fact: CallEnded) -> None:
    call.ended_at, call.cause, call.ended_by = max(fact.at, call.arrived_at), fact.cause, fact.ended_by
    await _settle(session, call, before)


async def _settle(session: AsyncSession, call: Call, before: CallState) -> None:
    """What became of a call that is over now; `before` is where it was in its life."""
    call.outcome = _outcome(call, before)
    # Who leaves a conference, or a call taken over, lets the caller out by the system's hand
    conference = await bridges.of_call(session, call.id) or await supervisions.was_taken(session, call.id)
    answered = call.answered_at is not None
    call.cut_off = was_cut_off(before, call.ended_by, call.cause, answered=answered, conference=conference)
    for ring in await calls.rings_of(session, call.id):
        if ring.own and ring.answered_at is None:
            ring.passed_at = ring.passed_at or call.ended_at


def _outcome(call: Call, before: CallState) -> CallOutcome:
    return outcome_of(
        before,
        answered=call.answered_at is not None,
        message=call.message_file is not None,
        turned_away=call.turned_away is not None,
        asked_back=call.callback_asked_at is not None,
    )


async def _reconcile(session: AsyncSession, call: Call, before: CallState, fact: CallReconciled) -> None:
    if fact.seat_id is not None:
        call.seat_id = fact.seat_id
    if fact.state in (CallState.TALKING, CallState.HELD):
        call.answered_at = call.answered_at or fact.at
    if fact.state is CallState.QUEUED:
        call.queued_at = call.queued_at or fact.at
    if fact.state is CallState.LEAVING_MESSAGE:
        call.message_at = call.message_at or fact.at
    if fact.state is CallState.ENDED:
        call.ended_at = fact.at
        await _settle(session, call, _last_seen(call, before))


def _last_seen(call: Call, before: CallState) -> CallState:
    """How far a call had come that was found to be gone."""
    if call.message_at:
        return CallState.LEAVING_MESSAGE
    if before in IN_TALK:
        return before
    return CallState.QUEUED if call.queued_at else CallState.GREETING
