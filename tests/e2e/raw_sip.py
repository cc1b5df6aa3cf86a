"""A telephone that says exactly what it is told, even what no honest one would: SIP as text over UDP."""

from __future__ import annotations

import re
import socket
import time
import uuid
from dataclasses import dataclass, field

from core.config import Settings

# As RFC 3261 tells a telephone on UDP: what a busy machine let fall is sent again
RETRANSMIT_S = (0.5, 1.0, 2.0, 4.0)
PROCEEDING_S = 20.0
"""How long the final answer may take once a provisional one has come."""


@dataclass
class Answer:
    """A final answer, or a request that came instead."""

    line: str
    text: str

    @property
    def status(self) -> int:
        """The status code; 0 for a request."""
        return int(self.line.split()[1]) if self.line.startswith("SIP/2.0") else 0

    def header(self, name: str) -> str:
        """The first header of that name."""
        found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return found.group(1) if found else ""


@dataclass
class RawPhone:
    """One socket, at most one dialog; a context manager."""

    settings: Settings
    source: str
    user: str = "13800001234"
    display: str = ""
    call_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    tag: str = field(default_factory=lambda: uuid.uuid4().hex[:10])
    to: str = ""
    target: str = ""
    count: int = 0
    requests: list[str] = field(default_factory=list[str])

    def __enter__(self) -> RawPhone:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.source, 0))
        self.port = self.socket.getsockname()[1]
        self.server = (self.settings.asterisk.sip_address, self.settings.asterisk.sip_port)
        return self

    def __exit__(self, *_: object) -> None:
        if self.to:
            self.ask("BYE")
        self.socket.close()

    @property
    def own_tag(self) -> str:
        """The other side's tag in this dialog."""
        return self.to.rpartition("tag=")[2]

    def invite(self, number: str = "56564444", *, headers: str = "", compact: bool = False) -> int:
        """Call with a harmless SDP and acknowledge the answer; the final status."""
        self.target = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        self.to = ""
        answer = self._send("INVITE", headers=headers, body=self._sdp(), compact=compact)
        if 200 <= answer.status < 300:
            self.to = answer.header("To")
            contact = re.search(r"<([^>]+)>", answer.header("Contact"))
            self.target = contact.group(1) if contact else self.target
        self._write("ACK", self.count, "", "", compact=False)
        return answer.status

    def ask(self, method: str, *, headers: str = "", body: str = "", tries: int = len(RETRANSMIT_S)) -> int:
        """A request inside the dialog; the final status, 0 for no answer to so many sendings."""
        try:
            return self._send(method, headers=headers, body=body, compact=False, tries=tries).status
        except TimeoutError:
            return 0

    def register(self, account: str) -> int:
        """Ask to be that account, without a password; the final status, 0 for no answer."""
        self.target = f"sip:{self.server[0]}:{self.server[1]}"
        self.user = account
        try:
            return self._send("REGISTER", headers="Expires: 60\r\n", body="", compact=False).status
        except TimeoutError:
            return 0

    def _send(
        self, method: str, *, headers: str, body: str, compact: bool, tries: int = len(RETRANSMIT_S)
    ) -> Answer:
        self.count += 1
        branch = uuid.uuid4().hex
        for wait_s in RETRANSMIT_S[:tries]:
            self._write(method, self.count, headers, body, compact=compact, branch=branch)
            answer = self._final(method, wait_s)
            if answer is not None:
                return answer
        raise TimeoutError

    def _final(self, method: str, wait_s: float) -> Answer | None:
        """The final answer, if it comes in so long or has begun to come."""
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                text = self.socket.recv(65536).decode("utf-8", "replace")
            except TimeoutError:
                return None
            answer = Answer(text.split("\r\n", 1)[0], text)
            if not answer.status:
                self.requests.append(answer.line)
            elif answer.header("CSeq") == f"{self.count} {method}":
                if answer.status >= 200:
                    return answer
                until = time.monotonic() + PROCEEDING_S
        return None

    def _write(
        self, method: str, number: int, headers: str, body: str, *, compact: bool, branch: str = ""
    ) -> None:
        branch = branch or uuid.uuid4().hex
        to = self.to or f"<{self.target}>"
        kind = "Content-Type: application/sdp\r\n" if method == "INVITE" else ""
        caller = f"{self.display}<sip:{self.user}@{self.source}>;tag={self.tag}"
        text = (
            f"{method} {self.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.source}:{self.port};branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n"
            f"{'f' if compact else 'From'}: {caller}\r\nTo: {to}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:x@{self.source}:{self.port}>\r\n{headers}{kind}"
            f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
        )
        self.socket.sendto(text.encode(), self.server)

    def _sdp(self) -> str:
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.source}\r\ns=-\r\nc=IN IP4 {self.source}\r\nt=0 0\r\n"
            f"m=audio {self.port + 1} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )
