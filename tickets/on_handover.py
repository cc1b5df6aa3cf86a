"""A call that was handed over to 110, 119, 120 or 122, on its ticket: most urgent, and who took it when."""

from __future__ import annotations

from collections.abc import Sequence

from core.bridge_events import BridgeFact
from core.bus import Bus
from core.clock import SHANGHAI, Clock
from core.emergency_words import is_emergency
from core.events import Fact
from core.vocabulary import Urgency
from db.models import Bridge, Ticket, TicketEvent
from db.repositories import accounts, leg_words, tickets
from db.repositories.leg_words import Voice
from db.session import SessionMaker, transaction
from tickets import service


class HandoverListener:
    """Looks at the conference's rows each time, so that a lost or doubled fact changes nothing."""

    def __init__(self, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock

    async def on_bridge(self, fact: BridgeFact) -> None:
        """A party came or went, or the conference has its ticket, or is over."""
        told: Fact | None = None
        async with transaction(self._sessions) as session:
            voices = await leg_words.of_bridge(session, fact.bridge_id)
            taken = [one for one in voices if is_emergency(one.role) and one.joined_at is not None]
            bridge = await session.get(Bridge, fact.bridge_id) if taken else None
            if bridge is None or bridge.ticket_id is None:
                return
            ticket = await tickets.get_for_update(session, bridge.ticket_id)
            if ticket is None:
                return
            history = await tickets.history(session, ticket.id)
            changed = ticket.urgency is not Urgency.CRITICAL and not _decided(history, taken)
            known = {event.changes.get("handover") for event in history}
            over = [one for one in taken if one.ended_at is not None and one.attempt_id not in known]
            if not changed and not over:
                return
            people = await accounts.names(session)
            by = people[bridge.account_id].name if bridge.account_id in people else "系统"
            session.add_all(_event(ticket, bridge, one, by) for one in over)
            if changed:
                ticket.urgency, ticket.updated_at = Urgency.CRITICAL, self._clock.now()
                ticket.version += 1
            told = await service.told(session, ticket, self._clock.now())
        await self._bus.publish(told)


def _decided(history: Sequence[TicketEvent], taken: Sequence[Voice]) -> bool:
    """Whether a person has set the urgency since the service had the call: then theirs stands."""
    since = min(one.joined_at for one in taken if one.joined_at is not None)
    return any(event.at >= since and "urgency" in event.changes.get("fields", ()) for event in history)


def _event(ticket: Ticket, bridge: Bridge, voice: Voice, by: str) -> TicketEvent:
    began, ended = voice.joined_at or bridge.pressed_at, voice.ended_at or bridge.pressed_at
    at = began.astimezone(SHANGHAI).strftime("%H:%M:%S")
    seconds = round((ended - began).total_seconds())
    return TicketEvent(
        ticket_id=ticket.id,
        at=ended,
        account_id=bridge.account_id,
        from_status=ticket.status,
        to_status=ticket.status,
        reason=f"{by} 移交 {voice.name}，{at} 接通，通话 {seconds} 秒"[:200],
        changes={"handover": voice.attempt_id},
    )
