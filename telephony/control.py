"""The telephony control plane of one instance: links, facts, rows, repairs. Never in the path of a voice."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.bus import Bus
from core.callback_words import back_in
from core.clock import Clock
from core.config import Settings
from core.errors import HotlineError
from core.events import CallFact, Fact, LinkChanged, SeatFact
from core.tasks import TaskGroup
from core.vocabulary import LinkState
from db.models.reference import Policy
from db.repositories import seats
from db.session import SessionMaker, reading, transaction
from telephony import disk_room
from telephony.ami_client import AmiLink
from telephony.ami_translate import Translator
from telephony.asterisk_view import contacts, lead_phones, look, seat_phones
from telephony.bridge_control import BridgeControl
from telephony.bridge_switch import BridgeSwitch
from telephony.call_service import CallService
from telephony.cel_ingest import CelIngest
from telephony.message_sound import MessageSound
from telephony.prober import Prober
from telephony.reconciler import Reconciler
from telephony.recordings import Recordings
from telephony.room_music import RoomMusic
from telephony.router import Arrivals, RowRouter
from telephony.seat_return import SeatReturn
from telephony.seat_service import SeatService
from telephony.supervision_control import SupervisionControl
from telephony.supervision_switch import AmiEar
from telephony.supervision_translate import read as read_supervision
from telephony.switchboard import AmiSwitchboard
from telephony.thinning import Thinning

log = structlog.get_logger(__name__)

RECONCILE_S: Final = 3.0
FIRST_LOOKS_S: Final = 0.4
"""Pause between the two looks right after the link came up."""
HEARTBEAT_S: Final = 2.0
CONTACTS_S: Final = 0.5
COMPARED: Final = 2
"""Comparisons after which the rows are what Asterisk has; before, nobody is moved by them."""
FILES_S: Final = 2.0
THIN_S: Final = 300.0


class PolicyRows:
    """Numbers that the centre decides, read from their rows each time: a change counts at once."""

    def __init__(self, sessions: SessionMaker) -> None:
        self._sessions = sessions

    async def number(self, key: str, default: float) -> float:
        """The policy's value, or the default while it has none."""
        async with reading(self._sessions) as session:
            row = await _policy(session, key)
        try:
            return float(row.value) if row else default
        except ValueError:
            log.error("policy_not_a_number", key=key)
            return default


async def _policy(session: AsyncSession, key: str) -> Policy | None:
    return await session.get(Policy, key)


class TelephonyControl:
    """Starts, holds and ends everything that watches and commands Asterisk."""

    def __init__(self, settings: Settings, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        ami = settings.ami
        self._settings = settings
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._watch = AmiLink(
            ami, user=ami.watch_user, secret=ami.watch_secret.get_secret_value(), events=True
        )
        self._act = AmiLink(ami, user=ami.act_user, secret=ami.act_secret.get_secret_value(), events=False)
        self.policies = policies = PolicyRows(sessions)
        self.switchboard = AmiSwitchboard(self._act)
        messages = MessageSound(settings.recordings_dir / "capture", policies)
        self.calls = CallService(sessions, bus, clock, messages)
        self.seats = SeatService(sessions, bus, clock, self.switchboard, policies)
        self.translator = Translator(clock)
        cut_at = settings.retention.cel_mb << 20
        self.cel = CelIngest(settings.asterisk_dir / "log" / "cel.csv", sessions, self.calls, cut_at)
        self.recordings = Recordings(settings.recordings_dir, sessions, bus, clock)
        self._thinning = Thinning(settings, sessions, clock)
        self._return = SeatReturn(sessions, clock, self.switchboard, self.calls, policies)
        self.arrivals = Arrivals(RowRouter(sessions, clock), self.switchboard, self.calls, clock)
        self._reconciler = Reconciler(
            self.cel.so_far, sessions, clock, self.switchboard, self.calls, self.seats
        )
        self.bridges = BridgeControl(settings, sessions, bus, clock, self._act)
        self._music = RoomMusic(self._act)
        self.prober = Prober(sessions, clock, BridgeSwitch(self._act, settings.asterisk.hotline_number))
        ear = AmiEar(self._act, settings.asterisk.hotline_number)
        self.supervision = SupervisionControl(sessions, bus, clock, ear, policies, self.take)
        self._tasks = TaskGroup()
        self._busy = asyncio.Lock()
        self._alive: frozenset[str] | None = None
        self._phones = [*seat_phones(settings.asterisk.seats), *lead_phones(settings.asterisk.leads)]
        self._look_now = asyncio.Event()
        self._compared = 0
        """How often the rows were compared with Asterisk since the link came up."""
        self.link_state = LinkState.DOWN

    async def start(self) -> None:
        """Make the seats' rows, begin to connect and to work; returns at once, Asterisk may come later."""
        async with transaction(self._sessions) as session:
            await seats.ensure(session, self._settings.asterisk.seats, self._clock.now())
        await self.supervision.start(self._settings.asterisk.leads)
        for link in (self._watch, self._act):
            link.on_up, link.on_down = self._link_up, self._link_down
            link.start()
        self._tasks.run_forever("ami-facts", self._consume)
        self._tasks.run_forever("reconciler", self._reconcile)
        self._tasks.run_forever("heartbeat", self._beat)
        self._tasks.run_forever("seat-contacts", self._watch_contacts)
        self._tasks.run_forever("seat-timers", self._tick)
        self._tasks.run_forever("recordings", self._files)
        self._tasks.run_forever("thinning", self._thin)

    async def close(self) -> None:
        """End everything; calls go on without us."""
        await self._tasks.close()
        await self.arrivals.close()
        await self.bridges.close()
        await self.supervision.close()
        await self._watch.close()
        await self._act.close()
        self.link_state = LinkState.DOWN

    async def take(self, fact: Fact) -> None:
        """One fact into rows, in order."""
        if isinstance(fact, CallFact):
            if await self.calls.apply(fact):
                await self.seats.on_fact(fact)
                await self.bridges.on_call(fact)
        elif isinstance(fact, SeatFact):
            await self.seats.on_fact(fact)

    async def _consume(self) -> None:
        while True:
            event = await self._watch.messages.get()
            if event["Event"] == "Shutdown":
                log.warning("asterisk_shuts_down")
            fact = self.translator.translate(event)
            if fact is not None:
                async with self._busy:
                    await self.take(fact)
            if (alone := self._music.hear(event)) is not None:
                self._tasks.start("room-music", self._music.end(alone))
            self.prober.hear(event)
            await self.bridges.hear(event)
            if (listening := read_supervision(event)) is not None:
                async with self._busy:
                    await self.supervision.service.hear(listening)

    async def _link_up(self) -> None:
        if self._watch.up and self._act.up:
            await self._say(LinkState.SYNCING, "connected")
            self._look_now.set()
            self._tasks.start("rooms", self._end_music())

    async def _end_music(self) -> None:
        try:
            together = await self._music.look()
        except HotlineError as error:  # down again; the next connection looks anew
            log.warning("rooms_not_looked_at", reason=str(error))
            return
        for channel in together:
            await self._music.end(channel)

    async def _link_down(self, reason: str) -> None:
        if self.link_state is not LinkState.DOWN:
            self.translator.forget_all()
            self._alive = None
            self._compared = 0
            await self._say(LinkState.DOWN, reason)

    async def _say(self, state: LinkState, reason: str) -> None:
        if state is not self.link_state:
            self.link_state = state
            await self._bus.publish(LinkChanged(at=self._clock.now(), state=state, reason=reason))

    async def _reconcile(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._look_now.wait(), RECONCILE_S)
                self._look_now.clear()
                await self._sweep()
                await asyncio.sleep(FIRST_LOOKS_S)
            except TimeoutError:
                pass
            await self._sweep()

    async def _sweep(self) -> None:
        if not (self._watch.up and self._act.up):
            return
        looked_at = self._clock.now()
        try:
            view = await look(self._act, self._settings.asterisk.seats)
        except HotlineError as error:
            log.warning("look_failed", reason=str(error))
            return
        async with self._busy:
            for channel, uniqueid, linkedid in view.channels:
                if uniqueid not in self.translator.known.legs:
                    self.translator.prime(channel, uniqueid, linkedid)
            self._alive = frozenset(view.calls)
            # First what Asterisk wrote down, with true times; the reconciler guesses only what is left
            await self.cel.sweep(self._alive, looked_at)
            try:
                await self._reconciler.sweep(view)
                await self.bridges.sweep()
                await self.supervision.sweep({uniqueid for _, uniqueid, _ in view.channels})
            except HotlineError as error:
                log.warning("repair_failed", reason=str(error))
                return
            finally:
                self._compared += self._act.up
        if self._look_now.is_set():
            return
        await self._say(LinkState.UP, "reconciled")

    async def _beat(self) -> None:
        """While this global is fresh the dialplan may ask us things; a stopped process lets it grow old."""
        while True:
            try:
                await self.switchboard.set_global("MS_HEARTBEAT", str(int(time.time())))
                minutes = await self.policies.number("callback_minutes", 30)
                await self.switchboard.set_global("MS_BACK_IN", back_in(minutes))
            except HotlineError as error:
                log.debug("no_heartbeat", reason=str(error))
            await asyncio.sleep(HEARTBEAT_S)

    async def _watch_contacts(self) -> None:
        while True:
            await asyncio.sleep(CONTACTS_S)
            # A caller may have been answered elsewhere in the gap; a difference counts when it is seen twice
            if not self._act.up or self._compared < COMPARED:
                continue
            try:
                found = await contacts(self._act, self._phones)
            except HotlineError as error:
                log.debug("no_contacts", reason=str(error))
                continue
            async with self._busy:
                await self._return.see(found)
                await self.bridges.see(found)
                await self.supervision.see(found)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            await self.seats.tick()
            await self.bridges.tick()

    async def _files(self) -> None:
        """After-call work. What lives is known only while the link is up."""
        while True:
            await asyncio.sleep(FILES_S)
            alive = self._alive
            if alive is None:
                continue
            await self.recordings.sweep(alive)

    async def _thin(self) -> None:
        """Sides that nobody needs any more; beside the joining, which waits for no disk that is read."""
        while True:
            await asyncio.sleep(THIN_S)
            if (alive := self._alive) is not None:
                room = await asyncio.to_thread(disk_room.look, self._settings)
                await self._thinning.sweep(alive, pressed=room.low)
