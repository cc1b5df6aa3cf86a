"""Calling out over HTTP: from where, to whom, how often, and never twice. Only Asterisk is absent."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select

from core.bridge_words import BridgeKind, BridgeState
from core.callback_words import AttemptOutcome, CallbackState
from core.vocabulary import SeatState
from db.models import (
    Bridge,
    BridgeAttempt,
    BridgeLeg,
    BridgeNumber,
    Callback,
    CallbackAttempt,
    Policy,
)
from db.repositories import seats
from db.session import reading, transaction
from tests.fakes.web_house import IDS, WebHouse, a_call, a_ticket
from tests.integration.test_callback_api import a_line, on_duty

API = "/api/v1/outbound"
NUMBER = "13800001234"


async def order(browser: Any, key: str = "first-press", **whom: Any) -> Any:
    return await browser.post(API, json=whom, headers={"Idempotency-Key": key})


async def rows(house: WebHouse, kind: type[Any]) -> list[Any]:
    async with reading(house.sessions) as session:
        return list(await session.scalars(select(kind)))


async def end_all(house: WebHouse) -> None:
    async with transaction(house.sessions) as session:
        for bridge in await session.scalars(select(Bridge)):
            bridge.state = BridgeState.ENDED


async def test_a_line_is_taken_and_dialled_with_one_order_however_often_it_comes(house):
    await a_line(house)
    mine = await on_duty(house, "op01", 1)
    first = await order(mine, callback_id=1)
    assert (first.status_code, first.json()["number"]) == (200, NUMBER)
    assert (await order(mine, callback_id=1)).json()["id"] == first.json()["id"]
    (bridge,) = await rows(house, Bridge)
    assert (bridge.kind, bridge.seat_id, bridge.call_id) == (BridgeKind.OUTBOUND, 1, "ms-1764000001.1")
    legs = await rows(house, BridgeLeg)
    assert {(leg.role, leg.seat_id, leg.asks) for leg in legs} == {
        ("seat", 1, False),
        ("citizen", None, False),
    }
    assert [number.digits for number in await rows(house, BridgeNumber)] == [NUMBER]
    assert len(await rows(house, BridgeAttempt)) == 2
    (line,), (attempt,) = await rows(house, Callback), await rows(house, CallbackAttempt)
    assert (line.state, line.owner_id, attempt.bridge_key) == (CallbackState.CALLING, IDS["op01"], bridge.key)
    called = [(look.subject, look.details["number"]) for look in await house.looks("called_out")]
    assert called == [("callback_id:1", "138****1234")]


async def test_of_two_operators_one_has_the_line_and_one_phone_rings(house):
    await a_line(house)
    people = [await on_duty(house, "op01", 1), await on_duty(house, "op02", 2)]
    answers = await asyncio.gather(*(order(browser, callback_id=1) for browser in people))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert "callback-taken" in [answer.json().get("error", {}).get("code") for answer in answers]
    assert len(await rows(house, Bridge)) == len(await rows(house, CallbackAttempt)) == 1


async def test_a_typed_number_must_be_on_the_allow_list_and_leaves_no_row(house):
    mine = await on_duty(house, "op01", 1)
    for digits in ("0086123456", "900", "13800001234567"):
        refused = await order(mine, digits=digits)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "number-not-allowed")
    for odd in ("138 0000 1234", "1380000&x", "", "١٣٨٠٠٠٠١٢٣٤"):
        assert (await order(mine, digits=odd)).status_code == 422
    assert await rows(house, Bridge) == []
    assert (await order(mine, digits=NUMBER)).status_code == 200
    leg = next(leg for leg in await rows(house, BridgeLeg) if leg.role == "callee")
    assert leg.asks is False


async def test_a_line_whose_number_may_not_be_dialled_stays_everybodys(house):
    await a_line(house, number="85212345678")
    mine = await on_duty(house, "op01", 1)
    assert (await order(mine, callback_id=1)).json()["error"]["code"] == "number-not-allowed"
    (line,) = await rows(house, Callback)
    assert (line.state, await rows(house, CallbackAttempt)) == (CallbackState.WAITING, [])


async def test_only_from_a_seat_that_is_free_and_one_call_at_a_time(house):
    stranger = await house.as_("op02")
    assert (await order(stranger, digits=NUMBER)).json()["error"]["code"] == "not-at-seat"
    mine = await on_duty(house, "op01", 1)
    for state in (SeatState.RINGING, SeatState.TALKING):
        async with transaction(house.sessions) as session:
            (await seats.get_for_update(session, 1)).state = state
        assert (await order(mine, digits=NUMBER)).json()["error"]["code"] == "illegal-transition"
    for place, state in enumerate((SeatState.READY, SeatState.PAUSED, SeatState.WRAP_UP)):
        async with transaction(house.sessions) as session:
            (await seats.get_for_update(session, 1)).state = state
        answers = await asyncio.gather(
            order(mine, f"press-{place}-a", digits=NUMBER), order(mine, f"press-{place}-b", digits=NUMBER)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        await end_all(house)


async def test_a_press_that_is_refused_gives_the_line_back(house):
    await a_line(house)
    mine = await on_duty(house, "op01", 1)
    await house.add(Policy(key="outbound_seat_day", value="1", unit="", label="", source=""))
    assert (await order(mine, "the-first-one", digits="13800009999")).status_code == 200
    await end_all(house)
    refused = await order(mine, callback_id=1)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too-many-calls-out")
    (line,), (attempt,) = await rows(house, Callback), await rows(house, CallbackAttempt)
    assert (line.state, line.tries, line.owner_id) == (CallbackState.WAITING, 0, None)
    assert attempt.outcome is AttemptOutcome.NOT_MADE


async def test_tickets_and_earlier_calls_are_dialled_by_those_whose_they_are(house):
    await house.add(a_ticket(1, "op01", contact_number="023 5656-1234"), a_ticket(2, "op01", secret=True))
    mine, other = await on_duty(house, "op01", 1), await on_duty(house, "op02", 2)
    assert (await order(other, ticket_id=1)).status_code == 403
    assert (await order(other, ticket_id=2)).status_code == 403
    made = (await order(mine, ticket_id=1)).json()
    assert (made["number"], made["ticket_id"]) == ("02356561234", 1)
    await end_all(house)
    assert (await order(other, bridge_id=made["id"])).status_code == 403
    again = (await order(mine, "once-more", bridge_id=made["id"])).json()
    assert (again["number"], again["ticket_id"], again["id"] != made["id"]) == ("02356561234", 1, True)
    recent = (await mine.get(API)).json()["calls"]
    assert [call["id"] for call in recent] == [again["id"], made["id"]]
    assert "02356561234" not in (await mine.get(API)).text
    assert (await other.get(API)).json()["calls"] == []


async def test_the_number_of_a_secret_ticket_rings_for_its_own_operator_and_the_centres_head(house):
    await house.add(a_call("ms-2"), a_ticket(2, "op01", call_id="ms-2", secret=True))
    for at, (login, allowed) in enumerate((("leader", False), ("op01", True), ("head", True)), start=1):
        browser = await on_duty(house, login, at)
        assert (await browser.get("/api/tickets/2")).json()["may_call"] is allowed
        for whom in ({"ticket_id": 2}, {"ticket_id": 2, "which": "caller"}, {"call_id": "ms-2"}):
            answer = await order(browser, f"{login}-{'-'.join(whom)}", **whom)
            if allowed:
                assert (answer.status_code, answer.json()["number"]) == (200, NUMBER)
            else:
                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "in-confidence")
                assert await rows(house, BridgeAttempt) == await house.looks("called_out") == []
            await end_all(house)


async def test_the_citizen_of_a_secret_ticket_is_called_into_a_conference_by_its_own_and_the_head(house):
    await house.add(a_call("ms-2"), a_ticket(5, "op01", call_id="ms-2", secret=True))
    body = {"presser": "ticket", "ticket_id": 5, "roles": ["citizen"]}
    for login, status in (("leader", 403), ("op01", 200), ("head", 200)):
        browser = await house.as_(login)
        headers = {"Idempotency-Key": f"press-of-{login}"}
        answer = await browser.post("/api/v1/bridges", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        if status == 403:
            assert answer.json()["error"]["code"] == "in-confidence"
            assert await house.looks("bridge_pressed") == []
    (room,) = (await (await house.as_("op01")).get("/api/v1/bridges?ticket_id=5")).json()["bridges"][-1:]
    for login, code in (("leader", "in-confidence"), ("head", "illegal-transition")):
        path = f"/api/v1/bridges/{room['id']}/legs"
        again = await (await house.as_(login)).post(path, json={"role": "citizen"})
        assert again.json()["error"]["code"] == code


async def test_exactly_one_target(house):
    mine = await on_duty(house, "op01", 1)
    for body in (
        {},
        {"digits": NUMBER, "ticket_id": 1},
        {"bridge_id": 99},
        {"number_id": 99},
        {"call_id": "ms-9"},
    ):
        assert (await order(mine, **body)).status_code in (404, 422), body
