"""FastAGI: answers the optional questions of the dialplan. Nothing a peer sends can stop it.

Panoramisk's own reader spins for ever when a peer closes early; only its `Request` is kept, behind a reader
with a size limit and deadlines. The dialplan sets AGISIGHUP=no and asks only while our heartbeat is fresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import structlog
from panoramisk.fast_agi import Request
from panoramisk.utils import parse_agi_result  # pyright: ignore[reportUnknownVariableType]

from core.config import AgiSettings
from core.errors import HotlineError

log = structlog.get_logger(__name__)

HEAD_LIMIT: Final = 64 * 1024
HEAD_S: Final = 3.0
REPLY_S: Final = 15.0
"""A prompt plays within one command."""
ANSWER_S: Final = 20.0
MAX_CONNECTIONS: Final = 200


class AgiHangup(HotlineError):
    """来电者已挂机。"""

    code = "agi-hangup"
    status = 499


@dataclass(frozen=True, slots=True)
class AgiReply:
    """Asterisk's answer to one command: `result` as sent, for instance a key's code."""

    result: str
    line: str


class AgiRequest(Request):  # type: ignore[misc]
    """One question of the dialplan. Headers are read by `[]`."""

    def __init__(
        self, headers: Mapping[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(None, headers, reader, writer)
        self._reader = reader
        self._writer = writer
        self.headers: Mapping[str, str] = headers

    async def send_command(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, command: str
    ) -> AgiReply:
        """Send one command.

        Raises:
            AgiHangup: the caller or Asterisk is gone, or did not answer in time.
            ValueError: the command holds a control character.
        """
        if any(ord(letter) < 32 for letter in command):
            raise ValueError("a command is one line")
        self._writer.write(command.encode() + b"\n")
        try:
            async with asyncio.timeout(REPLY_S):
                await self._writer.drain()
                line = await self._reply_line()
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise AgiHangup from error
        reply = cast(dict[str, Any], parse_agi_result(line))
        if "error" in reply:
            if reply["error"] in ("AGIResultHangup", "AGIAppError"):
                raise AgiHangup
            log.warning("agi_command_refused", command=command.split(" ")[0], reason=reply["error"])
        return AgiReply(str(reply.get("result", ("", ""))[0]), line)

    async def _reply_line(self) -> str:
        while True:
            line = (await self._reader.readuntil(b"\n")).decode("utf-8", "replace").strip()
            if line == "HANGUP":
                raise AgiHangup
            if line and not line.startswith("100"):
                return line


Handler = Callable[[AgiRequest], Awaitable[None]]


class AgiServer:
    """Listens, reads the head, hands on to the handler of the script's name."""

    def __init__(self, agi: AgiSettings, routes: Mapping[str, Handler]) -> None:
        self._agi = agi
        self._routes = dict(routes)
        self._server: asyncio.Server | None = None
        self._open = 0
        self.port = agi.port

    async def start(self) -> None:
        """Begin to listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._serve, self._agi.host, self._agi.port, limit=HEAD_LIMIT, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening; open questions end by themselves."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MAX_CONNECTIONS:
                await self._answer(reader, writer)
        except (AgiHangup, TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.debug("agi_peer_gone")
        except Exception:
            log.exception("agi_failed")
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\n\n"), HEAD_S)
        headers = read_head(head)
        handler = self._routes.get(headers.get("agi_network_script", ""))
        if handler is None:
            log.warning("agi_no_such_script")
            return
        await asyncio.wait_for(handler(AgiRequest(headers, reader, writer)), ANSWER_S)


def read_head(head: bytes) -> dict[str, str]:
    """The variables before the blank line; the first of twins counts, other lines are left out."""
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        key, colon, value = line.partition(": ")
        if colon:
            headers.setdefault(key.strip(), value.strip())
    return headers
