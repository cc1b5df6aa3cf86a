"""Who listens to what: the one page."""

from __future__ import annotations

from typing import Any, Final

from api.stream import LogTail
from core.bridge_events import BridgeEnded, BridgeTicketed, LegJoined, LegLeft, LegRemoved
from core.bus import Bus
from core.events import CallAnswered, CallArrived, CallEnded, MessageLeft, TicketChanged
from core.supervision_events import CallTakenOver
from telephony.control import TelephonyControl
from tickets.draft.corrections import CorrectionListener
from tickets.on_events import TicketListener
from transcription.service import TranscriptionService

HANDED_OVER: Final = (LegJoined, LegLeft, LegRemoved, BridgeTicketed, BridgeEnded)


def subscribe(
    bus: Bus,
    tickets: TicketListener,
    transcription: TranscriptionService,
    lessons: CorrectionListener,
    control: TelephonyControl,
    tail: LogTail,
) -> None:
    """Every subscription of the house, in the order in which they are told."""
    arrivals, leaders = control.arrivals, control.supervision.service
    table: list[tuple[Any, Any]] = [
        *((kind, tickets.handovers.on_bridge) for kind in HANDED_OVER),
        (CallArrived, arrivals.on_arrived),
        (CallAnswered, tickets.on_answered),
        (CallAnswered, transcription.on_call_answered),
        (CallTakenOver, transcription.on_call_answered),
        (CallEnded, transcription.on_call_ended),
        (CallEnded, leaders.on_call_ended),
        (MessageLeft, tickets.on_message),
        (LegJoined, transcription.on_leg_joined),
        (LegLeft, transcription.on_leg_left),
        (LegRemoved, transcription.on_leg_left),
        (BridgeEnded, transcription.on_bridge_ended),
        (TicketChanged, lessons.on_ticket),
        (TicketChanged, leaders.on_ticket),
    ]
    for kind, listener in table:
        bus.on(kind, listener)
    bus.on_all(tail.on_fact)
