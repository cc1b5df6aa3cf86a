"""One AMI link: connects, signs on, stays, comes back. Events leave in order through one bounded queue.

Panoramisk's Manager is fenced: no replay after a reconnect, no reconnect after `close`, silence is noticed,
every action has a deadline, and a callback is never run on the connection's own stack.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from panoramisk import Manager

from core.config import AmiSettings
from core.errors import ActionRefused, ActionTimedOut, SwitchboardUnavailable
from core.tasks import TaskGroup
from telephony.ami_protocol import AmiMessage, FencedAction, FencedProtocol

log = structlog.get_logger(__name__)

QUEUE_SIZE: Final = 50_000
FIRST_BACKOFF_S: Final = 0.1
MAX_BACKOFF_S: Final = 3.0
LOGIN_REFUSED_PAUSE_S: Final = 5.0


class _Manager(Manager):  # type: ignore[misc]
    """Panoramisk's Manager without its own ideas of when to connect and what to send again."""

    async def send_awaiting_actions(self, *_: Any) -> None:
        """Nothing is sent twice (P4)."""
        self.awaiting_actions.clear()  # pyright: ignore[reportUnknownMemberType]

    def connect(self, *_: Any, **__: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Only `AmiLink` connects (P6)."""

    def ping(self) -> None:
        """Only `AmiLink` pings, and listens for the answer (P5)."""


class AmiLink:
    """A link that is up or on its way; `on_up` runs after each login, `on_down` after each loss."""

    def __init__(self, ami: AmiSettings, *, user: str, secret: str, events: bool) -> None:
        self._ami = ami
        self._login = {"Username": user, "Secret": secret, "Events": "on" if events else "off"}
        self.name = user
        self._manager = _Manager(protocol_factory=FencedProtocol)
        self._protocol: FencedProtocol | None = None
        self._tasks = TaskGroup()
        self._closed = False
        self._lost = asyncio.Event()
        self.messages: asyncio.Queue[AmiMessage] = asyncio.Queue(QUEUE_SIZE)
        self.up = False
        self.problem = "not connected yet"
        self.on_up: Callable[[], Awaitable[None]] | None = None
        self.on_down: Callable[[str], Awaitable[None]] | None = None

    def start(self) -> None:
        """Begin to connect; returns at once. Asterisk may come later."""
        self._tasks.run_forever(f"ami-{self.name}", self._stay_connected)

    async def close(self) -> None:
        """End for good: no connection is begun after this."""
        self._closed = True
        self.up = False
        if self._protocol is not None:
            self._protocol.abort()
        await self._tasks.close()

    async def action(self, name: str, headers: dict[str, str] | None = None) -> AmiMessage:
        """Send an action and return its response.

        Raises:
            SwitchboardUnavailable: the link is down or was lost before the answer.
            ActionTimedOut: no answer within the time limit; whether it was done is unknown.
            ActionRefused: Asterisk said no.
            UnsafeHeader: a header holds a control character.
        """
        return (await self._ask(FencedAction(name, headers or {})))[0]

    async def listing(self, name: str, headers: dict[str, str] | None = None) -> list[AmiMessage]:
        """Send an action that answers with a list and return its items. Raises as `action`."""
        answers = await self._ask(FencedAction(name, headers or {}, many=True))
        return [item for item in answers[1:] if item.get("EventList") != "Complete"]

    async def _ask(self, action: FencedAction) -> list[AmiMessage]:
        if not self.up or self._protocol is None:
            raise SwitchboardUnavailable
        return await self._send(self._protocol, action)

    async def _send(self, protocol: FencedProtocol, action: FencedAction) -> list[AmiMessage]:
        try:
            answers = await asyncio.wait_for(protocol.send(action), self._ami.action_timeout_s)
        except TimeoutError:
            raise ActionTimedOut(action=action.name) from None
        finally:
            protocol.forget(action)
        if answers[0].get("Response") not in ("Success", "Goodbye", "Follows"):
            raise ActionRefused(action=action.name, answer=answers[0].get("Message", ""))
        return answers

    async def _stay_connected(self) -> None:
        pause_s = FIRST_BACKOFF_S
        while not self._closed:
            began = time.monotonic()
            try:
                await self._one_connection()
            except ActionRefused as refusal:
                self.problem = f"login refused: {refusal.facts.get('answer', '')}"
                log.error("ami_login_refused", link=self.name, reason=self.problem)
                pause_s = LOGIN_REFUSED_PAUSE_S
            except (OSError, ActionTimedOut, SwitchboardUnavailable) as error:
                self.problem = f"{type(error).__name__}: {error}"
                log.warning("ami_not_connected", link=self.name, reason=self.problem)
            if time.monotonic() - began > MAX_BACKOFF_S:
                pause_s = FIRST_BACKOFF_S
            await asyncio.sleep(pause_s)
            pause_s = min(MAX_BACKOFF_S, pause_s * 2)

    async def _one_connection(self) -> None:
        loop = asyncio.get_running_loop()
        self._lost.clear()
        _, protocol = await asyncio.wait_for(
            loop.create_connection(
                lambda: FencedProtocol(self._queue_event, self._lost.set), self._ami.host, self._ami.port
            ),
            self._ami.action_timeout_s,
        )
        self._protocol = self._manager.protocol = protocol
        try:
            await self._send(protocol, FencedAction("Login", self._login))
            self.up, self.problem = True, ""
            log.info("ami_up", link=self.name)
            if self.on_up is not None:
                self._tasks.start(f"ami-{self.name}-up", _quietly(self.on_up()))
            await self._watch(protocol)
        finally:
            was_up, self.up, self._protocol = self.up, False, None
            protocol.abort()
            if was_up and not self._closed:
                log.warning("ami_down", link=self.name, reason=self.problem)
                if self.on_down is not None:
                    self._tasks.start(f"ami-{self.name}-down", _quietly(self.on_down(self.problem)))

    async def _watch(self, protocol: FencedProtocol) -> None:
        """Ping, and end the connection when nothing at all was heard for two pings (P5)."""
        self.problem = "connection lost"
        while not self._lost.is_set():
            if time.monotonic() - protocol.last_heard > 2 * self._ami.ping_s:
                self.problem = "Asterisk is silent"
                return
            protocol.write(b"Action: Ping\r\nActionID: ping\r\n\r\n")
            try:
                await asyncio.wait_for(self._lost.wait(), self._ami.ping_s)
            except TimeoutError:
                continue

    def _queue_event(self, message: AmiMessage) -> None:
        try:
            self.messages.put_nowait(message)
        except asyncio.QueueFull:
            # State is rebuilt from Asterisk after the reconnect; a gap that nobody notices would be worse
            log.error("ami_overflow", link=self.name, size=QUEUE_SIZE)
            self.problem = "more events than can be handled"
            if self._protocol is not None:
                self._protocol.abort()


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except (SwitchboardUnavailable, ActionTimedOut, ActionRefused) as error:
        log.warning("ami_follow_up_failed", reason=str(error))
