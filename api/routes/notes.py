"""Words on screens: a shift leader's broadcast, and what a leader did to one operator's seat."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.security import MAX_ROW_ID, PLAIN_TEXT, Operator, Person, ShiftLeader
from api.state import House, house_of
from core.errors import InvalidField, NotFound
from core.ids import OperatorId
from core.supervision_events import NotePosted, NoteRead
from db.models import Note
from db.models.reference import Policy
from db.repositories import accounts, event_log, notes
from db.session import reading, transaction

router = APIRouter(prefix="/api/notes")

NoteNumber = Annotated[int, Path(ge=1, le=MAX_ROW_ID)]
MAX_MINUTES = 720
OWN_NOTE = dt.timedelta(hours=12)
"""A shift: what a leader did to a seat is shown until its operator has read it, or has gone home."""


class Broadcast(BaseModel):
    """What, and for how long."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=200, pattern=PLAIN_TEXT)
    minutes: int = Field(ge=1, le=100_000)


@router.get("")
async def mine(request: Request, person: Operator) -> dict[str, Any]:
    """What this person has not read yet, and what stands for everybody (the wall)."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        now = house.clock.now()
        unread = await notes.unread_by(session, person.id, now)
        people = await accounts.names(session)
        standing = await notes.standing(session, now)
    return {
        "unread": [_brief(note, people[note.by_id].name) for note in unread],
        "standing": [_brief(note, people[note.by_id].name) for note in standing],
    }


@router.post("")
async def say(request: Request, person: ShiftLeader, body: Broadcast) -> dict[str, Any]:
    """Say it to everybody."""
    house = house_of(request)
    text = body.text.strip()
    if not text:
        raise InvalidField(field="text", reason="请写广播内容")
    async with transaction(house.sessions) as session:
        row = await session.get(Policy, "note_minutes")
        limit = int(row.value) if row is not None and row.value.isdecimal() else MAX_MINUTES
        if body.minutes > limit:
            raise InvalidField(field="minutes", reason=f"最长 {limit} 分钟")
        now = house.clock.now()
        note = Note(text=text, by_id=person.id, at=now, until=now + dt.timedelta(minutes=body.minutes))
        session.add(note)
        await session.flush()
        await accounts.audit(
            session, now, person.id, "broadcast", f"note{note.id}", reason=text, address=person.address
        )
        fact = NotePosted(at=now, note_id=note.id, to_id=None)
        await event_log.append(session, fact)
    await house.bus.publish(fact)
    return _brief(note, person.name)


@router.post("/{note_id}/read")
async def read(request: Request, person: Operator, note_id: NoteNumber) -> dict[str, bool]:
    """I have read it."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        note = await notes.get(session, note_id)
        if note is None or note.to_id not in (None, person.id):
            raise NotFound(what="广播")
        now = house.clock.now()
        if not await notes.read(session, note_id, person.id, now):
            return {"ok": True}
        fact = NoteRead(at=now, note_id=note_id, reader_id=person.id)
        await event_log.append(session, fact)
    await house.bus.publish(fact)
    return {"ok": True}


@router.post("/{note_id}/withdraw")
async def withdraw(request: Request, person: ShiftLeader, note_id: NoteNumber) -> dict[str, bool]:
    """Take a broadcast off the screens before its time."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        note = await notes.get(session, note_id)
        if note is None or note.to_id is not None:
            raise NotFound(what="广播")
        now = house.clock.now()
        note.until = min(note.until, now)
        await accounts.audit(
            session, now, person.id, "broadcast_withdrawn", f"note{note_id}", address=person.address
        )
        fact = NotePosted(at=now, note_id=note_id, to_id=None)
        await event_log.append(session, fact)
    await house.bus.publish(fact)
    return {"ok": True}


async def tell_operator(house: House, by: Person, operator_id: int, text: str) -> None:
    """A note that one operator reads."""
    async with transaction(house.sessions) as session:
        now = house.clock.now()
        note = Note(text=text[:300], by_id=by.id, to_id=operator_id, at=now, until=now + OWN_NOTE)
        session.add(note)
        await session.flush()
        fact = NotePosted(at=now, note_id=note.id, to_id=OperatorId(operator_id))
        await event_log.append(session, fact)
    await house.bus.publish(fact)


async def notes_json(session: AsyncSession, rows: list[Note]) -> list[dict[str, Any]]:
    """Notes with who has read them."""
    people = await accounts.names(session)
    readers = await notes.readers_of(session, [note.id for note in rows])
    return [
        {
            **_brief(note, people[note.by_id].name),
            "read_by": [people[one.account_id].name for one in readers if one.note_id == note.id],
        }
        for note in rows
    ]


def _brief(note: Note, by: str) -> dict[str, Any]:
    return {
        "id": note.id,
        "text": note.text,
        "by": by,
        "own": note.to_id is not None,
        "at": note.at.isoformat(),
        "until": note.until.isoformat(),
    }
