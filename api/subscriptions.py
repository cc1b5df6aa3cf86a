"""Who listens to what: the one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from api.hearing import Hearing
from api.stream import LogTail
from core.bridge_events import BridgeEnded, BridgeTicketed, LegAskedBack, LegJoined, LegLeft, LegRemoved
from core.bus import Bus
from core.callback_events import CallBackAsked
from core.events import CallAnswered, CallArrived, CallEnded, MessageLeft, SeatLeft, TicketChanged
from core.room_events import CallTransferred
from core.supervision_events import CallTakenOver
from telephony.control import TelephonyControl
from tickets.callback_listener import CallbackListener
from tickets.draft.corrections import CorrectionListener
from tickets.on_events import TicketListener
from transcription.service import TranscriptionService

HANDED_OVER: Final = (LegJoined, LegLeft, LegRemoved, BridgeTicketed, BridgeEnded)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who listens."""

    tickets: TicketListener
    callbacks: CallbackListener
    transcription: TranscriptionService
    lessons: CorrectionListener
    control: TelephonyControl
    hearing: Hearing


def subscribe(bus: Bus, who: Listeners, tail: LogTail) -> None:
    """Every subscription of the house, in the order in which they are told."""
    arrivals, leaders = who.control.arrivals, who.control.supervision.service
    table: list[tuple[Any, Any]] = [
        # Before all others, who may take their time: what is secret now is told to nobody in the meantime
        (TicketChanged, who.hearing.on_fact),
        *((kind, who.tickets.handovers.on_bridge) for kind in HANDED_OVER),
        (CallArrived, arrivals.on_arrived),
        (CallAnswered, who.tickets.on_answered),
        (CallAnswered, who.transcription.on_call_answered),
        (CallTakenOver, who.transcription.on_call_answered),
        (CallTransferred, who.tickets.on_transferred),
        (CallTransferred, who.transcription.on_call_answered),
        (CallEnded, who.transcription.on_call_ended),
        (CallEnded, leaders.on_call_ended),
        (MessageLeft, who.tickets.on_message),
        (CallEnded, who.callbacks.on_call),
        (CallBackAsked, who.callbacks.on_call),
        (CallAnswered, who.callbacks.on_answered),
        (SeatLeft, who.callbacks.on_seat_left),
        (BridgeEnded, who.callbacks.on_bridge_ended),
        (LegAskedBack, who.callbacks.on_asked_back),
        (BridgeTicketed, who.callbacks.on_asked_back),
        (LegJoined, leaders.on_leg_joined),
        (LegJoined, who.transcription.on_leg_joined),
        (LegLeft, who.transcription.on_leg_left),
        (LegRemoved, who.transcription.on_leg_left),
        (BridgeEnded, who.transcription.on_bridge_ended),
        (TicketChanged, who.lessons.on_ticket),
        (TicketChanged, leaders.on_ticket),
    ]
    for kind, listener in table:
        bus.on(kind, listener)
    bus.on_all(who.hearing.on_fact)
    bus.on_all(tail.on_fact)
