"""Lines put where the recogniser puts them, for a real server and a real page that go on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.clock import SystemClock
from core.events import UtteranceSettled
from core.ids import CallId
from core.vocabulary import Speaker
from db.repositories import event_log, utterances
from db.session import make_engine, make_sessions, transaction
from tests.e2e.hotline import Hotline


class Speech:
    """Lines as they would be settled, one after another."""

    def __init__(self, hotline: Hotline, call_id: str) -> None:
        self._hotline, self._call_id, self._at_s = hotline, call_id, 0.0
        self._other = hotline.sign_in("op09")

    def say(self, text: str, speaker: Speaker = Speaker.CALLER) -> None:
        """One settled line; another seat is taken and left, so that the server reads its log."""
        run(self._hotline, lambda session: self._settle(session, text, speaker))
        self._at_s += 3.0
        self._other.post("/api/seats/5/take", {"phone": "desk"})
        self._other.post("/api/seats/5/sign-off")

    async def _settle(self, session: Any, text: str, speaker: Speaker) -> None:
        start_s, end_s = self._at_s, self._at_s + 2.5
        line = await utterances.add(
            session,
            call_id=self._call_id,
            speaker=speaker,
            text=text,
            raw_text=text,
            start_s=start_s,
            end_s=end_s,
            confidence=0.9,
            words=[],
            source="live",
        )
        fact = UtteranceSettled(
            at=SystemClock().now(),
            call_id=CallId(self._call_id),
            utterance_id=line.id,
            speaker=speaker,
            pii_text=text,
            start_s=start_s,
            end_s=end_s,
            confidence=0.9,
        )
        await event_log.append(session, fact)


def run(hotline: Hotline, work: Callable[[Any], Any]) -> Any:
    """One transaction on the hotline's own database, in a thread without Playwright's loop."""

    async def inside() -> Any:
        engine = make_engine(hotline.settings.db_url)
        try:
            async with transaction(make_sessions(engine)) as session:
                return await work(session)
        finally:
            await engine.dispose()

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(lambda: asyncio.run(inside())).result()
