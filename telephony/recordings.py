"""After the call: captured legs become one stereo file with a hash and a row. Repeatable at any point."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Final

import structlog

from core.bus import Bus
from core.clock import Clock
from core.events import RecordingReady
from core.ids import CallId, RecordingId
from core.vocabulary import CallState, RecordingKind, RecordingState
from db.models.call import Call, Recording
from db.repositories import calls, event_log, recordings, supervisions
from db.session import SessionMaker, reading, transaction
from telephony.sound_files import Laid, join
from telephony.supervision_names import said_at_s, said_pattern

log = structlog.get_logger(__name__)

MAX_ATTEMPTS: Final = 5
SETTLED_S: Final = 60.0
"""After the end of a call no file of it grows, and none is new."""
_TICK_S: Final = 1.0
"""Two changes of a folder within this may carry the same time."""
EMPTY: Final = 44
"""Bytes of a WAV that holds a header and no sound."""


class Recordings:
    """The only writer of captured, joined and failed recordings."""

    def __init__(self, folder: Path, sessions: SessionMaker, bus: Bus, clock: Clock) -> None:
        self._folder = folder
        self._capture = folder / "capture"
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._changed = 0
        # Captures stay for days: who looks at each of them again every few seconds is lost within a week
        self._waiting: set[str] = set()
        self._settled: set[str] = set()

    async def sweep(self, alive: Collection[str]) -> int:
        """Take in new files and join what is ready; `alive` calls are left alone. Returns joined ones."""
        for call_id in await asyncio.to_thread(self._captured_calls):
            if call_id not in alive and await self._take_in(call_id):
                self._settled.add(call_id)
                self._waiting.discard(call_id)
        async with reading(self._sessions) as session:
            waiting = await recordings.in_state(session, RecordingState.CAPTURED)
        joined = 0
        for row in waiting:
            if row.call_id not in alive:
                joined += await self._join(row)
        return joined

    def _captured_calls(self) -> list[str]:
        """Calls with sound that nothing was made of yet, newest first."""
        if not self._capture.exists():
            return []
        changed = self._capture.stat().st_mtime_ns
        if changed != self._changed:
            found = (file.stem.rpartition("-") for file in self._capture.iterdir())
            self._waiting = {stem for stem, _, part in found if part in ("caller", "message")} - self._settled
            self._changed = changed if self._clock.now().timestamp() - changed / 1e9 > _TICK_S else 0
        heard = (one for one in self._waiting if self._find(one, "caller") or self._find(one, "message"))
        return sorted(heard, reverse=True)

    def _find(self, call_id: str, part: str) -> str | None:
        """The capture's name below the recordings folder, or None."""
        file = self._capture / f"{call_id}-{part}.wav16"
        try:
            return str(file.relative_to(self._folder)) if file.stat().st_size > EMPTY else None
        except FileNotFoundError:
            return None

    async def _take_in(self, call_id: str) -> bool:
        """Rows for the files of a call that is over; none twice. Says whether that was all."""
        async with reading(self._sessions) as session:
            call = await calls.get(session, call_id)
            if call is None or call.state is not CallState.ENDED:
                return False
            known = {row.kind for row in await recordings.of_call(session, call_id)}
            ears = await supervisions.ids_of_call(session, call_id)
        rows = [row for row in await asyncio.to_thread(self._new_rows, call) if row.kind not in known]
        for row in rows:
            if row.kind is RecordingKind.CONVERSATION:
                row.lead_files = await asyncio.to_thread(self._said_by_leaders, ears, row.started_at)
        if rows:
            async with transaction(self._sessions) as session:
                session.add_all(rows)
        over_s = (self._clock.now() - (call.ended_at or call.arrived_at)).total_seconds()
        return over_s > SETTLED_S

    def _new_rows(self, call: Call) -> list[Recording]:
        rows: list[Recording] = []
        caller, message = self._find(call.id, "caller"), self._find(call.id, "message")
        if caller is not None and call.answered_at is not None:
            rows.append(_row(call, RecordingKind.CONVERSATION, caller, self._find(call.id, "seat")))
        if message is not None:
            rows.append(_row(call, RecordingKind.VOICEMAIL, message, None))
        return rows

    def _said_by_leaders(self, ears: Collection[int], since: dt.datetime) -> list[tuple[str, float]]:
        """What leaders said who barged in: each file, and when in the recording it begins."""
        found: list[tuple[str, float]] = []
        for ear in ears:
            for file in sorted(self._capture.glob(said_pattern(ear))):
                at_s = said_at_s(file.stem)
                if at_s is not None and file.stat().st_size > EMPTY:
                    found.append((str(file.relative_to(self._folder)), max(0.0, at_s - since.timestamp())))
        return found

    async def _join(self, row: Recording) -> bool:
        target = self._folder / "joined" / f"{row.call_id}-{row.kind}.wav"
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        right = self._folder / row.seat_file if row.seat_file else None
        laid = [Laid(self._folder / name, at_s) for name, at_s in row.lead_files or ()]
        left = self._folder / row.caller_file
        try:
            duration_s, digest = await asyncio.to_thread(join, left, right, target, laid)
        except (OSError, ValueError) as error:
            await self._failed(row.id, str(error))
            return False
        fact = RecordingReady(
            at=self._clock.now(),
            call_id=CallId(row.call_id),
            recording_id=RecordingId(row.id),
            duration_s=duration_s,
        )
        async with transaction(self._sessions) as session:
            kept = await recordings.get(session, row.id)
            if kept is None or kept.state is not RecordingState.CAPTURED:
                return False
            kept.joined_file = str(target.relative_to(self._folder))
            kept.sha256, kept.duration_s, kept.state = digest, duration_s, RecordingState.JOINED
            kept.problem = None
            await event_log.append(session, fact)
        await self._bus.publish(fact)
        return True

    async def _failed(self, recording_id: int, problem: str) -> None:
        log.warning("recording_not_joined", recording_id=recording_id, reason=problem)
        async with transaction(self._sessions) as session:
            row = await recordings.get(session, recording_id)
            if row is None:
                return
            row.attempts += 1
            row.problem = problem[:300]
            if row.attempts >= MAX_ATTEMPTS:
                row.state = RecordingState.FAILED


def _row(call: Call, kind: RecordingKind, caller_file: str, seat_file: str | None) -> Recording:
    started = call.answered_at if kind is RecordingKind.CONVERSATION else call.message_at
    return Recording(
        call_id=call.id,
        kind=kind,
        state=RecordingState.CAPTURED,
        caller_file=caller_file,
        seat_file=seat_file,
        started_at=started or call.arrived_at,
        attempts=0,
    )
