"""A call, its words, its sound. Who may have which of them is asked in `api/whose.py`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.security import MAX_ROW_ID, PLAIN_TEXT, Operator, Person, ShiftLeader, log_look
from api.sounds import log_listening, sound_file
from api.state import House, house_of
from api.ticket_links import links
from api.whose import InConfidence, allowed_call, allowed_words, openable, rings_at
from api.words_view import deafness, transcript_json
from core.errors import NotFound
from core.vocabulary import CallState, label
from db.models import Call, Recording
from db.repositories import accounts, calls, leg_words, recordings, tickets, utterances
from db.session import reading, transaction
from telephony.call_why import priority_of, why_json
from telephony.given_view import given_of
from telephony.snapshot import masked

router = APIRouter(prefix="/api")

CallIdPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,79}$")]


class Reveal(BaseModel):
    """Why a full number must be seen."""

    reason: str = Field(min_length=2, max_length=200, pattern=PLAIN_TEXT)


@router.get("/calls")
async def list_calls(
    request: Request, person: ShiftLeader, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> dict[str, Any]:
    """Calls, newest first, fifty a page."""
    del person
    async with reading(house_of(request).sessions) as session:
        found = await calls.recent(session, limit=50, offset=(page - 1) * 50)
        people = await accounts.names(session)
        given = await given_of(session, [call.id for call in found])
        secret = await tickets.secret_calls(session, [call.id for call in found])
    rows = [{**_row(call, people, secret), "given": given.get(call.id, [])} for call in found]
    return {"page": page, "calls": rows}


@router.get("/calls/{call_id}")
async def get_call(request: Request, person: Operator, call_id: CallIdPath) -> dict[str, Any]:
    """One call with the caller's history."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        call = await allowed_call(session, person, call_id)
        closed = await _why_closed(session, person, call_id)
        sounds = await recordings.of_call(session, call_id) if closed is None else []
        ticket = await tickets.of_call(session, call_id)
        secret = {call_id} if ticket is not None and ticket.secret else set[str]()
        people = await accounts.names(session)
        opened = await links(session, person, [ticket] if ticket is not None else [], people)
        return {
            **_row(call, people, secret),
            "given": (await given_of(session, [call_id])).get(call_id, []),
            **await _number_for(house, session, person, call),
            "history": await _history(session, person, call),
            "ticket_id": ticket.id if ticket else None,
            "ticket": opened[ticket.id] if ticket else None,
            "recording": _recording(sounds[0]) if sounds else None,
            "words_closed": closed,
        }


@router.get("/calls/{call_id}/transcript")
async def get_transcript(request: Request, person: Operator, call_id: CallIdPath) -> dict[str, Any]:
    """The settled lines so far; `final` once the second pass is done."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        opened = await allowed_words(session, person, call_id)
        lines = await utterances.all_of_call(session, call_id)
        voices = await leg_words.of_call(session, call_id)
        answer = transcript_json(lines, voices, await deafness(session, call_id))
    await opened.log_reading(house, person)
    return answer


@router.post("/calls/{call_id}/reveal")
async def reveal(request: Request, person: Operator, call_id: CallIdPath, body: Reveal) -> dict[str, str]:
    """The full number, with a reason that is written down."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        call = await allowed_call(session, person, call_id)
        # Whose number it is tells who spoke in confidence, as their words would
        await allowed_words(session, person, call_id)
        now = house.clock.now()
        await accounts.audit(
            session, now, person.id, "number_seen", call_id, reason=body.reason, address=person.address
        )
    return {"caller": call.caller}


@router.get("/recordings/{recording_id}/audio")
async def get_audio(
    request: Request, person: Operator, recording_id: Annotated[int, Path(ge=1, le=MAX_ROW_ID)]
) -> FileResponse:
    """The sound, by ranges; each listening is written down."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        recording = await recordings.get(session, recording_id)
        if recording is None or recording.joined_file is None:
            raise NotFound(what="录音")
        await allowed_words(session, person, recording.call_id)
        await log_listening(request, session, person, f"recording:{recording_id}")
    return sound_file(house, recording.joined_file)


async def _why_closed(session: AsyncSession, person: Person, call_id: str) -> str | None:
    """The sentence that stands where the words would be, for who may see the call and not what was said."""
    try:
        await allowed_words(session, person, call_id)
    except InConfidence as refusal:
        return refusal.message
    return None


async def _number_for(house: House, session: AsyncSession, person: Person, call: Call) -> dict[str, str]:
    """In full for who has the call, while it lasts; for all others it stays as the row has it."""
    mine = call.operator_id == person.id or await rings_at(session, person, call)
    if not mine or call.state is CallState.ENDED:
        return {}
    await log_look(house, session, person, "number_seen", call.id)
    return {"caller": call.caller}


async def _history(session: AsyncSession, person: Person, call: Call) -> dict[str, Any]:
    if not call.caller:
        return {"calls": [], "tickets": [], "count": 0}
    people = await accounts.names(session)
    earlier = await calls.of_caller(session, call.caller, besides=call.id)
    files = await tickets.of_caller(session, call.caller, besides_call=call.id)
    mine = await openable(session, person, files)
    return {
        "count": await calls.count_of_caller(session, call.caller, besides=call.id),
        "calls": [_row(one, people) for one in earlier],
        "tickets": [
            {
                "id": ticket.id,
                "number": ticket.number,
                "title": "（保密）" if ticket.secret else ticket.title or ticket.content[:30],
                "status_label": label(ticket.status),
                "created_at": ticket.created_at.isoformat(),
                "operator_name": people[ticket.operator_id].name if ticket.operator_id in people else None,
                "may_open": ticket.id in mine,
            }
            for ticket in files
        ],
    }


def _row(call: Call, people: dict[int, Any], secret: Set[str] = frozenset()) -> dict[str, Any]:
    operator = people.get(call.operator_id or 0)
    caller = "****" if call.id in secret else masked(call.caller)
    waited_until = call.answered_at or call.ended_at
    wait_s = (waited_until - call.queued_at).total_seconds() if waited_until and call.queued_at else None
    return {
        "id": call.id,
        "state": call.state,
        "label": label(call.state),
        "caller": caller if call.caller else "",
        "caller_masked": caller,
        "arrived_at": _iso(call.arrived_at),
        "queued_at": _iso(call.queued_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "outcome": call.outcome,
        "outcome_label": label(call.outcome) if call.outcome else None,
        "seat_id": call.seat_id,
        "operator_name": operator.name if operator else None,
        "wait_s": wait_s,
        "recovered": call.recovered,
        "priority": priority_of(call),
        "why": why_json(call),
    }


def _recording(recording: Recording) -> dict[str, Any]:
    # A second pass that failed leaves the sound as it is
    ready = recording.joined_file is not None
    return {
        "id": recording.id,
        "state": recording.state,
        "ready": ready,
        "kind": recording.kind,
        "duration_s": recording.duration_s,
    }


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
