"""Whether anybody spoke in a message that was left: else it is none, and its caller is called back.

Measured in the file, once Asterisk has told of it. What cannot be measured is believed: a ticket too many is
put aside in a moment, and a voice that nobody listens to is lost.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from core.events import MessageLeft
from telephony.seat_service import Policies

log = structlog.get_logger(__name__)

LOUD_DB: Final = -50.0
"""Below full scale. A line with nobody on it hisses at -60 and less, a soft voice is above -45."""
LEAST_S: Final = 0.4
"""A knock or the click of a receiver is shorter than the shortest sentence."""
_HEADER: Final = 44
_RATE_HZ: Final = 16000
_FRAME: Final = _RATE_HZ // 50


class MessageSound:
    """Listens to the messages of one folder of captures."""

    def __init__(self, capture: Path, policies: Policies) -> None:
        self._capture = capture
        self._policies = policies

    async def as_heard(self, fact: MessageLeft) -> MessageLeft:
        """The fact; of no length where nobody spoke. The file stays, whatever it holds."""
        loud_db = await self._policies.number("message_loud_db", LOUD_DB)
        least_s = await self._policies.number("message_loud_s", LEAST_S)
        file = self._capture / Path(fact.file_name).name
        try:
            loud_s = await asyncio.to_thread(seconds_above, file, loud_db)
        except OSError as error:
            log.warning("message_not_measured", call_id=fact.call_id, reason=str(error))
            return fact
        if loud_s >= least_s:
            return fact
        log.info("message_silent", call_id=fact.call_id, duration_s=fact.duration_s, loud_s=loud_s)
        return replace(fact, duration_s=0.0)


def seconds_above(file: Path, level_db: float) -> float:
    """How much of a 16 kHz file is louder than that, in steps of 20 ms. Raises OSError.

    Read past the header, whose lengths a killed writer leaves wrong.
    """
    if file.stat().st_size < _HEADER:  # a full disk, or a writer killed before its first block
        return 0.0
    samples = np.fromfile(file, dtype="<i2", offset=_HEADER)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    level = frames.std(axis=1) / 32768  # a constant offset is no sound
    return float((level > 10 ** (level_db / 20)).sum()) * _FRAME / _RATE_HZ
