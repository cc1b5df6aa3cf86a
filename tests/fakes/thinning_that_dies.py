"""Thins a house's captures and is killed just before the n-th file is opened in them, or removed.

`python -m tests.fakes.thinning_that_dies FOLDER N`; it ends by itself, with 0, when there are fewer.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.fakes.sounds_of_calls import DAY_S, T, sound_house


async def main(folder: Path, at: int) -> None:
    steps = 0

    def step(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal steps
        sound = event in ("open", "os.remove") and str(arguments[0]).endswith((".wav", ".wav16"))
        if sound and str(arguments[0]).startswith(str(folder)):
            steps += 1
            if steps == at:
                os.kill(os.getpid(), signal.SIGKILL)

    async with sound_house(folder, at=T + dt.timedelta(seconds=8 * DAY_S)) as house:
        sys.addaudithook(step)
        await house.thinning.sweep(set())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
