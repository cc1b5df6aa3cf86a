"""What an operator does at a seat."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.routes.notes import tell_operator
from api.security import PLAIN_TEXT, Operator, Person
from api.state import House, house_of
from core.errors import Forbidden, InvalidField, NotAtSeat, NotFound
from core.ids import OperatorId, SeatId
from core.supervision_events import SeatForced
from core.vocabulary import PauseReason, Role, SeatWish, label
from db.models import Seat
from db.repositories import accounts, event_log, seats
from db.session import reading, transaction
from telephony.snapshot import seat_json

router = APIRouter(prefix="/api/seats")

MIN_REASON = 2
SeatNumber = Annotated[int, Path(ge=1, le=99)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Take(_Body):
    """Which phone of the desk."""

    phone: Literal["seat", "desk"] = "seat"


class Pause(_Body):
    """Why; and in words, when somebody else pauses a seat."""

    reason: PauseReason
    why: str = Field(default="", max_length=100, pattern=PLAIN_TEXT)


class Extend(_Body):
    """How much longer."""

    seconds: int = Field(default=60, ge=10, le=600)


class Leave(_Body):
    """Why, when somebody else signs a seat off."""

    reason: str = Field(default="", max_length=100, pattern=PLAIN_TEXT)


@router.post("/{number}/take")
async def take(request: Request, person: Operator, number: SeatNumber, body: Take) -> dict[str, Any]:
    """Sit down."""
    house = house_of(request)
    return await _answer(house, house.control.seats.take(SeatId(number), person.id, body.phone))


@router.post("/{number}/start")
async def start(request: Request, person: Operator, number: SeatNumber) -> dict[str, Any]:
    """Begin to take calls."""
    house = await _mine(request, person, number)
    return await _answer(house, house.control.seats.start_duty(SeatId(number)))


@router.post("/{number}/pause")
async def pause(request: Request, person: Operator, number: SeatNumber, body: Pause) -> dict[str, Any]:
    """Take no calls for a while; in a call, after it."""
    force = await _mine_or_forced(request, person, number, body.why)
    answer = await _answer(force.house, force.house.control.seats.pause(SeatId(number), body.reason))
    await force.tell(f"暂停（{label(body.reason)}）", answer["wish"] != SeatWish.NONE)
    return answer


@router.post("/{number}/resume")
async def resume(request: Request, person: Operator, number: SeatNumber) -> dict[str, Any]:
    """Take calls again."""
    house = await _mine(request, person, number)
    return await _answer(house, house.control.seats.resume(SeatId(number)))


@router.post("/{number}/wrap-up/finish")
async def finish(request: Request, person: Operator, number: SeatNumber) -> dict[str, Any]:
    """Ready before the time is over."""
    house = await _mine(request, person, number)
    return await _answer(house, house.control.seats.finish_wrap_up(SeatId(number)))


@router.post("/{number}/wrap-up/extend")
async def extend(request: Request, person: Operator, number: SeatNumber, body: Extend) -> dict[str, Any]:
    """More time after the call."""
    house = await _mine(request, person, number)
    return await _answer(house, house.control.seats.extend_wrap_up(SeatId(number), body.seconds))


@router.post("/{number}/sign-off")
async def sign_off(request: Request, person: Operator, number: SeatNumber, body: Leave) -> dict[str, Any]:
    """Leave the seat; in a call, after it."""
    force = await _mine_or_forced(request, person, number, body.reason)
    reason = body.reason or "signed_off"
    answer = await _answer(force.house, force.house.control.seats.sign_off(SeatId(number), reason))
    await force.tell("签出", answer["wish"] != SeatWish.NONE)
    return answer


@router.get("/mine/sip")
async def my_sip(request: Request, response: Response, person: Operator) -> dict[str, str]:
    """The SIP account of the seat where this person sits, and nobody else's."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        seat = await seats.of_operator(session, person.id)
        if seat is None:
            raise NotAtSeat
        user, now = f"seat{seat.id}", house.clock.now()
        await accounts.audit(session, now, person.id, "sip_secret_given", user, address=person.address)
    response.headers["Cache-Control"] = "no-store"
    secret = house.settings.asterisk.seat_secrets[user].get_secret_value()
    return sip_account(request, house, user, secret)


def sip_account(request: Request, house: House, user: str, secret: str) -> dict[str, str]:
    """What a browser's SIP phone needs to register."""
    asterisk, web = house.settings.asterisk, house.settings.web
    host = request.url.hostname or "127.0.0.1"
    secure = bool(web.tls_cert and asterisk.https_address)
    port = asterisk.https_port if secure else asterisk.http_port
    return {
        "uri": f"sip:{user}@{asterisk.sip_address}",
        "username": user,
        "password": secret,
        "realm": "minsheng",
        "ws_url": web.sip_ws_url or f"{'wss' if secure else 'ws'}://{host}:{port}/ws",
    }


@dataclass(frozen=True, slots=True)
class _Force:
    """An order at a seat; `operator_id` is set when it is not by the operator who sits there."""

    house: House
    person: Person
    seat_id: SeatId
    operator_id: OperatorId | None = None
    forced: bool = False
    why: str = ""

    async def tell(self, what: str, later: bool) -> None:
        """Show the operator what was done to the seat, by whom and why."""
        if not self.forced:
            return
        now = self.house.clock.now()
        fact = SeatForced(
            at=now, seat_id=self.seat_id, operator_id=self.operator_id, by_id=self.person.id, order=what
        )
        async with transaction(self.house.sessions) as session:
            await event_log.append(session, fact)
        await self.house.bus.publish(fact)
        if self.operator_id is not None:
            when = "将您的坐席在本次通话后置为" if later else "已将您的坐席置为"
            text = f"班长 {self.person.name} {when}{what}：{self.why}"
            await tell_operator(self.house, self.person, self.operator_id, text)


async def _mine_or_forced(request: Request, person: Person, number: int, why: str) -> _Force:
    """The seat where this person sits; a shift leader may at another's, for a reason that is written down."""
    house, why = house_of(request), why.strip()
    async with transaction(house.sessions) as session:
        seat = await seats.get(session, number)
        if seat is None:
            raise NotFound(what="坐席")
        if seat.operator_id == person.id:
            return _Force(house, person, SeatId(number))
        if not person.at_least(Role.SHIFT_LEADER):
            raise Forbidden
        if len(why) < MIN_REASON:
            raise InvalidField(field="why", reason="请写明原因（至少两个字）")
        act = request.url.path.rsplit("/", 1)[-1]
        whom = {"operator": seat.operator_id, "state": seat.state.value}
        await accounts.audit(
            session,
            house.clock.now(),
            person.id,
            act,
            f"seat{number}",
            reason=why,
            address=person.address,
            **whom,
        )
        operator = OperatorId(seat.operator_id) if seat.operator_id is not None else None
    return _Force(house, person, SeatId(number), operator, forced=True, why=why)


async def _mine(request: Request, person: Person, number: int) -> House:
    house = house_of(request)
    async with reading(house.sessions) as session:
        seat = await seats.get(session, number)
    if seat is None:
        raise NotFound(what="坐席")
    if seat.operator_id != person.id:
        raise Forbidden
    return house


async def _answer(house: House, order: Awaitable[Seat]) -> dict[str, Any]:
    seat = await order
    async with reading(house.sessions) as session:
        operator = await accounts.get(session, seat.operator_id) if seat.operator_id else None
        return seat_json(seat, operator)
