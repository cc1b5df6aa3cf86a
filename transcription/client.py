"""Our end of a worker's control socket: connects, connects again, gives orders, hands on answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from core.config import Settings
from core.tasks import TaskGroup
from transcription.worker import control_path

Heard = Callable[[int, dict[str, Any]], Awaitable[None]]

RETRY_S: Final = 0.5
LINE_LIMIT: Final = 1 << 24


class WorkerClient:
    """One worker. Orders given while it is away are lost: the recording is heard afterwards."""

    def __init__(self, settings: Settings, index: int, on_message: Heard, tasks: TaskGroup) -> None:
        self._path = control_path(settings, index)
        self._index = index
        self._on_message = on_message
        self._writer: asyncio.StreamWriter | None = None
        self.address = f"127.0.0.1:{settings.transcription.audio_port + index}"
        self.hello: dict[str, Any] = {"available": False, "model": "", "reason": "starting"}
        tasks.run_forever(f"transcription-client-{index}", self._stay_connected)

    @property
    def available(self) -> bool:
        """Whether it is connected and has a model."""
        return self._writer is not None and bool(self.hello.get("available"))

    def order(self, **order: Any) -> bool:
        """Give an order; False if the worker is away."""
        if self._writer is None:
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
            try:
                while line := await reader.readline():
                    message = json.loads(line)
                    if message["kind"] == "hello":
                        self.hello = message
                    await self._on_message(self._index, message)
            except (OSError, ValueError):
                pass
            finally:
                self._writer = None
                writer.close()
            await self._on_message(self._index, {"kind": "gone"})
