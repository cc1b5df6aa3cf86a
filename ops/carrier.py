"""A carrier on loopback for checks and tests: hands each call that we make to the phone with that number.

A stateless SIP proxy over UDP: requests to a number go on to its phone, answers go back the way they came.
It notes when each INVITE came, which is the moment at which a real carrier would begin to ring.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import Final

Address = tuple[str, int]

_REQUEST: Final = re.compile(rb"([A-Z]+) sips?:([^@;> ]*)@?([^;> ]*)([^ ]*) SIP/2\.0\r\n")
_VIA: Final = re.compile(rb"^(?:Via|v)[ \t]*:[ \t]*([^\r\n]*)\r\n", re.IGNORECASE | re.MULTILINE)
_OURS: Final = b"z9hG4bK-carrier-"


@dataclass(frozen=True, slots=True)
class Invite:
    """One call that came out of the hotline; `t` is this machine's monotonic clock."""

    number: str
    t: float


class Carrier:
    """A context manager; `connect` says at which address a number's phone listens."""

    def __init__(self, address: str = "127.0.0.2", port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self.address: Address = self._socket.getsockname()
        self._phones: dict[str, Address] = {}
        self._seen: set[bytes] = set()
        self._closed = threading.Event()
        self.invites: list[Invite] = []

    def __enter__(self) -> Carrier:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.address)
        self._thread.join(5)
        self._socket.close()

    def connect(self, number: str, phone: Address) -> None:
        """Calls to `number` ring at `phone` from now on."""
        self._phones[number] = phone

    def _run(self) -> None:
        while not self._closed.is_set():
            data, sender = self._socket.recvfrom(65_535)
            with contextlib.suppress(ValueError, OSError):
                self._take(data, sender)

    def _take(self, data: bytes, sender: Address) -> None:
        if data.startswith(b"SIP/2.0"):
            self._back(data)
            return
        found = _REQUEST.match(data)
        if found is None:
            return
        method, number = found[1], found[2].decode("ascii", "replace")
        via = _VIA.search(data)
        branch = re.search(rb"branch=([^;\s,]+)", via[1]) if via else None
        if branch is None:
            return
        if method == b"OPTIONS":
            self._answer(data, sender, b"200 OK")
            return
        if method == b"INVITE" and branch[1] not in self._seen:
            self._seen.add(branch[1])
            self.invites.append(Invite(number, time.monotonic()))
        phone = self._phones.get(number)
        if phone is None:
            if method != b"ACK":
                self._answer(data, sender, b"404 Not Found")
            return
        self._forward(data, found, branch[1], phone)

    def _forward(self, data: bytes, found: re.Match[bytes], branch: bytes, phone: Address) -> None:
        """On to the phone, with a Via of our own on top and the phone's address in the request line."""
        host, port = self.address
        target = b"sip:" + found[2] + b"@" + f"{phone[0]}:{phone[1]}".encode()
        line = found[1] + b" " + target + found[4] + b" SIP/2.0\r\n"
        via = f"Via: SIP/2.0/UDP {host}:{port};branch=".encode() + _OURS + branch + b"\r\n"
        self._socket.sendto(line + via + data[found.end() :], phone)

    def _back(self, data: bytes) -> None:
        """An answer: our own Via off, on to the one below it."""
        first = _VIA.search(data)
        if first is None or _OURS not in first[1]:
            return
        data = data[: first.start()] + data[first.end() :]
        below = _VIA.search(data)
        if below is None:
            return
        sent_by = re.match(rb"SIP/2\.0/UDP\s+([0-9.]+)(?::([0-9]+))?", below[1])
        if sent_by is not None:
            self._socket.sendto(data, (sent_by[1].decode(), int(sent_by[2] or 5060)))

    def _answer(self, data: bytes, sender: Address, status: bytes) -> None:
        head = data.partition(b"\r\n\r\n")[0]
        wanted = (b"via:", b"v:", b"from:", b"f:", b"to:", b"t:", b"call-id:", b"i:", b"cseq:")
        kept = [line for line in head.split(b"\r\n")[1:] if line.lower().startswith(wanted)]
        kept = [line + b";tag=carrier" if line.lower().startswith((b"to:", b"t:")) else line for line in kept]
        lines = [b"SIP/2.0 " + status, *kept, b"Content-Length: 0", b"", b""]
        self._socket.sendto(b"\r\n".join(lines), sender)
