"""Asterisk's side of live audio: taps that stream sound to AudioSocket; and a real worker process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import tomli_w

from core.config import PROJECT_ROOT, Settings, load_settings
from core.errors import ActionRefused
from transcription.audio_socket import ID, message

FRAME_S = 0.02


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stream(asyncio.Protocol):
    """One tap: frames in the pace of speech times `speed`; ends with the sound or the connection."""

    def __init__(self, leg_id: str, sound: bytes, wide: bool, *, speed: float) -> None:
        self._id = uuid.UUID(leg_id).bytes
        self._kind, self._step = (0x12, 640) if wide else (0x10, 320)
        self._sound, self._speed = sound, speed
        self._at = 0
        self.heard = 0
        self.over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(message(ID, self._id))
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._tick()

    def _tick(self) -> None:
        due = int((self._loop.time() - self._began) * self._speed / FRAME_S) * self._step
        while self._at <= due and not self.over:
            self._transport.write(message(self._kind, self._sound[self._at : self._at + self._step]))
            self._at += self._step
            if self._at >= len(self._sound):
                self.end()
        if not self.over:
            self._loop.call_later(FRAME_S, self._tick)

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.over = True

    def end(self) -> None:
        self.over = True
        self._transport.close()


class Taps:
    """The `AudioTap` port: `sounds[channel]` is what it says, at 16 kHz if asked for slin16, else at 8."""

    def __init__(self, *, speed: float = 2.0) -> None:
        self.sounds: dict[str, dict[str, bytes]] = {}
        self.streams: list[tuple[str, str, Stream]] = []
        self.untapped: list[str] = []
        self.once = False
        """A channel that has spoken is gone: it cannot be tapped a second time."""
        self._speed, self._tail_s = speed, 0

    def go_on(self) -> None:
        """From now on channels speak in the pace of people, and stay after their words."""
        self._speed, self._tail_s = 1.0, 120

    async def tap(self, channel: str, leg_id: str, address: str, codec: str) -> None:
        if self.once and any(channel == before for before, _, _ in self.streams):
            raise ActionRefused(answer="No such channel")
        host, _, port = address.partition(":")
        rate_hz = 16000 if codec == "slin16" else 8000
        sound = self.sounds[channel][codec] + bytes(2 * rate_hz * self._tail_s)
        made = Stream(leg_id, sound, codec == "slin16", speed=self._speed)
        self.streams.append((channel, leg_id, made))
        with contextlib.suppress(OSError):  # Asterisk only logs it
            await asyncio.get_running_loop().create_connection(lambda: made, host, int(port))

    async def untap(self, leg_id: str) -> None:
        self.untapped.append(leg_id)
        self.end(leg_id)

    def end(self, leg_id: str = "") -> None:
        for _, leg, stream in self.streams:
            if leg_id in ("", leg) and not stream.over:
                stream.end()


class WorkerProcess:
    """A real transcription worker in a folder of its own."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.models = models
        # A busy test machine must not make it give up a leg: overload has its own tests
        own = {"audio_port": free_port(), "models_dir": str(models), "nice": 0, "live_until_s": 120.0}
        settings = {"transcription": own}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.toml").write_text(tomli_w.dumps({"mode": "production", **settings}))
        self.settings: Settings = load_settings(folder)
        self.start()

    def start(self) -> None:
        log = (self.settings.state_dir / "worker.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "transcription.worker", "--state-dir", str(self.settings.state_dir)],
                cwd=PROJECT_ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
