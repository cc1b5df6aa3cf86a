"""What was said in a conference, each party's own sound, and the conference's events on its ticket."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api.bridge_history import history_json
from api.routes.tickets import TicketNumber, allowed_ticket
from api.security import MAX_ROW_ID, Operator, Person
from api.sounds import log_listening, sound_file
from api.state import house_of
from api.whose import InConfidence, Open, allowed_bridge_words
from api.words_view import transcript_json
from core.errors import Forbidden, NotFound
from db.repositories import bridges, leg_words, utterances
from db.session import reading, transaction

router = APIRouter(prefix="/api")

RowId = Annotated[int, Path(ge=1, le=MAX_ROW_ID)]


@router.get("/v1/bridges/{bridge_id}/transcript")
async def get_transcript(request: Request, person: Operator, bridge_id: RowId) -> dict[str, Any]:
    """What the parties that were dialled said."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        opened = await allowed_bridge_words(session, person, bridge_id)
        lines = await utterances.of_bridge(session, bridge_id)
        answer = transcript_json(lines, await leg_words.of_bridge(session, bridge_id))
    await opened.log_reading(house, person)
    return answer


@router.get("/v1/bridges/{bridge_id}/attempts/{attempt_id}/audio")
async def get_audio(request: Request, person: Operator, bridge_id: RowId, attempt_id: RowId) -> FileResponse:
    """What one party said, by ranges; each listening is written down."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        # First who asks: whoever may not hear it does not learn either what there is to hear
        await allowed_bridge_words(session, person, bridge_id)
        voice = await leg_words.of_attempt(session, attempt_id)
        if voice is None or voice.file is None or voice.bridge_id != bridge_id:
            raise NotFound(what="录音")
        await log_listening(request, session, person, f"bridge-attempt:{attempt_id}")
    return sound_file(house, voice.file)


@router.get("/tickets/{ticket_id}/bridges")
async def get_history(request: Request, person: Operator, ticket_id: TicketNumber) -> dict[str, Any]:
    """The ticket's conferences, newest first: events, and the words that this person may hear."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        await allowed_ticket(session, person, ticket_id)
        found = await bridges.recent(session, ticket_id=ticket_id)
        rows = [await history_json(session, bridge, house.clock.now()) for bridge in found]
        opened: list[Open | None] = []
        for row in rows:
            row["words"], read = await _words(session, person, row["id"])
            opened.append(read)
    for one in opened:
        if one is not None:
            await one.log_reading(house, person)
    return {"bridges": rows}


async def _words(session: AsyncSession, person: Person, bridge_id: int) -> tuple[dict[str, Any], Open | None]:
    """What was said, or the sentence that stands where the words would be."""
    try:
        opened = await allowed_bridge_words(session, person, bridge_id)
    except (Forbidden, InConfidence) as refusal:
        why = refusal.message if isinstance(refusal, InConfidence) else None
        return {**transcript_json([], []), "closed": why}, None
    lines = await utterances.of_bridge(session, bridge_id)
    said = transcript_json(lines, await leg_words.of_bridge(session, bridge_id))
    return {**said, "closed": None}, opened if lines else None
