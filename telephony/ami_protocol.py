"""AMI on the wire: bytes in, whole messages out. Framing is on bytes, decoding on whole messages.

Panoramisk 1.4 decodes each TCP chunk (a character cut in two is lost), lets a raising callback close the
connection, and never looks whether anything comes back. Its protocol is replaced here; its `Action` is kept.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable
from typing import Final, cast

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from core.errors import SwitchboardUnavailable, UnsafeHeader

log = structlog.get_logger(__name__)

END: Final = b"\r\n\r\n"
BANNER: Final = b"Asterisk Call Manager/"
MAX_MESSAGE: Final = 256 * 1024
"""Bytes without the end of a message after which the peer is not believed to be Asterisk."""
REPEATABLE: Final = frozenset({"ChanVariable", "Output", "Variable", "DestChanVariable"})

_numbers = itertools.count(1)


class AmiMessage(dict[str, str]):
    """One event or response: headers as Asterisk spells them. `doubled` marks a header that came twice."""

    __slots__ = ("doubled",)

    doubled: bool


def parse_message(frame: bytes) -> AmiMessage:
    """The headers of one whole message; bytes that are no UTF-8 become U+FFFD. The first of twins counts."""
    lines = frame.decode("utf-8", "replace").split("\r\n")
    try:
        message = AmiMessage([line.split(": ", 1) for line in lines])  # pyright: ignore[reportArgumentType]
    except ValueError:
        return _parse_oddly_shaped(lines)
    message.doubled = False
    return message if len(message) == len(lines) else _parse_oddly_shaped(lines)


def _parse_oddly_shaped(lines: list[str]) -> AmiMessage:
    message = AmiMessage()
    message.doubled = False
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon:
            continue
        if key in message and key not in REPEATABLE:
            message.doubled = True
        message.setdefault(key, value.removeprefix(" "))
    return message


class Framer:
    """Cuts a stream of bytes into messages, however the network cut it before."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._rest = b""
        self._limit = limit
        self._greeted = False
        self.banner = ""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes.

        Raises:
            ValueError: more than the limit came without the end of a message.
        """
        data = self._rest + data if self._rest else data
        if not self._greeted:
            data = self._take_banner(data)
        *whole, self._rest = data.split(END)
        if len(self._rest) > self._limit:
            raise ValueError("a message without an end")
        return [frame for part in whole if (frame := part.strip(b"\r\n"))]

    def _take_banner(self, data: bytes) -> bytes:
        if not data.startswith(BANNER[: len(data)]):
            self._greeted = True
            return data
        line, newline, rest = data.partition(b"\r\n")
        if not newline:
            return data
        self._greeted = True
        self.banner = line.decode("ascii", "replace")
        return rest


class FencedAction(Action):  # type: ignore[misc]
    """Panoramisk's action with an end that is known: one response, or a list up to its `…Complete`."""

    def __init__(self, name: str, headers: dict[str, str], *, many: bool = False) -> None:
        check_headers(name, headers)
        if name.lower() == "originate":
            headers = {**headers, "Async": "true"}  # without it Panoramisk waits for ever (P7)
        self.action_key = f"ms-{next(_numbers)}-{secrets.token_hex(4)}"  # a forged event cannot guess it
        headers = {"Action": name, "ActionID": self.action_key, **headers}
        super().__init__(headers)  # pyright: ignore[reportUnknownMemberType]
        self.name = name
        self.many = many
        self.answers: list[AmiMessage] = []
        self.done: asyncio.Future[list[AmiMessage]] = asyncio.get_running_loop().create_future()

    def add_message(self, message: AmiMessage) -> bool:
        """Take a response or a list item in; True when that was the last."""
        self.answers.append(message)
        ended = (
            not self.many
            or message.get("Response") in ("Error", "Goodbye")
            or message.get("EventList") in ("Complete", "Cancelled")
        )
        if ended and not self.done.done():
            self.done.set_result(self.answers)
        return ended


def check_headers(name: str, headers: dict[str, str]) -> None:
    """Refuse control characters: one CR LF in a value would be a second action.

    Raises:
        UnsafeHeader: a key, a value or the action's name holds one.
    """
    for text in (name, *headers.keys(), *headers.values()):
        if any(ord(letter) < 32 or ord(letter) == 127 or letter in "\u0085\u2028\u2029" for letter in text):
            raise UnsafeHeader
    if any(":" in key or " " in key or not key for key in headers):
        raise UnsafeHeader


class FencedProtocol(AMIProtocol):  # type: ignore[misc]
    """One connection. Events go to `on_event`, which only queues; the end goes to `on_lost`, once."""

    def __init__(self, on_event: Callable[[AmiMessage], None], on_lost: Callable[[], None]) -> None:
        self._on_event = on_event
        self._on_lost = on_lost
        self._framer = Framer()
        self._waiting: dict[str, FencedAction] = {}
        self._wire: asyncio.Transport | None = None
        self.last_heard = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection stands."""
        super().connection_made(transport)
        self._wire = cast(asyncio.Transport, transport)
        self.last_heard = time.monotonic()

    def data_received(self, data: bytes) -> None:
        """Frame, parse, hand on. Nothing that a message holds can raise out of here (P2, P3)."""
        self.last_heard = time.monotonic()
        try:
            frames = self._framer.feed(data)
        except ValueError:
            log.error("ami_not_understood", limit=MAX_MESSAGE)
            self.abort()
            return
        on_event, waiting = self._on_event, self._waiting
        for frame in frames:
            try:
                message = parse_message(frame)
                if "ActionID" in message and message["ActionID"] in waiting:
                    self._settle(message)
                elif "Event" in message:
                    on_event(message)
            except Exception:
                log.exception("ami_message_failed")

    def _settle(self, message: AmiMessage) -> None:
        action_id = message["ActionID"]
        if self._waiting[action_id].add_message(message):
            del self._waiting[action_id]

    def send(self, data: FencedAction, as_list: bool = False) -> asyncio.Future[list[AmiMessage]]:
        """Write an action; returns its Future. Nothing is kept for a later connection (P4)."""
        self._waiting[data.action_key] = data
        self.write(str(data).encode("utf-8"))
        return data.done

    def write(self, data: bytes) -> None:
        """Bytes that need no answer."""
        if self._wire is not None:
            self._wire.write(data)

    def forget(self, action: FencedAction) -> None:
        """Nobody waits for this action any more."""
        self._waiting.pop(action.action_key, None)

    def abort(self) -> None:
        """End the connection now, without waiting for a peer that may be dead."""
        if self._wire is not None:
            self._wire.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Every waiting action fails now, none is sent again."""
        if self.closed:
            return
        self.closed = True
        for action in self._waiting.values():
            if not action.done.done():
                action.done.set_exception(SwitchboardUnavailable())
        self._waiting.clear()
        self._on_lost()

    def close(self) -> None:
        """End the connection."""
        if not self.closed and self._wire is not None:
            self._wire.close()
