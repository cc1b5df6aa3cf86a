"""Our end of a worker's control socket: connects, connects again, gives orders, hands on answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from core.config import Settings
from core.tasks import TaskGroup
from transcription.worker import control_path

log = structlog.get_logger(__name__)

Heard = Callable[[int, dict[str, Any]], Awaitable[None]]

RETRY_S: Final = 0.5
SILENT_S: Final = 5.0
"""A worker says every second that it lives; one that is stopped (not dead) is left after this long."""
LINE_LIMIT: Final = 1 << 24
ORDERS_LIMIT: Final = 1 << 20
_AWAY: Final[dict[str, Any]] = {"kind": "hello", "available": False, "model": "", "reason": "worker_away"}


class WorkerClient:
    """One worker. Orders given while it is away are lost: the recording is heard afterwards."""

    def __init__(self, settings: Settings, index: int, on_message: Heard, tasks: TaskGroup) -> None:
        self._path = control_path(settings, index)
        self._index = index
        self._on_message = on_message
        self._writer: asyncio.StreamWriter | None = None
        self.address = f"127.0.0.1:{settings.transcription.audio_port + index}"
        self.hello: dict[str, Any] = {**_AWAY, "reason": "starting"}
        tasks.run_forever(f"transcription-client-{index}", self._stay_connected)

    @property
    def available(self) -> bool:
        """Whether it is connected and has a model."""
        return self._writer is not None and bool(self.hello.get("available"))

    def order(self, **order: Any) -> bool:
        """Give an order; False if the worker is away or does not read. Never waits."""
        if self._writer is None or self._writer.transport.get_write_buffer_size() > ORDERS_LIMIT:
            return False
        self._writer.write(json.dumps(order).encode() + b"\n")
        return True

    async def _stay_connected(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=LINE_LIMIT)
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            self._writer = writer
            greeted = False
            try:
                while message := await _read(reader):
                    greeted = greeted or message["kind"] == "hello"
                    await self._take(message)
            except (OSError, ValueError, TimeoutError) as error:
                log.warning("worker_lost", worker=self._index, reason=type(error).__name__)
            finally:
                self._writer, self.hello = None, dict(_AWAY)
                writer.transport.abort()
            if greeted:
                await self._take({"kind": "gone"})
            await asyncio.sleep(RETRY_S)

    async def _take(self, message: dict[str, Any]) -> None:
        if message["kind"] == "hello":
            self.hello = message
        try:
            await self._on_message(self._index, message)
        except Exception:
            log.exception("worker_message_failed", worker=self._index, kind=message["kind"])


async def _read(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message that is not just a sign of life; None at the end."""
    while True:
        async with asyncio.timeout(SILENT_S):
            line = await reader.readline()
        if not line:
            return None
        message: dict[str, Any] = json.loads(line)
        if message["kind"] != "alive":
            return message
