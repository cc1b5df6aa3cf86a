"""Builds the real house, starts it, ends it. No logic."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from api.alarm_log import AlarmLog
from api.bridge_ports import HouseDirectory, HouseTicketDesk
from api.hearing import Hearing
from api.rehearsal import rehearse
from api.retention import Retention
from api.state import House
from api.stream import LogTail, Stream
from api.subscriptions import Listeners, subscribe
from core.bus import Bus
from core.clock import Clock, SystemClock
from core.config import Settings
from core.tasks import TaskGroup
from db.session import SessionMaker, make_engine, make_sessions
from ivr.agi_server import AgiServer
from ivr.progress import Progress
from telephony.control import TelephonyControl
from tickets.callback_listener import CallbackListener
from tickets.draft.corrections import CorrectionListener
from tickets.draft.desk import DraftDesk
from tickets.draft.model import MODEL_NAME
from tickets.on_events import TicketListener
from transcription.service import TranscriptionService


@dataclass(frozen=True, slots=True)
class Parts:
    """What has to be started and ended."""

    control: TelephonyControl
    transcription: TranscriptionService
    tickets: TicketListener
    callbacks: CallbackListener
    lessons: CorrectionListener
    drafts: DraftDesk
    stream: Stream
    tail: LogTail


def furnish(app: FastAPI, sessions: SessionMaker, clock: Clock) -> Parts:
    """Build every part and show the routes where it is; none has begun. Tests build their house so too."""
    settings: Settings = app.state.settings
    bus = Bus()
    control = TelephonyControl(settings, sessions, bus, clock)
    transcription = TranscriptionService(settings, sessions, bus, clock, control.switchboard)
    tickets = TicketListener(sessions, bus, clock)
    callbacks = CallbackListener(sessions, bus, clock)
    lives = (control.calls, control.seats, control.policies)
    app.state.bridges, app.state.consults = control.bridges.furnish(
        HouseDirectory(sessions, clock), HouseTicketDesk(clock), lives
    )
    control.supervision.rooms.service = app.state.bridges
    app.state.prober = control.prober
    app.state.supervision = control.supervision.service
    house = House(settings, sessions, bus, clock, control, transcription.engine)
    stream = Stream()
    tail, hearing = LogTail(house, stream), Hearing(house)
    drafts = DraftDesk(settings.state_dir / MODEL_NAME)
    lessons = CorrectionListener(sessions, clock, drafts)
    subscribe(bus, Listeners(tickets, callbacks, transcription, lessons, control, hearing), tail)
    app.state.house, app.state.stream, app.state.drafts = house, stream, drafts
    app.state.hearing = hearing
    app.state.alarms = AlarmLog()
    return Parts(control, transcription, tickets, callbacks, lessons, drafts, stream, tail)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    """Everything between the first request and the last."""
    settings: Settings = app.state.settings
    async with AsyncExitStack() as stack:
        engine = make_engine(settings.db_url)
        stack.push_async_callback(engine.dispose)
        sessions = make_sessions(engine)
        clock = SystemClock()
        parts = furnish(app, sessions, clock)

        await parts.tail.start()
        agi = AgiServer(settings.agi, {"progress": Progress(sessions)})
        await agi.start()
        stack.push_async_callback(agi.close)
        await parts.transcription.start()
        stack.push_async_callback(parts.transcription.close)
        await parts.control.start()
        stack.push_async_callback(parts.control.close)
        tasks = TaskGroup()
        stack.push_async_callback(tasks.close)
        tasks.run_forever("tickets-catch-up", parts.tickets.keep_up)
        tasks.run_forever("callbacks-catch-up", parts.callbacks.keep_up)
        tasks.run_forever("lessons-catch-up", parts.lessons.keep_up)
        tasks.run_forever("retention", Retention(settings, sessions, clock).run)
        tasks.start("rehearsal", rehearse(sessions, clock, HouseDirectory(sessions, clock)))
        tasks.start("draft-desk", parts.drafts.start(sessions))
        app.state.stop_streams = parts.stream.close
        yield
        parts.stream.close()
