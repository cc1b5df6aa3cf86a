"""Builds the real house, starts it, ends it. No logic."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from api.bridge_ports import HouseDirectory, HouseTicketDesk
from api.state import House
from api.stream import LogTail, Stream
from api.subscriptions import subscribe
from core.bus import Bus
from core.clock import SystemClock
from core.config import Settings
from core.tasks import TaskGroup
from db.session import make_engine, make_sessions
from ivr.agi_server import AgiServer
from ivr.progress import Progress
from telephony.control import TelephonyControl
from tickets.draft.corrections import CorrectionListener
from tickets.draft.desk import DraftDesk
from tickets.draft.model import MODEL_NAME
from tickets.on_events import TicketListener
from transcription.service import TranscriptionService


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    """Everything between the first request and the last."""
    settings: Settings = app.state.settings
    async with AsyncExitStack() as stack:
        engine = make_engine(settings.db_url)
        stack.push_async_callback(engine.dispose)
        sessions, bus, clock = make_sessions(engine), Bus(), SystemClock()
        control = TelephonyControl(settings, sessions, bus, clock)
        transcription = TranscriptionService(settings, sessions, bus, clock, control.switchboard)
        tickets = TicketListener(sessions, bus, clock)
        app.state.bridges = control.bridges.furnish(
            HouseDirectory(sessions, clock), HouseTicketDesk(clock), control.seats
        )
        house = House(settings, sessions, bus, clock, control, transcription.engine)
        stream = Stream()
        tail = LogTail(house, stream)
        drafts = DraftDesk(settings.state_dir / MODEL_NAME)
        lessons = CorrectionListener(sessions, clock, drafts)
        subscribe(bus, tickets, transcription, lessons, tail)
        app.state.house, app.state.stream, app.state.drafts = house, stream, drafts

        await tail.start()
        agi = AgiServer(settings.agi, {"progress": Progress(sessions)})
        await agi.start()
        stack.push_async_callback(agi.close)
        await transcription.start()
        stack.push_async_callback(transcription.close)
        await control.start()
        stack.push_async_callback(control.close)
        tasks = TaskGroup()
        stack.push_async_callback(tasks.close)
        tasks.run_forever("tickets-catch-up", tickets.keep_up)
        tasks.start("draft-desk", drafts.start(sessions))
        app.state.stop_streams = stream.close
        yield
        stream.close()
