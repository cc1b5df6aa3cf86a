"""A scripted SIP phone for installation checks and tests, and tones to prove two-way sound with."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.config import PROJECT_ROOT, Settings
from ops.carrier import Carrier

Event = dict[str, Any]
_HEADER_BYTES: Final = 44
PATIENCE_S: Final = 30.0
"""A check must not fail because the machine is busy: waiting ends as soon as it is so."""


class PhoneDidNot(AssertionError):
    """The phone did not do in time what it was waited for."""


class ScriptedPhone:
    """A real SIP phone (pjsua2) in a process of its own; a context manager."""

    def __init__(self, settings: Settings, *, address: str, **config: Any) -> None:
        self._server = f"{settings.asterisk.sip_address}:{settings.asterisk.sip_port}"
        self._config = {"address": address, **config}
        self.events: list[Event] = []
        self._heard = threading.Condition()

    @classmethod
    def citizen(cls, settings: Settings, number: str = "13800001234", **config: Any) -> ScriptedPhone:
        """A caller behind the carrier's address."""
        address = settings.asterisk.trunk.addresses[0].partition("/")[0]
        return cls(settings, address=address, uri=f"<sip:{number}@{address}>", **config)

    @classmethod
    def outside(cls, carrier: Carrier, settings: Settings, number: str, **config: Any) -> ScriptedPhone:
        """A phone that the hotline calls through the stand-in carrier."""
        host = carrier.address[0]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
        carrier.connect(number, (host, port))
        return cls(settings, address=host, port=port, uri=f"<sip:{number}@{host}>", **config)

    @classmethod
    def seat(
        cls, settings: Settings, number: int, *, address: str = "127.0.0.1", **config: Any
    ) -> ScriptedPhone:
        """The SIP desk phone of a seat; registers at once."""
        return cls._registered(settings, f"seat{number}", f"desk{number}", address, config)

    @classmethod
    def lead(cls, settings: Settings, number: int, **config: Any) -> ScriptedPhone:
        """The SIP desk phone of a shift leader; registers at once and picks up by itself."""
        config.setdefault("auto_answer", True)
        return cls._registered(settings, f"lead{number}", f"leaddesk{number}", "127.0.0.1", config)

    @classmethod
    def _registered(
        cls, settings: Settings, whose: str, user: str, address: str, config: dict[str, Any]
    ) -> ScriptedPhone:
        server = f"{settings.asterisk.sip_address}:{settings.asterisk.sip_port}"
        secret = settings.asterisk.seat_secrets[whose].get_secret_value()
        account = {"user": user, "password": secret, "registrar": f"sip:{server}"}
        return cls(settings, address=address, uri=f"sip:{user}@{server}", **account, **config)

    def __enter__(self) -> ScriptedPhone:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ops.phone_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=PROJECT_ROOT,
        )
        self._send(self._config)
        threading.Thread(target=self._read, daemon=True).start()
        self.wait("ready")
        if self._config.get("registrar") and self.wait("registered")["code"] != 200:
            raise PhoneDidNot(f"register: {self.events}")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._send({"do": "quit"})
            self._process.wait(10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(5)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # what was never sent to a phone that died
                    stream.close()

    def call(self, number: str) -> None:
        """Dial."""
        self._send({"do": "call", "uri": f"sip:{number}@{self._server}"})

    def answer(self) -> None:
        """Pick up."""
        self._send({"do": "answer"})

    def hang_up(self) -> None:
        """Put down."""
        self._send({"do": "hangup"})

    def dtmf(self, digits: str) -> None:
        """Send digits as RFC 4733 events."""
        self._send({"do": "dtmf", "digits": digits})

    def describe(self) -> Event:
        """What the phone knows of its call's sound: packets each way, and who plays to whom inside it.

        Raises:
            PhoneDidNot: if it has no call.
        """
        seen = sum(event["event"] == "description" for event in self.events)
        self._send({"do": "describe"})
        return self.wait("description", skip=seen, timeout_s=5)

    def kill(self) -> None:
        """Die without a BYE, as a crashed browser does."""
        self._process.kill()

    def wait(self, event: str, *, timeout_s: float = PATIENCE_S, skip: int = 0, **facts: Any) -> Event:
        """The first event of that name with those facts (after `skip` of them), seen already or to come.

        Raises:
            PhoneDidNot: if it does not come in time.
        """

        def matches() -> list[Event]:
            wanted = {"event": event, **facts}
            return [seen for seen in self.events if wanted.items() <= seen.items()]

        with self._heard:
            if not self._heard.wait_for(lambda: len(matches()) > skip, timeout_s):
                raise PhoneDidNot(f"{event} {facts} not in {timeout_s} s; saw {self.events}")
            return matches()[skip]

    def wait_answered(self, timeout_s: float = PATIENCE_S) -> Event:
        """The call is confirmed."""
        return self.wait("state", state="CONFIRMED", timeout_s=timeout_s)

    def wait_ended(self, timeout_s: float = PATIENCE_S) -> Event:
        """The call is over."""
        return self.wait("state", state="DISCONNECTED", timeout_s=timeout_s)

    def _send(self, order: dict[str, Any]) -> None:
        if self._process.stdin is None:
            raise PhoneDidNot("no process")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._heard:
                self.events.append(json.loads(line))
                self._heard.notify_all()


def tone(file: Path, *, hz: float, seconds: float, rate_hz: int = 16000) -> Path:
    """Write a WAV with one steady tone at about a fifth of full scale."""
    count = int(seconds * rate_hz)
    samples = (6000 * np.sin(2 * math.pi * hz * np.arange(count) / rate_hz)).astype("<i2")
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(samples.tobytes())
    return file


def recorded_s(file: Path) -> float:
    """How much of a sound has been written by now."""
    if not file.exists():
        return 0.0
    with file.open("rb") as sound:
        channels, rate_hz = _format(sound.read(_HEADER_BYTES))
    if not channels:
        return 0.0
    return max(0, file.stat().st_size - _HEADER_BYTES) / (2 * channels * rate_hz)


def tone_power(file: Path, hz: float, *, from_s: float = 0.0, until_s: float | None = None) -> float:
    """Share (0 to 1) of the sound's energy within 15 Hz of `hz`, in its best second; 0 for silence."""
    samples, rate_hz = read_wav(file)
    samples = samples[int(from_s * rate_hz) : None if until_s is None else int(until_s * rate_hz)]
    best = 0.0
    for start in range(0, max(1, len(samples) - rate_hz), rate_hz // 4):
        part = samples[start : start + rate_hz]
        if len(part) < rate_hz // 2 or float(np.abs(part).max(initial=0)) < 200:
            continue
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
        frequencies = np.fft.rfftfreq(len(part), 1 / rate_hz)
        near = float(spectrum[np.abs(frequencies - hz) <= 15].sum())
        best = max(best, near / float(spectrum.sum()))
    return best


def read_wav(file: Path) -> tuple[np.ndarray[Any, np.dtype[np.float64]], int]:
    """Samples of a 16-bit WAV (first channel) and its rate in Hz; read as far as it is written."""
    data = file.read_bytes() if file.exists() else b""
    channels, rate_hz = _format(data)
    if not channels:
        return np.zeros(0), rate_hz
    body = data[_HEADER_BYTES : len(data) - (len(data) - _HEADER_BYTES) % (2 * channels)]
    return np.frombuffer(body, dtype="<i2").astype(float)[::channels], rate_hz


def _format(data: bytes) -> tuple[int, int]:
    """Channels and rate in Hz; no channels while the header, which is written late, is not there."""
    channels = int.from_bytes(data[22:24], "little")
    return channels, int.from_bytes(data[24:28], "little") if channels else 16000


def wait_until(what: str, look: Callable[[], Any], timeout_s: float = 15.0) -> Any:
    """Ask again until `look` gives something true.

    Raises:
        PhoneDidNot: naming what was waited for.
    """
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise PhoneDidNot(f"waited {timeout_s} s for: {what}")
        time.sleep(0.05)
    return found
