"""AudioSocket server: Asterisk's taps connect here and stream one leg's sound.

Protocol (Asterisk documentation, "AudioSocket"): a type byte, a big-endian length, a payload. We always
read (Asterisk drops the tap when its socket is full) and send silence back every 20 ms.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from core.tasks import TaskGroup

log = structlog.get_logger(__name__)

HANGUP: Final = 0x00
ID: Final = 0x01
DTMF: Final = 0x03
ERROR: Final = 0xFF
RATES_HZ: Final = {
    0x10: 8000,
    0x11: 12000,
    0x12: 16000,
    0x13: 24000,
    0x14: 32000,
    0x15: 44100,
    0x16: 48000,
}
MAX_PAYLOAD: Final = 8192
FIRST_MESSAGE_S: Final = 3.0
IDLE_S: Final = 600.0
"""A caller on hold whose telephone sends nothing for minutes is no fault; taps end with their channels."""
MAX_STRANGERS: Final = 128
"""Connections without an id yet; beyond it the oldest goes, so that garbage cannot use up open files."""
FRAME_S: Final = 0.02


class MalformedStream(ValueError):
    """What came is not AudioSocket."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    kind: int
    payload: bytes


class Leg(Protocol):
    """Who takes a leg's sound. Must never wait."""

    def sound(self, pcm: bytes, rate_hz: int) -> None:
        """A piece of sound, 16-bit mono little-endian."""
        ...

    def ended(self) -> None:
        """The tap is gone."""
        ...


class Parser:
    """Bytes in any pieces to messages."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole now, the good ones before a bad one too; take them all.

        Raises:
            MalformedStream: at the place where the type or length cannot be AudioSocket's.
        """
        self._rest += data
        while len(self._rest) >= 3:
            kind, length = self._rest[0], int.from_bytes(self._rest[1:3], "big")
            if not _possible(kind, length):
                raise MalformedStream(f"type {kind:#x} length {length}")
            if len(self._rest) < 3 + length:
                return
            payload = bytes(self._rest[3 : 3 + length])
            del self._rest[: 3 + length]
            yield Message(kind, payload)


def _possible(kind: int, length: int) -> bool:
    if kind in RATES_HZ:
        return (
            length <= MAX_PAYLOAD and length % 2 == 0
        )  # half a sample would turn all that follows into noise
    return kind in (HANGUP, ID, DTMF, ERROR) and length <= MAX_PAYLOAD


def message(kind: int, payload: bytes) -> bytes:
    """One message on the wire."""
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload


class AudioSocketServer:
    """Listens on loopback; legs that nobody expects are refused."""

    def __init__(self, port: int, admit: Callable[[str], Leg | None], tasks: TaskGroup) -> None:
        self._port = port
        self._admit = admit
        self._tasks = tasks
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._strangers: dict[asyncio.StreamWriter, None] = {}

    @property
    def connections(self) -> int:
        """How many peers are connected."""
        return len(self._open)

    async def start(self) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self._port, limit=65536, backlog=512
        )
        return self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and end what is connected."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self._strangers[writer] = None
        if len(self._strangers) > MAX_STRANGERS:
            next(iter(self._strangers)).transport.abort()
        try:
            await self._serve(reader, writer)
        except (MalformedStream, OSError, TimeoutError) as error:
            # Strangers may come by the thousand and must not fill the log
            tell = log.debug if writer in self._strangers else log.info
            tell("audio_socket_closed", reason=type(error).__name__)
        finally:
            self._strangers.pop(writer, None)
            self._open.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = Parser()
        async with asyncio.timeout(FIRST_MESSAGE_S):
            first, rest = await _first(reader, parser)
        self._strangers.pop(writer, None)
        leg = self._admit(str(uuid.UUID(bytes=first.payload)))
        if leg is None:
            return
        silence = self._tasks.start("audio-socket-silence", _send_silence(writer))
        try:
            await _listen(reader, parser, rest, leg)
        finally:
            silence.cancel()
            leg.ended()


async def _first(reader: asyncio.StreamReader, parser: Parser) -> tuple[Message, Iterator[Message]]:
    while True:
        data = await reader.read(4096)
        if not data:
            raise MalformedStream("closed before its id")
        found = parser.feed(data)
        first = next(found, None)
        if first is not None:
            if first.kind != ID or len(first.payload) != 16:
                raise MalformedStream("no id first")
            return first, found


async def _listen(reader: asyncio.StreamReader, parser: Parser, waiting: Iterator[Message], leg: Leg) -> None:
    while True:
        for one in waiting:
            if one.kind in RATES_HZ:
                leg.sound(one.payload, RATES_HZ[one.kind])
            elif one.kind in (HANGUP, ERROR):
                return
        async with asyncio.timeout(IDLE_S):
            data = await reader.read(16384)
        if not data:
            return
        waiting = parser.feed(data)


async def _send_silence(writer: asyncio.StreamWriter) -> None:
    """Asterisk paces the tap by what it gets back (asterisk issue 2123: a mute peer delays the hang-up)."""
    frame = message(0x10, bytes(320))
    while True:
        if writer.transport.get_write_buffer_size() < 16384:
            writer.write(frame)
        await asyncio.sleep(FRAME_S)
