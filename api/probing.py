"""拨测: ring a number of the directory and ask whoever answers to confirm it with a key."""

from __future__ import annotations

from typing import Protocol

from fastapi import Request

from core.errors import HotlineError
from core.vocabulary import ProbeOutcome


class Prober(Protocol):
    """Rings one number, says who calls and why, and waits for key 1; at most a minute."""

    async def ring(self, number: str) -> ProbeOutcome:
        """CONFIRMED only after the key; a voicemail box never presses one."""
        ...


class ProberUnavailable(HotlineError):
    """自动拨测未接入，请人工拨打后登记结果。"""

    code = "prober-unavailable"
    status = 503


class ProbeRunning(HotlineError):
    """这个号码正在拨测。"""

    code = "probe-running"
    status = 409


def prober_of(request: Request) -> Prober:
    """The house's prober.

    Raises:
        ProberUnavailable: the wiring has none.
    """
    prober: Prober | None = getattr(request.app.state, "prober", None)
    if prober is None:
        raise ProberUnavailable
    return prober
