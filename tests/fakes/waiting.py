"""Named waits: poll until it is so, or fail with the name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(what: str, test: Callable[[], object], deadline_s: float = 40.0) -> None:
    end = time.monotonic() + deadline_s
    while not test():
        assert time.monotonic() < end, f"waited in vain until {what}"
        await asyncio.sleep(0.005)
