"""The raw sides of a call go once its joined recording is proven and was heard again.

The folder is the queue and the rows say what may go, so that a kill between any two steps costs nothing:
what was not removed is looked at again. Parties of conferences (`-leg`) are recordings themselves and stay.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.config import Settings
from core.vocabulary import CallState, RecordingKind, RecordingState
from db.models.call import Call, Recording
from db.repositories import bridges, calls, recordings, supervisions
from db.session import SessionMaker, reading
from telephony.recordings import EMPTY
from telephony.sound_files import holds_all, sha256_of
from telephony.supervision_names import of_channel_id

log = structlog.get_logger(__name__)

AT_ONCE: Final = 50
"""Calls in one go: each joined file is read from its beginning to its end."""
PRESSED_AGE: Final = dt.timedelta(hours=1)
"""How old a call must be even when the disk is nearly full."""
LOOK_AGAIN: Final = dt.timedelta(days=1)
"""What has to stay is not hashed every few minutes."""
_OF_CALL: Final = frozenset({"caller", "seat", "message"})
_File = tuple[str, int, float]
"""Name below the recordings folder, bytes, when it was last written to."""


class Keep(StrEnum):
    """Why sides must stay."""

    OPEN = "open"
    """The call is not over, or nobody knows it."""
    UNJOINED = "unjoined"
    """Some of its sound is in no joined file."""
    UNHEARD = "unheard"
    """The second pass is not done, or failed."""
    DAMAGED = "damaged"
    """The joined file is not there, not as long, or not what its hash says."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What lies there of one call."""

    call_id: str
    files: Mapping[str, int]
    """Names below the recordings folder, and their bytes."""


@dataclass
class Thinned:
    """What one go did."""

    calls: int = 0
    freed: int = 0
    kept: Counter[Keep] = field(default_factory=Counter[Keep])


class Thinning:
    """`sweep` may be called at any time, by one task at once."""

    def __init__(self, settings: Settings, sessions: SessionMaker, clock: Clock) -> None:
        self._folder = settings.recordings_dir
        self._age = dt.timedelta(days=settings.retention.capture_days)
        self._unheard_days = settings.retention.unheard_days
        self._sessions = sessions
        self._clock = clock
        self._later: dict[str, dt.datetime] = {}

    async def sweep(self, alive: Collection[str], *, pressed: bool = False) -> Thinned:
        """Remove what may go. `pressed`: the disk is nearly full, so that the days are cut short."""
        now, done = self._clock.now(), Thinned()
        before = now - (PRESSED_AGE if pressed else self._age)
        self._later = {call_id: at for call_id, at in self._later.items() if at > now}
        for sides in await self._found(before):
            if done.calls + done.kept.total() >= AT_ONCE:
                break
            if sides.call_id in alive or sides.call_id in self._later:
                continue
            why = await self._why_kept(sides, before)
            if why is not None:
                self._stays(sides.call_id, why, now)
                done.kept[why] += 1
                continue
            try:
                done.freed += await asyncio.to_thread(self._remove, sides)
                done.calls += 1
            except OSError as error:  # one that cannot go must not keep all that come after it
                log.error("sides_not_removed", call_id=sides.call_id, reason=str(error))
                self._later[sides.call_id] = now + LOOK_AGAIN
        if done.calls:
            log.info("sides_removed", calls=done.calls, bytes=done.freed)
        return done

    def _stays(self, call_id: str, why: Keep, now: dt.datetime) -> None:
        self._later[call_id] = now + LOOK_AGAIN
        tell = log.error if why is Keep.DAMAGED else log.info
        tell("sides_kept", call_id=call_id, reason=why)

    async def _found(self, before: dt.datetime) -> list[Sides]:
        """What nobody has written to since then, oldest first."""
        ears, found = await asyncio.to_thread(self._look)
        async with reading(self._sessions) as session:
            whose = await supervisions.calls_of(session, ears)
        for ear, said in ears.items():
            if (call_id := whose.get(ear)) is not None:
                found[call_id] += said
        return [
            Sides(call_id, {name: size for name, size, _ in files})
            for call_id, files in sorted(found.items(), key=lambda one: max(at for _, _, at in one[1]))
            if max(at for _, _, at in files) < before.timestamp()
        ]

    def _look(self) -> tuple[dict[int, list[_File]], dict[str, list[_File]]]:
        ears: dict[int, list[_File]] = defaultdict(list)
        found: dict[str, list[_File]] = defaultdict(list)
        capture = self._folder / "capture"
        for file in capture.iterdir() if capture.exists() else ():
            call_id, _, part = file.stem.rpartition("-")
            # `sv-7-2147483000.1-<moment>-lead`: the channel of the leader's ear, and when it was
            ear = of_channel_id(call_id.rpartition("-")[0]) if part == "lead" else None
            if part not in _OF_CALL and ear is None:
                continue
            about = file.stat()
            one = (str(file.relative_to(self._folder)), about.st_size, about.st_mtime)
            if ear is None:
                found[call_id].append(one)
            else:
                ears[ear].append(one)
        return ears, found

    async def _why_kept(self, sides: Sides, before: dt.datetime) -> Keep | None:
        async with reading(self._sessions) as session:
            call = await calls.get(session, sides.call_id)
            if call is None or not await _over(session, call, before):
                return Keep.OPEN
            rows = await recordings.of_call(session, call.id)
        if not _all_joined(call, sides, rows):
            return Keep.UNJOINED
        if not {row.state for row in rows} <= self._enough(call):
            return Keep.UNHEARD
        proven = await asyncio.to_thread(lambda: all(self._is_whole(row) for row in rows))
        return None if proven else Keep.DAMAGED

    def _enough(self, call: Call) -> set[RecordingState]:
        """How far each recording must have come. What failed is no question of time: somebody looks at it."""
        since = self._clock.now() - dt.timedelta(days=self._unheard_days)
        given_up = self._unheard_days and call.ended_at is not None and call.ended_at < since
        return {RecordingState.TRANSCRIBED, *([RecordingState.JOINED] if given_up else [])}

    def _is_whole(self, row: Recording) -> bool:
        """Hashed anew from the disk: what was right a week ago may have rotted since."""
        if row.joined_file is None or row.sha256 is None:
            return False
        joined = self._folder / row.joined_file
        sides = [row.caller_file, *([row.seat_file] if row.seat_file else [])]
        try:
            there = [file for name in sides if (file := self._folder / name).exists()]
            return sha256_of(joined) == row.sha256 and holds_all(joined, there)
        except (OSError, ValueError) as error:
            log.warning("joined_not_read", recording_id=row.id, reason=str(error))
            return False

    def _remove(self, sides: Sides) -> int:
        freed = 0
        for name, size in sides.files.items():
            (self._folder / name).unlink(missing_ok=True)
            freed += size
        return freed


async def _over(session: AsyncSession, call: Call, before: dt.datetime) -> bool:
    ended = call.state is CallState.ENDED and call.ended_at is not None and call.ended_at < before
    return ended and await bridges.open_of_call(session, call.id) is None


def _all_joined(call: Call, sides: Sides, rows: Sequence[Recording]) -> bool:
    """Whether every sound that there is has its place in a recording.

    Of a call that nobody answered the sides hold a greeting and music: no recording is made of them.
    """
    named = {name for row in rows for name in _names(row)}
    talked = call.answered_at is not None
    if talked and not any(row.kind is RecordingKind.CONVERSATION for row in rows):
        return False
    for name, size in sides.files.items():
        waited = not talked and not name.endswith(("-message.wav16", "-lead.wav16"))
        if size > EMPTY and name not in named and not waited:
            return False
    return True


def _names(row: Recording) -> list[str]:
    said: list[str] = [name for name, _ in row.lead_files or ()]
    return [row.caller_file, *([row.seat_file] if row.seat_file else []), *said]
