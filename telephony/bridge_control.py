"""Conferences inside the control plane: what it hears, when it compares, what it does beside."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

import structlog

from core.bridge_events import BridgeTicketed, LegFact
from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.events import CallFact
from core.ids import CallId
from core.vocabulary import RecordingState
from db.repositories import bridges, event_log
from db.session import SessionMaker, reading, transaction
from telephony.ami_client import AmiLink
from telephony.ami_protocol import AmiMessage
from telephony.bridge_names import leg_of_channel_id
from telephony.bridge_resync import BridgeResync
from telephony.bridge_service import BridgeService, Parts
from telephony.bridge_switch import BridgeSwitch
from telephony.bridge_translate import read
from telephony.call_service import CallService
from telephony.consult_service import ConsultService
from telephony.ports import Directory, TicketDesk
from telephony.room_calls import RoomCalls
from telephony.room_return import RoomReturn
from telephony.room_seats import RoomSeats
from telephony.seat_service import Policies, SeatService
from telephony.sound_files import repair_header, sha256_of

log = structlog.get_logger(__name__)

SETTLED_S: Final = 3.0
"""After the end of a leg its capture file is whole."""
TICKETS_BACK: Final = dt.timedelta(days=7)
"""How long nobody may have looked, and calls out still get their tickets."""
_HEADER: Final = 44
_BYTES_A_SECOND: Final = 32_000


class BridgeControl:
    """Hands events to the service, seats that leave to the seats, and looks after tickets and sound."""

    def __init__(
        self, settings: Settings, sessions: SessionMaker, bus: Bus, clock: Clock, act: AmiLink
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._act = act
        self._switch = BridgeSwitch(act, settings.asterisk.hotline_number)
        self._resync: BridgeResync | None = None
        self._return: RoomReturn | None = None
        self._calls: RoomCalls | None = None
        self._tickets: TicketDesk | None = None
        self.service: BridgeService | None = None

    def furnish(
        self,
        directory: Directory,
        tickets: TicketDesk | None,
        lives: tuple[CallService, SeatService, Policies],
    ) -> tuple[BridgeService, ConsultService]:
        """Say whom to call, who makes tickets, who keeps calls and seats; without it there are no rooms."""
        calls, seats, policies = lives
        parts = Parts(self._sessions, self._bus, self._clock, self._switch, directory)
        service = BridgeService(parts)
        rooms = RoomSeats(self._sessions, self._clock, seats)
        rooms.refuse = service.remove
        room_calls = RoomCalls(self._sessions, self._clock, calls, seats)
        consults = ConsultService(service, parts)
        self._return = RoomReturn(self._sessions, self._clock, consults, policies)
        self._calls = room_calls

        async def on_leg(fact: LegFact) -> None:
            await rooms.on_leg(fact)
            await room_calls.on_leg(fact)

        service.on_leg = on_leg
        cel = self._settings.asterisk_dir / "log" / "cel.csv"
        self._resync = BridgeResync(self._sessions, self._clock, self._switch, service, cel)
        self._resync.waits = self._return.waits
        self._resync.beside = (rooms.compare, room_calls.compare)
        self._tickets, self.service = tickets, service
        return service, consults

    async def close(self) -> None:
        """End our part; conferences go on."""
        if self.service is not None:
            await self.service.close()

    async def hear(self, event: AmiMessage) -> None:
        """One event of Asterisk."""
        heard = read(event)
        if heard is not None and self.service is not None:
            await self.service.hear(heard)

    async def on_call(self, fact: CallFact) -> None:
        """A fact of a call that is kept already."""
        if self.service is not None and self._calls is not None:
            await self._calls.on_call(fact, self.service.hear)

    async def see(self, contacts: dict[str, frozenset[str]]) -> None:
        """A look at who is registered."""
        if self._return is not None:
            await self._return.see(contacts)

    async def sweep(self) -> None:
        """Compare with Asterisk. Raises what the switch raises."""
        if self._resync is not None:
            await self._resync.sweep()

    async def tick(self) -> None:
        """What may be done later: tickets for presses without one, sound of legs that ended."""
        if self._tickets is not None:
            await self._give_tickets(self._tickets)
        await self._take_in_sound()

    async def _give_tickets(self, desk: TicketDesk) -> None:
        async with reading(self._sessions) as session:
            without = await bridges.without_ticket(session, self._clock.now() - TICKETS_BACK)
        for bridge in without:
            try:
                await self._give_ticket(desk, bridge.id)
            except (
                Exception
            ):  # one that cannot have its ticket must not cost the others theirs, nor seats their timers
                log.exception("no_ticket", bridge_id=bridge.id)

    async def _give_ticket(self, desk: TicketDesk, bridge_id: int) -> None:
        async with transaction(self._sessions) as session:
            row = await bridges.get_for_update(session, bridge_id)
            if row is None or row.ticket_id is not None:
                return
            call_id = CallId(row.call_id) if row.call_id else None
            row.ticket_id, opened = await desk.ticket_for(session, row)
            fact = BridgeTicketed(
                at=self._clock.now(), bridge_id=bridge_id, call_id=call_id, ticket_id=row.ticket_id
            )
            await event_log.append(session, fact)
        for told in (opened, fact):
            if told is not None:
                await self._bus.publish(told)

    async def _take_in_sound(self) -> None:
        before = self._clock.now() - dt.timedelta(seconds=SETTLED_S)
        async with reading(self._sessions) as session:
            waiting = await bridges.unheard_recordings(session, before)
        for attempt in waiting:
            name = leg_of_channel_id(attempt.channel_id)
            if name is None:
                continue
            file = self._settings.recordings_dir / name.recording
            try:
                await asyncio.to_thread(repair_header, file)
                digest = await asyncio.to_thread(sha256_of, file)
                seconds = max(0, file.stat().st_size - _HEADER) / _BYTES_A_SECOND
            except (OSError, ValueError) as error:
                log.warning("leg_not_recorded", channel_id=attempt.channel_id, reason=str(error))
                digest, seconds = "", 0.0
            async with transaction(self._sessions) as session:
                row = await bridges.attempt(session, attempt.leg_id, attempt.number)
                if row is not None:
                    row.recording_file, row.sha256, row.duration_s = name.recording, digest or None, seconds
                    row.sound_state = RecordingState.JOINED if digest else RecordingState.FAILED
