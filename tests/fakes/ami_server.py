"""A small AMI server that obeys: logs in, answers, keeps what it was asked, and can be told to misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Action = dict[str, str]
Answer = Callable[["Connection", Action], Awaitable[None]]


class Connection:
    """One peer."""

    def __init__(self, number: int, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.writer = writer

    def send(self, *lines: str, raw: bytes = b"") -> None:
        self.writer.write(raw or ("\r\n".join(lines) + "\r\n\r\n").encode())

    def respond(self, action: Action, response: str = "Success", message: str = "ok", *more: str) -> None:
        self.send(f"Response: {response}", f"ActionID: {action['ActionID']}", f"Message: {message}", *more)


class FakeAmi:
    """`answers[action]` handles an action; `mute` stops every answer; `seen` is all that was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, Action]] = []
        self.connections: list[Connection] = []
        self.total = 0
        self.mute = False
        self.refuse_login = False
        self.lists: dict[str, list[list[str]]] = {}
        self.answers: dict[str, Answer] = {}
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        for connection in self.connections:
            connection.writer.transport.abort()
        self.connections.clear()

    def asked(self, name: str) -> list[Action]:
        return [action for _, action in self.seen if action["Action"] == name]

    def event(self, *lines: str) -> None:
        for connection in self.connections:
            connection.send(*lines)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.total += 1
        connection = Connection(self.total, writer)
        self.connections.append(connection)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in text.strip().split("\r\n"))
                await self._take(connection, action)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def _take(self, connection: Connection, action: Action) -> None:
        name = action["Action"]
        if name != "Ping":
            self.seen.append((connection.number, action))
        if self.mute:
            return
        if name == "Login" and self.refuse_login:
            connection.respond(action, "Error", "Authentication failed")
        elif name in self.answers:
            await self.answers[name](connection, action)
        elif name in ("CoreShowChannels", "QueueStatus", "PJSIPShowContacts"):
            connection.respond(action, "Success", "will follow", "EventList: start")
            for item in self.lists.get(name, []):
                connection.send(*item, f"ActionID: {action['ActionID']}")
            connection.send(
                f"Event: {name}Complete", f"ActionID: {action['ActionID']}", "EventList: Complete"
            )
        else:
            connection.respond(action)
