"""The centre's own words of danger, and a sentence to try: what would be drafted, who would be called."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.called_roles import roles_json
from api.security import MAX_ROW_ID, PLAIN_TEXT, Operator, Person, require
from api.state import house_of
from core.draft_words import MEANING_LABELS, WordMeaning
from core.errors import HotlineError, InvalidField, NotFound
from core.vocabulary import Role, Speaker
from db.models import Category, HouseWord, Utterance
from db.repositories import accounts, directory, house_words
from db.session import reading, transaction
from tickets.draft.desk import DraftDesk, code_of
from tickets.draft.house_words import FITS
from tickets.draft.turns import Draft, Evidence

router = APIRouter(prefix="/api/v1/words")
Head = Annotated[Person, Depends(require(Role.CENTRE_HEAD))]
SHOWN = ("type", "urgency", "place_detail", "phone", "event_time", "amount", "respondent")


class DrafterLoading(HotlineError):
    """起草程序正在载入，请稍候再试。"""

    code = "drafter-loading"
    status = 503


class NewWord(BaseModel):
    """A word, what it means, and why."""

    model_config = ConfigDict(extra="forbid")
    word: str = Field(min_length=2, max_length=20)
    meaning: WordMeaning
    source: str = Field("", max_length=120, pattern=PLAIN_TEXT)


class Sentence(BaseModel):
    """What a caller might say."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=2, max_length=500, pattern=PLAIN_TEXT)


@router.get("")
async def list_words(request: Request, person: Operator) -> dict[str, Any]:
    """All words that were added to the built-in lexicons."""
    del person
    async with reading(house_of(request).sessions) as session:
        return {
            "meanings": [{"key": key, "label": text} for key, text in MEANING_LABELS.items()],
            "words": [_json(row) for row in await house_words.every(session)],
        }


@router.post("")
async def put_word(request: Request, person: Head, body: NewWord) -> dict[str, Any]:
    """Add a word, or give a known one another meaning; the next draft heeds it."""
    word = body.word.strip()
    if not FITS.match(word):
        raise InvalidField(field="word", reason="请填 2 到 20 个汉字，按群众的说法，不带标点和数字")
    house = house_of(request)
    now = house.clock.now()
    async with transaction(house.sessions) as session:
        row = await house_words.put(session, word, body.meaning, body.source.strip(), (person.id, now))
        who = {"address": person.address, "word": word, "meaning": str(body.meaning)}
        await accounts.audit(session, now, person.id, "house_word_set", f"word:{row.id}", **who)
        return _json(row)


@router.delete("/{word_id}")
async def delete_word(
    request: Request, person: Head, word_id: Annotated[int, Path(ge=1, le=MAX_ROW_ID)]
) -> dict[str, bool]:
    """Forget a word; the built-in lexicons stay."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        row = await house_words.remove(session, word_id)
        if row is None:
            raise NotFound(what="词语")
        who = {"address": person.address, "word": row.word}
        await accounts.audit(
            session, house.clock.now(), person.id, "house_word_removed", f"word:{word_id}", **who
        )
    return {"ok": True}


@router.post("/try")
async def try_sentence(request: Request, person: Operator, body: Sentence) -> dict[str, Any]:
    """What the machine would draft from this sentence, why, and whom a press would call. Nothing is kept."""
    del person
    house = house_of(request)
    desk: DraftDesk = request.app.state.drafts
    async with reading(house.sessions) as session:
        words = {row.word: row.meaning for row in await house_words.every(session)}
    line = Utterance(id=0, speaker=Speaker.CALLER, text=body.text, start_s=0.0, end_s=0.0)
    drafted = await desk.draft([line], words)
    if drafted is None:
        raise DrafterLoading
    async with reading(house.sessions) as session:
        return await _answer(session, desk, drafted.draft, body.text, house.clock.now())


async def _answer(
    session: AsyncSession, desk: DraftDesk, draft: Draft, text: str, now: dt.datetime
) -> dict[str, Any]:
    town, village = code_of(desk.places, draft)
    category = await session.get(Category, draft.category.value) if draft.category.value else None
    danger = draft.emergency_class
    matter = directory.Matter(draft.category.value or "", town, village)
    return {
        "model": draft.model_used,
        "reason": desk.reason,
        "danger": {
            "class": danger.value,
            "label": _meaning(danger.value),
            "confidence": round(danger.confidence, 2),
            "words": _said(danger.evidence, text),
        },
        "category": {"code": draft.category.value, "name": category.name if category else ""},
        "town": {"code": town, "name": draft.town.value or ""},
        "village": {"id": village, "name": draft.village.value or ""},
        "secret": bool(draft.secret.value),
        "fields": {name: getattr(draft, name).value for name in SHOWN},
        "roles": await roles_json(session, matter, now),
    }


def _meaning(value: str | None) -> str:
    if value in (None, WordMeaning.HARMLESS):
        return "没有险情"
    return MEANING_LABELS[WordMeaning(value)]


def _said(evidence: Evidence | None, text: str) -> str:
    return text[evidence.start : evidence.end] if evidence else ""


def _json(row: HouseWord) -> dict[str, Any]:
    return {
        "id": row.id,
        "word": row.word,
        "meaning": row.meaning,
        "label": MEANING_LABELS[row.meaning],
        "source": row.source,
        "added_at": row.added_at.isoformat(),
    }
