"""Tells every listener of a fact, one after the other. Knows no domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from core.events import Fact

log = structlog.get_logger(__name__)

F = TypeVar("F", bound=Fact)
Listener = Callable[[Any], Awaitable[None]]


class Bus:
    """In-process publish and subscribe; call `publish` only after the commit."""

    def __init__(self) -> None:
        self._listeners: dict[type[Fact], list[Listener]] = defaultdict(list)
        self._all: list[Listener] = []

    def on(self, kind: type[F], listener: Callable[[F], Awaitable[None]]) -> None:
        """Call `listener` for each fact of exactly this kind, in order of subscription."""
        self._listeners[kind].append(listener)

    def on_all(self, listener: Callable[[Fact], Awaitable[None]]) -> None:
        """Call `listener` for every fact, after the listeners of its kind."""
        self._all.append(listener)

    async def publish(self, fact: Fact) -> None:
        """Tell everybody. A listener that raises is logged and hurts nobody else."""
        for listener in (*self._listeners[type(fact)], *self._all):
            try:
                await listener(fact)
            except Exception:
                log.exception("listener_failed", fact=type(fact).__name__, listener=repr(listener))
