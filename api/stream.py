"""Facts to screens: server-sent events whose id is the fact's place in the log, with replay after a gap."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.hearing import Hearing
from api.security import MAX_ROW_ID, GridWorker, Person, person_of
from api.state import House, house_of
from api.told import PASSING, Told
from core.events import CallFact, Fact
from db.repositories import event_log
from db.session import reading
from telephony.snapshot import masked

log = structlog.get_logger(__name__)
router = APIRouter()

QUEUE_LENGTH: Final = 500
REPLAY_LIMIT: Final = 500
LIFE_S: Final = 600.0
RETRY_MS: Final = 200
ASK_AGAIN: Final = dt.timedelta(seconds=15)
"""A stream outlives the question who listens: signed out, closed or of another role is heard of this soon."""


@dataclass(eq=False)
class Screen:
    """One connected browser: a bounded queue. A screen that is too slow is told to load again."""

    queue: asyncio.Queue[Told] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))
    overrun: bool = False


class Stream:
    """Hears every fact after its commit and hands it to every screen."""

    def __init__(self) -> None:
        self._screens: set[Screen] = set()
        self._closing = asyncio.Event()

    def join(self) -> Screen:
        """A new screen."""
        screen = Screen()
        self._screens.add(screen)
        return screen

    def leave(self, screen: Screen) -> None:
        """A screen went away."""
        self._screens.discard(screen)

    @property
    def closing(self) -> bool:
        """Whether the server is about to stop."""
        return self._closing.is_set()

    def close(self) -> None:
        """Let every connection end."""
        self._closing.set()

    def tell(self, told: Told) -> None:
        """Hand one fact to every screen; never waits."""
        for screen in self._screens:
            try:
                screen.queue.put_nowait(told)
            except asyncio.QueueFull:
                screen.overrun = True


class LogTail:
    """Turns published facts into stream entries in the order of the log."""

    def __init__(self, house: House, stream: Stream) -> None:
        self._house = house
        self._stream = stream
        self._seq = 0
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Begin at the end of the log."""
        async with reading(self._house.sessions) as session:
            self._seq = await event_log.last_seq(session)

    async def on_fact(self, fact: Fact) -> None:
        """A stored fact sends what the log has gained; a guess goes straight out."""
        if isinstance(fact, PASSING):
            payload = event_log.to_payload(fact)
            self._stream.tell(Told(None, type(fact).__name__, fact.call_id, payload))
            return
        async with self._lock, reading(self._house.sessions) as session:
            entries = await event_log.since(session, self._seq)
        before = self._seq
        for entry in entries:
            self._seq = max(self._seq, entry.seq)
            self._stream.tell(Told(entry.seq, entry.kind, entry.call_id, entry.payload))
        if self._seq == before and not isinstance(fact, CallFact):
            # Facts about the house itself (link, engine) are not stored
            self._stream.tell(Told(None, type(fact).__name__, None, event_log.to_payload(fact)))


@dataclass
class _Listener:
    """Who listens; whoever has left is asked to connect again, and is refused then."""

    request: Request
    person: Person
    asked: dt.datetime

    async def still_there(self) -> bool:
        """Whether somebody is signed in; the role may be another one meanwhile."""
        now = house_of(self.request).clock.now()
        if now - self.asked < ASK_AGAIN:
            return True
        self.asked, fresh = now, await person_of(self.request)
        self.person = fresh or self.person
        return fresh is not None


@router.get("/api/stream")
async def stream_facts(
    request: Request,
    person: GridWorker,
    last_event_id: Annotated[int | None, Header(ge=0, le=MAX_ROW_ID)] = None,
) -> EventSourceResponse:
    """Facts from `Last-Event-ID` on; ten minutes at most, then the browser connects again."""
    stream: Stream = request.app.state.stream
    return EventSourceResponse(
        _facts(request, stream, person, last_event_id),
        ping=10,
        headers={"Cache-Control": "no-store"},
    )


async def _facts(
    request: Request, stream: Stream, person: Person, last: int | None
) -> AsyncGenerator[ServerSentEvent, None]:
    house, screen = house_of(request), stream.join()
    hearing: Hearing = request.app.state.hearing
    listener = _Listener(request, person, house.clock.now())
    try:
        yield ServerSentEvent(retry=RETRY_MS)
        seen = 0
        if last is not None:
            async with reading(house.sessions) as session:
                missed = await event_log.since(session, last, REPLAY_LIMIT + 1)
            if len(missed) > REPLAY_LIMIT:
                yield ServerSentEvent(event="reload", data="{}")
                return
            for entry in missed:
                seen = entry.seq
                told = Told(entry.seq, entry.kind, entry.call_id, entry.payload)
                if await hearing.may_hear(person, told):
                    yield _event(told)
        async for told in _live(stream, screen, listener):
            if (told.seq or seen + 1) > seen and await hearing.may_hear(listener.person, told):
                yield _event(told)
        yield ServerSentEvent(event="reload" if screen.overrun else "reconnect", data="{}")
    finally:
        stream.leave(screen)


async def _live(stream: Stream, screen: Screen, listener: _Listener) -> AsyncGenerator[Told, None]:
    loop = asyncio.get_running_loop()
    until = loop.time() + LIFE_S
    while not screen.overrun and not stream.closing and loop.time() < until:
        try:
            async with asyncio.timeout(0.5):
                told = await screen.queue.get()
        except TimeoutError:
            continue
        if not await listener.still_there():
            return
        yield told


def _event(told: Told) -> ServerSentEvent:
    payload = {key: value for key, value in told.payload.items() if key != "pii_caller"}
    if "pii_caller" in told.payload:
        payload["caller_masked"] = masked(told.payload["pii_caller"])
    for name in ("text", "who"):
        if f"pii_{name}" in payload:
            payload[name] = payload.pop(f"pii_{name}")
    return ServerSentEvent(
        id=str(told.seq) if told.seq is not None else None,
        event=told.kind,
        data=json.dumps(payload, ensure_ascii=False),
    )
