"""One transcription process: low priority, its own AudioSocket port, orders over a Unix socket.

`python -m transcription.worker --state-dir DIR --index N`. Orders and answers are JSON lines.
Killing it hurts no call; whoever gives orders connects again and the recording is heard later.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog

from core.config import Settings, load_settings
from core.logging import configure_logging
from core.tasks import TaskGroup
from core.vocabulary import Speaker
from transcription import loading, models
from transcription.audio_socket import AudioSocketServer
from transcription.ear import Ear, Line
from transcription.leg_file import PIECE_S, is_narrow, pieces
from transcription.live import LiveLeg, LiveLegs, line_json
from transcription.recognizer import Recognizer, RecognizerFactory

log = structlog.get_logger(__name__)

SPARE_BACKLOG_S = 0.5
ALIVE_S = 1.0
LOOK_AGAIN_S = 2.0
GOING_S = 10.0
"""How often the order-giver hears that a file is still being heard."""
PASSING_ROOM, LASTING_ROOM = 1 << 16, 1 << 24
"""Bytes that may wait for a peer that does not read: guesses go first, then everything."""


def control_path(settings: Settings, index: int) -> Path:
    """Where a worker takes orders."""
    return settings.state_dir / "run" / f"transcription-{index}.sock"


class NoModel:
    """Stands where a model would; never asked, since the worker says that it has none."""

    def __call__(self) -> Recognizer:
        """Refuse."""
        raise RuntimeError("no model is installed")


class Worker:
    """Wires socket, legs, threads and orders of one process."""

    def __init__(self, settings: Settings, index: int) -> None:
        self._settings = settings
        self._index = index
        self._tasks = TaskGroup()
        self._peers: set[asyncio.StreamWriter] = set()
        self._threads = ThreadPoolExecutor(settings.transcription.threads, "ear")
        self._files: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._model = models.choose(settings)
        self._make: RecognizerFactory = NoModel()
        self._loaded = False
        self._told_at = float("-inf")
        self._ready = asyncio.Event()
        self.legs = LiveLegs(
            self._fresh, self._threads, self._tasks, settings.transcription.max_live_legs, self.tell
        )

    async def run(self, until: asyncio.Event) -> None:
        """Work until told to end."""
        port = self._settings.transcription.audio_port + self._index
        audio = AudioSocketServer(port, self.legs.admit, self._tasks)
        await audio.start()
        path = control_path(self._settings, self._index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        control = await asyncio.start_unix_server(self._peer, path)
        os.chmod(path, 0o600)
        self._tasks.start("load-model", self._load())
        self._tasks.run_forever("files", self._hear_files)
        self._tasks.run_forever("alive", self._say_alive)
        await until.wait()
        await audio.close()
        control.close()
        await self._tasks.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def tell(self, message: dict[str, Any]) -> None:
        """Say something to whoever gives orders."""
        line = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        room = PASSING_ROOM if message["kind"] in ("guess", "alive", "job_going") else LASTING_ROOM
        for peer in self._peers:
            if peer.transport.get_write_buffer_size() < room:
                peer.write(line)

    async def _say_alive(self) -> None:
        while True:
            await asyncio.sleep(ALIVE_S)
            self.tell({"kind": "alive"})

    def hello(self) -> dict[str, Any]:
        """Who we are and whether we can hear."""
        model = self._model
        return {
            "kind": "hello",
            "available": model is not None and self._loaded,
            "model": model.name if model else "",
            "language": model.language if model else "",
            "stand_in": bool(model and model.stand_in),
            "reason": "" if model and self._loaded else ("loading" if model else "no_model"),
            "legs": self.legs.streaming(),
        }

    async def _load(self) -> None:
        """Load the best whole model; with none, look again now and then, so installing needs no restart."""
        loop = asyncio.get_running_loop()
        broken: set[tuple[str, int]] = set()
        while not self._loaded:
            found = models.choose(self._settings, broken)
            if found is None:
                await asyncio.sleep(LOOK_AGAIN_S)
                continue
            self._model, sign = found, models.sign_of(found)
            try:
                self._make = await loop.run_in_executor(self._threads, loading.load, found)
                self._loaded = True
            except Exception:
                log.exception("model_broken", model=found.name)
                broken.add(sign)
                self._model = None
            self.tell(self.hello())
        self._ready.set()

    def _fresh(self) -> Recognizer:
        return self._make()

    async def _peer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._peers.add(writer)
        self.tell(self.hello())
        try:
            while line := await reader.readline():
                self._order(json.loads(line))
        except (ValueError, OSError, KeyError) as error:
            log.warning("order_not_understood", reason=repr(error))
        finally:
            self._peers.discard(writer)
            writer.close()

    def _order(self, order: dict[str, Any]) -> None:
        if order["op"] == "expect":
            self.legs.expect(
                LiveLeg(
                    leg=order["leg"],
                    call_id=order["call_id"],
                    speaker=Speaker(order["speaker"]),
                    offset_s=float(order["offset_s"]),
                    channel=str(order["channel"]),
                    party=int(order.get("party", 0)),
                    limit_s=self._settings.transcription.live_until_s,
                )
            )
        elif order["op"] == "forget":
            self.legs.forget(order["leg"])
        elif order["op"] == "file":
            self._files.put_nowait(order)

    async def _hear_files(self) -> None:
        while True:
            order = await self._files.get()
            try:
                lines = await self._hear_file(order["job"], Path(order["path"]), float(order["offset_s"]))
            except Exception as error:
                log.warning("file_failed", job=order["job"], reason=repr(error))
                self.tell({"kind": "job_failed", "job": order["job"], "reason": type(error).__name__})
                continue
            self.tell({"kind": "job_done", "job": order["job"], "lines": [line_json(line) for line in lines]})

    async def _spare(self, job: str) -> None:
        """Until no live leg is behind; says now and then that the job is not forgotten."""
        for _ in range(40_000):
            self._going(job)
            if self.legs.waiting_s <= SPARE_BACKLOG_S:
                return
            await asyncio.sleep(PIECE_S)

    def _going(self, job: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= GOING_S:
            self._told_at = now
            self.tell({"kind": "job_going", "job": job})

    async def _hear_file(self, job: str, file: Path, offset_s: float) -> list[Line]:
        """Piece by piece, and only while no live leg is behind."""
        loop = asyncio.get_running_loop()
        await self._ready.wait()
        narrow = await loop.run_in_executor(self._threads, is_narrow, file)
        recognizer = await loop.run_in_executor(self._threads, self._fresh)
        ear = Ear(recognizer, narrow=narrow, offset_s=offset_s)
        lines: list[Line] = []
        sound = pieces(file, narrow=narrow)
        while True:
            await self._spare(job)
            heard = await loop.run_in_executor(self._threads, _hear_next, ear, sound)
            if heard is None:
                break
            lines += heard
        lines += [one for one in await loop.run_in_executor(self._threads, ear.end) if isinstance(one, Line)]
        return lines


def _hear_next(ear: Ear, sound: Iterator[bytes]) -> list[Line] | None:
    """The lines that the next piece settled; None when there is no more."""
    piece = next(sound, None)
    if piece is None:
        return None
    return [one for one in ear.hear(piece, guess=False) if isinstance(one, Line)]


async def follow_stdin(ended: Callable[[], None]) -> None:
    """Call `ended` when the parent, which holds the other end of our standard input, is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass
    ended()


async def _main(settings: Settings, index: int, *, follow: bool) -> None:
    import signal

    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, until.set)
    watch = TaskGroup()
    if follow:
        watch.start("follow-stdin", follow_stdin(until.set))
    await Worker(settings, index).run(until)
    await watch.close()


def main() -> None:
    """Run one worker."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--index", type=int, default=0)
    parser.add_argument("--follow-stdin", action="store_true")
    given = parser.parse_args()
    settings = load_settings(given.state_dir)
    os.nice(settings.transcription.nice)
    configure_logging()
    asyncio.run(_main(settings, given.index, follow=given.follow_stdin))


if __name__ == "__main__":
    main()
