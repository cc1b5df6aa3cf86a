"""10,000 connections of garbage, early ends and silence: the FastAGI server still answers (P1, P8)."""

import asyncio
import random

from core.config import AgiSettings
from ivr.agi_server import AgiServer


async def test_ten_thousand_garbage_connections_are_survived():
    async def hello(request):
        await request.send_command("NOOP")

    server = AgiServer(AgiSettings(port=0), {"hello": hello})
    await server.start()
    dice = random.Random(7)
    try:
        for _ in range(100):
            await asyncio.gather(*(garbage(server.port, dice) for _ in range(100)))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_network_script: hello\n\n")
        assert await asyncio.wait_for(reader.readline(), 40) == b"NOOP\n"
        writer.write(b"200 result=0\n")
        assert await asyncio.wait_for(reader.read(), 40) == b""
        writer.close()
    finally:
        await server.close()


async def garbage(port, dice):
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(dice.randbytes(dice.randrange(200)))
    if dice.random() < 0.5:
        writer.write(b"agi_network: yes\n")
    writer.transport.abort() if dice.random() < 0.3 else writer.close()
