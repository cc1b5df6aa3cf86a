"""The AudioSocket server against peers that send nonsense: bounded, and a good leg is heard afterwards."""

import asyncio
import contextlib
import os
import random
import uuid

import pytest

from core.tasks import TaskGroup
from tests.fakes.waiting import until
from transcription import audio_socket
from transcription.audio_socket import ERROR, HANGUP, ID, AudioSocketServer, message

FRAME = bytes(range(160)) * 2


class Heard:
    def __init__(self):
        self.pieces, self.over = [], False

    def sound(self, pcm, rate_hz):
        self.pieces.append((pcm, rate_hz))

    def ended(self):
        self.over = True


@pytest.fixture
async def server():
    tasks, legs = TaskGroup(), {}
    made = AudioSocketServer(0, lambda leg_id: legs.pop(leg_id, None), tasks)
    made.legs, made.port = legs, await made.start()
    yield made
    await made.close()
    await until("every connection is gone", lambda: made.connections == 0)
    await tasks.close()


async def good_leg(server, frames, last=b""):
    """A leg that is expected. Without a `last` of its own it waits for the silence and hangs up."""
    leg_id, leg = uuid.uuid4(), Heard()
    server.legs[str(leg_id)] = leg
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(message(ID, leg_id.bytes) + frames + last)
    if not last:
        assert await asyncio.wait_for(reader.readexactly(323), 40) == message(0x10, bytes(320))
        writer.write(message(HANGUP, b""))
    await until("the leg has ended", lambda: leg.over)
    await shut(writer)
    return leg


async def shut(writer):
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def garbage(port, dice):
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return
    opening = dice.choice((b"", b"\x01\x00\x10", b"\x01\x00\x10" + dice.randbytes(16), b"GET / HTTP/1.1\r\n"))
    writer.write(opening + dice.randbytes(dice.randrange(200)))
    if dice.random() < 0.5:
        writer.transport.abort()
    await shut(writer)


async def test_ten_thousand_garbage_connections_are_survived(server):
    dice = random.Random(7)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        await asyncio.gather(*(garbage(server.port, dice) for _ in range(100)))
    await until("the garbage is gone", lambda: server.connections == 0)
    await until("its files are closed", lambda: len(os.listdir("/proc/self/fd")) <= before)
    leg = await good_leg(server, message(0x10, FRAME) * 3)
    assert leg.pieces == [(FRAME, 8000)] * 3


async def test_silent_strangers_are_bounded_and_keep_nobody_out(server, monkeypatch):
    monkeypatch.setattr(audio_socket, "MAX_STRANGERS", 8)
    mute = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(40)]
    await until("only the newest are kept", lambda: server.connections == 8)
    leg = await good_leg(server, message(0x12, FRAME))
    assert leg.pieces == [(FRAME, 16000)]
    for _, writer in mute:
        await shut(writer)


@pytest.mark.parametrize("last", [message(ERROR, b"\x01"), b"\x10\x00\x03abc", b"\x77"])
async def test_error_and_garbage_frames_end_a_leg_and_what_came_before_is_heard(server, last):
    leg = await good_leg(server, message(0x10, FRAME) * 2, last + b"rest" * 5)
    assert leg.pieces == [(FRAME, 8000)] * 2


async def test_a_leg_that_nobody_expects_is_refused(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(message(ID, uuid.uuid4().bytes))
    assert await asyncio.wait_for(reader.read(), 40) == b""
    await shut(writer)
