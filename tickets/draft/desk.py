"""The drafter beside the running calls: settled lines in, a draft out, off the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import structlog
from sqlalchemy import select

from core.draft_words import WordMeaning
from db.models import Town, Utterance, Village
from db.session import SessionMaker, reading
from tickets.draft.drafter import Drafter
from tickets.draft.gazetteer import Region
from tickets.draft.house_words import heed
from tickets.draft.model import Model, ModelRefused, load
from tickets.draft.turns import Draft, Turn

log = structlog.get_logger(__name__)

MAX_LINES: Final = 400
"""A call of an hour; of a longer one the newest lines are read."""
NO_WORDS: Final[Mapping[str, WordMeaning]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Places:
    """Codes of the names that drafts use."""

    towns: dict[str, str]
    villages: dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft, the lines it was made of, and how long that took."""

    draft: Draft
    lines: Sequence[Utterance]
    took_s: float


class DraftDesk:
    """Made once an instance. Without a fitting model the lexicons draft alone, and `reason` says why."""

    def __init__(self, model_file: Path) -> None:
        self._file = model_file
        self._drafter: Drafter | None = None
        self.places = Places({}, {})
        self.reason: str | None = "起草程序正在载入"

    async def start(self, sessions: SessionMaker) -> None:
        """Read the places and the model; some seconds, off the loop."""
        async with reading(sessions) as session:
            towns = list(await session.scalars(select(Town)))
            villages = list(await session.scalars(select(Village)))
        names = {town.code: town.name for town in towns}
        self.places = Places(
            {town.name: town.code for town in towns},
            {(names[village.town_code], village.name): village.id for village in villages},
        )
        regions = [Region(town.name) for town in towns]
        regions += [Region(names[village.town_code], village.name) for village in villages]
        self._drafter = await asyncio.to_thread(self._build, regions)

    @property
    def ready(self) -> bool:
        """Whether the drafter is loaded, with a model or without."""
        return self._drafter is not None

    async def draft(
        self, lines: Sequence[Utterance], words: Mapping[str, WordMeaning] = NO_WORDS
    ) -> Drafted | None:
        """What these lines say, with the centre's own words; None while the drafter is loading."""
        drafter = self._drafter
        if drafter is None:
            return None
        newest = lines[-MAX_LINES:]
        turns = [Turn(line.speaker, line.text) for line in newest]
        began = time.perf_counter()
        draft = await asyncio.to_thread(lambda: heed(drafter.draft(turns), turns, words))
        return Drafted(draft, newest, time.perf_counter() - began)

    def _build(self, regions: list[Region]) -> Drafter:
        model: Model | None = None
        try:
            model = load(self._file)
            self.reason = None
        except ModelRefused as refused:
            self.reason = str(refused)
            log.warning("draft_model_refused", reason=refused.reason)
        drafter = Drafter(regions, model)
        drafter.draft([])  # the lexicons are read now and not in the first call
        return drafter


def code_of(places: Places, draft: Draft) -> tuple[str | None, int | None]:
    """Town code and village id of a draft."""
    town = draft.town.value
    if town is None:
        return None, None
    village = places.villages.get((town, draft.village.value)) if draft.village.value else None
    return places.towns.get(town), village
