"""Removes old rows and is killed with the n-th removal asked for and not committed.

`python -m tests.fakes.retention_that_dies URL FOLDER NOW N`; it ends by itself, with 0, when there are fewer.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from api.retention import Retention
from core.clock import SteppedClock
from core.config import load_settings
from db.session import make_engine, make_sessions


async def main(url: str, folder: Path, now: dt.datetime, at: int) -> None:
    engine, removals = make_engine(url), 0

    def removed(*said: object) -> None:
        nonlocal removals
        removals += str(said[2]).startswith("DELETE")
        if removals == at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine.sync_engine, "after_cursor_execute", removed)
    await Retention(load_settings(folder), make_sessions(engine), SteppedClock(now)).tend()
    await engine.dispose()


if __name__ == "__main__":
    _, address, place, moment, number = sys.argv
    asyncio.run(main(address, Path(place), dt.datetime.fromisoformat(moment), int(number)))
