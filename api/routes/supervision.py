"""What a shift leader hears and orders. Each order is written down: who, whom, how, why."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.disk_view import disk_json
from api.hearing import log_ear, open_ear
from api.routes.login_locks import locks_json
from api.routes.notes import notes_json
from api.routes.seats import sip_account
from api.security import ShiftLeader
from api.state import House, house_of
from api.supervision_ports import Ears
from api.whose import allowed_words
from api.words_view import deafness, transcript_json
from core.ids import SeatId
from core.supervision_words import Mode
from core.vocabulary import label
from db.models.reference import Policy
from db.repositories import accounts, leg_words, notes, supervisions, utterances
from db.session import reading, transaction
from telephony import lead_phones
from telephony.given_view import given_now
from telephony.supervision_checks import Order
from telephony.supervision_view import ear_json, leader_board, timelines

router = APIRouter(prefix="/api/supervision")

LEASE_S = 45.0


class Leave(BaseModel):
    """What becomes of a caller who was taken over."""

    model_config = ConfigDict(extra="forbid")

    give_back: bool = False


class Listen(BaseModel):
    """At which seat, and how."""

    model_config = ConfigDict(extra="forbid")

    seat: int = Field(ge=1, le=99)
    mode: Mode


def _service(request: Request) -> Ears:
    service: Ears = request.app.state.supervision
    return service


@router.get("")
async def look(request: Request, person: ShiftLeader) -> dict[str, Any]:
    """Seats with their calls, who listens, the day's sums, notes with their readers."""
    house = house_of(request)
    state = house.control.link_state
    async with reading(house.sessions) as session:
        now = house.clock.now()
        rows = await leader_board(session, house.clock, person.id)
        rows["given"] = await given_now(session)
        phone = await supervisions.phone_of(session, person.id, now)
        locks = await locks_json(session, person, now)
        said = await notes_json(session, await notes.standing(session, now))
    return {
        **rows,
        "phone": phone.number if phone is not None else None,
        "notes": said,
        "locks": locks,
        "link": {"state": state, "label": label(state)},
        "engine": house.engine,
        "disk": disk_json(house.settings),
    }


@router.get("/calls")
async def calls_of_today(
    request: Request,
    person: ShiftLeader,
    outcome: Literal["", "answered", "abandoned", "voicemail", "callback", "turned_away", "going_on"] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """Today's calls as timelines, newest first."""
    del person
    house = house_of(request)
    async with reading(house.sessions) as session:
        return await timelines(session, house.clock, outcome, page)


@router.get("/words")
async def words(request: Request, person: ShiftLeader) -> dict[str, Any]:
    """What has been said in the call at which this leader's ear is; without an ear nothing."""
    house = house_of(request)
    async with reading(house.sessions) as session:
        ear = await open_ear(session, person)
        if ear is None:
            return {"ear": None, "call_id": None, **transcript_json([], [])}
        await allowed_words(session, person, ear.call_id)
        lines = await utterances.all_of_call(session, ear.call_id)
        voices = await leg_words.of_call(session, ear.call_id)
        said = transcript_json(lines, voices, await deafness(session, ear.call_id))
    await log_ear(house, person, ear)
    return {"ear": ear.id, "call_id": ear.call_id, **said}


@router.post("")
async def order(request: Request, person: ShiftLeader, body: Listen) -> dict[str, Any]:
    """Listen, whisper, barge or take over; the same order again changes nothing."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        await accounts.audit(
            session, house.clock.now(), person.id, body.mode.value, f"seat{body.seat}", address=person.address
        )
    row = await _service(request).order(Order(person.id, person.role, SeatId(body.seat), body.mode))
    async with transaction(house.sessions) as session:
        what = {"supervision": row.id, "mode": body.mode.value}
        await accounts.audit(
            session, house.clock.now(), person.id, "supervised", row.call_id, address=person.address, **what
        )
        return ear_json(row, await accounts.names(session))


@router.post("/end")
async def end(request: Request, person: ShiftLeader, body: Leave) -> dict[str, bool]:
    """Stop; a call that was taken over ends with it, or goes back to the head of the queue."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        await accounts.audit(
            session, house.clock.now(), person.id, "supervision_ended", "", address=person.address
        )
    await _service(request).end(person.id, give_back=body.give_back)
    return {"ok": True}


@router.get("/sip")
async def my_sip(
    request: Request, response: Response, person: ShiftLeader, phone: Literal["lead", "leaddesk"] = "lead"
) -> dict[str, Any]:
    """The SIP account of the telephone that is lent to this leader while the page is open."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        now, lease_s = house.clock.now(), await _lease_s(house)
        lent = await lead_phones.lend(session, person.id, phone, now, lease_s)
        user = f"{phone}{lent.number}"
        secret = house.settings.asterisk.seat_secrets.get(f"lead{lent.number}")
        if secret is None:
            raise lead_phones.NoLeadPhone(reason="请先运行 minsheng setup")
        await accounts.audit(session, now, person.id, "sip_secret_given", user, address=person.address)
    response.headers["Cache-Control"] = "no-store"
    return {**sip_account(request, house, user, secret.get_secret_value()), "keep_s": lease_s / 3}


@router.post("/keep")
async def keep(request: Request, person: ShiftLeader) -> dict[str, int]:
    """The page is still open."""
    house = house_of(request)
    lease_s = await _lease_s(house)
    async with transaction(house.sessions) as session:
        lent = await lead_phones.keep(session, person.id, house.clock.now(), lease_s)
    return {"phone": lent.number}


@router.post("/release")
async def release(request: Request, person: ShiftLeader) -> dict[str, bool]:
    """The page is closed; the next leader may have the telephone."""
    async with transaction(house_of(request).sessions) as session:
        await lead_phones.give_back(session, person.id)
    return {"ok": True}


async def _lease_s(house: House) -> float:
    async with reading(house.sessions) as session:
        row = await session.get(Policy, "lead_lease_s")
    try:
        return float(row.value) if row is not None else LEASE_S
    except ValueError:
        return LEASE_S
