"""Hundreds of telephones in one process: they pick up, send a steady tone and key 1, keep what they hear.

Real SIP and real RTP over UDP, but no more of either than these calls need: pjsua takes a process a phone,
and two cores that also run Asterisk have no room for a hundred and fifty.
"""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

RATE_HZ: Final = 8000
FRAME: Final = 160
KEY_AFTER_FRAMES: Final = 25
KEY_FRAMES: Final = 5
_HEADERS: Final = ("via", "from", "to", "call-id", "cseq", "record-route")
_MEDIA: Final = re.compile(r"^c=IN IP4 (\S+)\r$.*?^m=audio (\d+) ", re.MULTILINE | re.DOTALL)
_KEYS: Final = re.compile(r"^a=rtpmap:(\d+) telephone-event/8000", re.MULTILINE)


def alaw_of(samples: np.ndarray[Any, Any]) -> bytes:
    """16-bit samples as A-law (G.711)."""
    linear = np.clip(samples, -32635, 32635).astype(np.int32)
    size = np.abs(linear)
    exponent = np.clip(np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 7, 0, 7)
    mantissa = np.where(exponent == 0, size >> 4, size >> (exponent + 3)) & 15
    return (((np.where(linear >= 0, 0x80, 0) | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8)).tobytes()


def _decoder() -> np.ndarray[Any, np.dtype[np.int16]]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, size, -size).astype(np.int16)


LINEAR: Final = _decoder()


@dataclass
class Leg:
    """One call that was picked up."""

    number: str
    call_id: str
    sound: socket.socket
    to: tuple[str, int]
    event_type: int
    frames: list[bytes]
    sent: int = 0
    received: int = 0
    over: bool = False
    heard: list[bytes] = field(default_factory=list[bytes])

    def packet(self) -> bytes:
        """The next 20 ms: the tone, or for a moment key 1."""
        first = self.sent == 0
        number, stamp = self.sent & 0xFFFF, self.sent * FRAME
        key = self.sent - KEY_AFTER_FRAMES
        self.sent += 1
        if 0 <= key < KEY_FRAMES + 3:
            begin = KEY_AFTER_FRAMES * FRAME
            ends = 0x80 if key >= KEY_FRAMES else 0
            length = min(key + 1, KEY_FRAMES) * FRAME
            head = struct.pack("!BBHII", 0x80, self.event_type | (0x80 if key == 0 else 0), number, begin, 7)
            return head + struct.pack("!BBH", 1, ends | 10, length)
        head = struct.pack("!BBHII", 0x80, 8 | (0x80 if first else 0), number, stamp, 7)
        return head + self.frames[self.sent % len(self.frames)]

    def hears(self, tones_hz: dict[str, float]) -> set[str]:
        """Whose tones are in the last second."""
        codes = np.frombuffer(b"".join(self.heard[-50:]), dtype=np.uint8)
        if len(codes) < RATE_HZ // 2:
            return set()
        samples = LINEAR[codes].astype(float)
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
        at_hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
        whole = float(spectrum.sum()) or 1.0
        return {
            name
            for name, hz in tones_hz.items()
            if float(spectrum[np.abs(at_hz - hz) <= 15].sum()) / whole > 0.04
        }


class LightPhones:
    """A context manager; its phones share one SIP address, and know who they are by the number called."""

    def __init__(self, tones_hz: dict[str, float], address: str = "127.0.0.2") -> None:
        self._host = address
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sip.bind((address, 0))
        self.address: tuple[str, int] = self._sip.getsockname()
        self.legs: dict[str, Leg] = {}
        self._tones = {number: self._frames(hz) for number, hz in tones_hz.items()}
        self._ready = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    @staticmethod
    def _frames(hz: float) -> list[bytes]:
        count = RATE_HZ  # one second, in which whole tones end where they began
        sound = alaw_of(6000 * np.sin(2 * np.pi * hz * np.arange(count) / RATE_HZ))
        return [sound[at : at + FRAME] for at in range(0, count, FRAME)]

    def __enter__(self) -> LightPhones:
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._signal, self._talk, self._listen)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.address)
        for thread in self._threads:
            thread.join(5)
        for leg in self.legs.values():
            leg.sound.close()
        self._sip.close()

    def live(self) -> list[Leg]:
        """Calls that go on."""
        with self._lock:
            return [leg for leg in self.legs.values() if not leg.over]

    def _signal(self) -> None:
        while not self._closed.is_set():
            data, sender = self._sip.recvfrom(65_535)
            with contextlib.suppress(ValueError, KeyError, OSError, StopIteration):
                self._take(data.decode("utf-8", "replace"), sender)

    def _take(self, text: str, sender: tuple[str, int]) -> None:
        head, _, body = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        method = lines[0].split(" ")[0]
        call_id = next(line.partition(":")[2].strip() for line in lines if line.lower().startswith("call-id"))
        if method == "INVITE":
            if call_id not in self.legs:
                self._pick_up(call_id, lines[0], body)
            self._answer(lines, sender, self._description(self.legs[call_id]))
        elif method == "BYE":
            if call_id in self.legs:
                self.legs[call_id].over = True
            self._answer(lines, sender, "")
        elif method not in ("ACK", "SIP/2.0"):
            self._answer(lines, sender, "")

    def _pick_up(self, call_id: str, line: str, body: str) -> None:
        media, keys = _MEDIA.search(body), _KEYS.search(body)
        if media is None or keys is None:
            raise ValueError("no sound offered")
        number = line.split("sip:")[1].split("@")[0]
        sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sound.bind((self._host, 0))
        sound.setblocking(False)
        to = (media[1], int(media[2]))
        leg = Leg(number, call_id, sound, to, int(keys[1]), self._tones[number])
        with self._lock:
            self.legs[call_id] = leg
        self._ready.register(sound, selectors.EVENT_READ, leg)

    def _description(self, leg: Leg) -> str:
        port, keys = leg.sound.getsockname()[1], leg.event_type
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self._host}\r\ns=-\r\nc=IN IP4 {self._host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8 {keys}\r\na=rtpmap:8 PCMA/8000\r\n"
            f"a=rtpmap:{keys} telephone-event/8000\r\na=fmtp:{keys} 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
        )

    def _answer(self, lines: list[str], sender: tuple[str, int], body: str) -> None:
        kept = [line for line in lines[1:] if line.partition(":")[0].strip().lower() in _HEADERS]
        kept = [
            f"{line};tag=light" if line.lower().startswith("to:") and ";tag=" not in line else line
            for line in kept
        ]
        more = ["Content-Type: application/sdp"] if body else []
        contact = f"Contact: <sip:light@{self.address[0]}:{self.address[1]}>"
        whole = ["SIP/2.0 200 OK", *kept, contact, *more, f"Content-Length: {len(body)}", "", body]
        self._sip.sendto("\r\n".join(whole).encode(), sender)

    def _talk(self) -> None:
        due = time.monotonic()
        while not self._closed.is_set():
            for leg in self.live():
                with contextlib.suppress(OSError):
                    leg.sound.sendto(leg.packet(), leg.to)
            due += FRAME / RATE_HZ
            time.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() - due > 1:
                due = time.monotonic()  # a machine that stood still is not made up for

    def _listen(self) -> None:
        """A thread of its own: who is late with sending must not be deaf as well."""
        while not self._closed.is_set():
            for key, _ in self._ready.select(0.1):
                self._hear(key.data)

    @staticmethod
    def _hear(leg: Leg) -> None:
        """All that has come."""
        with contextlib.suppress(BlockingIOError, OSError):
            while data := leg.sound.recv(2048):
                if len(data) > 12 and data[1] & 0x7F == 8:
                    leg.received += 1
                    leg.heard.append(data[12:])
                    if len(leg.heard) > 100:
                        del leg.heard[:50]
