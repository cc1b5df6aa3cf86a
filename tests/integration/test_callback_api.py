"""The call-back list over HTTP: who sees which number, who may take, give and write down."""

from __future__ import annotations

import datetime as dt
from typing import Any

from core.callback_words import CallbackSource, CallbackState
from core.vocabulary import CallOutcome, SeatState
from db.models import Callback
from db.repositories import seats
from db.session import transaction
from tests.fakes.web_house import IDS, NOW, WebHouse, a_call, a_ticket

API = "/api/v1/callbacks"
NUMBER, MASKED = "13800001234", "138****1234"


async def a_line(house: WebHouse, n: int = 1, number: str = NUMBER, due_minutes: int = 30) -> None:
    call = a_call(
        f"ms-176400000{n}.1", None, caller=number, answered_at=None, outcome=CallOutcome.ABANDONED_QUEUE
    )
    line = Callback(
        id=n,
        number=number,
        open_number=number,
        state=CallbackState.WAITING,
        source=CallbackSource.ABANDONED_QUEUE,
        call_id=call.id,
        times=1,
        tries=0,
        first_at=NOW,
        last_at=NOW,
        due_at=NOW + dt.timedelta(minutes=due_minutes),
    )
    await house.add(call, line)


async def on_duty(house: WebHouse, login: str, seat_id: int) -> Any:
    await house.sit(login, seat_id)
    async with transaction(house.sessions) as session:
        row = await seats.get_for_update(session, seat_id)
        assert row is not None
        row.state = SeatState.READY
    return await house.as_(login)


async def the_line(browser: Any, n: int = 1) -> dict[str, Any]:
    lines = (await browser.get(API)).json()["open"]
    return next(line for line in lines if line["id"] == n)


async def test_only_the_owner_sees_the_number_and_the_look_is_written_down(house):
    await a_line(house)
    mine, other, leader = (
        await on_duty(house, "op01", 1),
        await on_duty(house, "op02", 2),
        await house.as_("leader"),
    )
    assert (await the_line(mine))["number"] == MASKED
    taken = (await mine.post(f"{API}/1/claim", json={})).json()
    assert (taken["number"], taken["mine"], taken["owner"]["id"]) == (NUMBER, True, IDS["op01"])
    for browser in (other, leader):
        assert NUMBER not in (await browser.get(API)).text
    assert (await the_line(mine))["number"] == NUMBER
    assert [look.subject for look in await house.looks("number_seen")] == ["callback:1"]
    assert (await other.post(f"{API}/1/reveal", json={"reason": "好奇"})).status_code == 403
    shown = await leader.post(f"{API}/1/reveal", json={"reason": "群众投诉没有回拨"})
    assert shown.json() == {"number": NUMBER}
    assert (await house.looks("number_seen"))[-1].reason == "群众投诉没有回拨"


async def test_the_lines_ticket_is_offered_to_whom_its_own_door_lets_in(house):
    await a_line(house)
    await house.add(a_ticket(1, "op01"))
    async with transaction(house.sessions) as session:
        (await session.get_one(Callback, 1)).ticket_id = 1
    assert (await the_line(await house.as_("op01")))["ticket"]["number"]
    for login in ("op01", "op02", "leader"):
        browser = await house.as_(login)
        ticket = (await the_line(browser))["ticket"]
        opened = (await browser.get("/api/tickets/1")).status_code == 200
        assert (ticket["may_open"], ticket["operator_name"]) == (opened, "op01")
        assert opened is (login != "op02")


async def test_a_line_of_a_secret_ticket_shows_its_number_to_its_own_and_the_head(house):
    await a_line(house)
    await house.add(a_ticket(1, "op01", call_id="ms-1764000001.1", secret=True))
    async with transaction(house.sessions) as session:
        (await session.get_one(Callback, 1)).ticket_id = 1
    mine = await on_duty(house, "op02", 1)
    leader, head = await house.as_("leader"), await house.as_("head")
    reason = {"reason": "群众投诉没有回拨"}
    for state in ("waiting", "claimed"):
        refused = await leader.post(f"{API}/1/reveal", json=reason)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "in-confidence"), state
        assert await house.looks("number_seen") == []
        assert (await the_line(leader))["number"] == "****"
        assert (await mine.post(f"{API}/1/claim", json={})).status_code == 200
    for browser in (mine, head):
        assert (await browser.post(f"{API}/1/reveal", json=reason)).json() == {"number": NUMBER}


async def test_a_line_is_taken_by_one_given_back_and_given_away(house):
    await a_line(house)
    mine, other, leader = (
        await on_duty(house, "op01", 1),
        await on_duty(house, "op02", 2),
        await house.as_("leader"),
    )
    assert (await leader.post(f"{API}/1/claim", json={})).json()["error"]["code"] == "not-at-seat"
    assert (await mine.post(f"{API}/1/claim", json={})).status_code == 200
    refused = await other.post(f"{API}/1/claim", json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "callback-taken")
    assert (await other.post(f"{API}/1/release", json={})).status_code == 403
    assert (await mine.post(f"{API}/1/release", json={})).json()["state"] == "waiting"
    assert (await other.post(f"{API}/1/assign", json={"account_id": 2})).status_code == 403
    given = (await leader.post(f"{API}/1/assign", json={"account_id": IDS["op02"]})).json()
    assert (given["state"], given["owner"]["name"], given["number"]) == ("claimed", "op02", MASKED)
    nobody = await leader.post(f"{API}/1/assign", json={"account_id": IDS["head"]})
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (422, "invalid-field")
    acts = [
        act
        for act in ("callback_claimed", "callback_released", "callback_assigned")
        if await house.looks(act)
    ]
    assert len(acts) == 3


async def test_a_result_known_to_a_person_and_a_machine_that_picked_up(house):
    await a_line(house)
    mine, other = await on_duty(house, "op01", 1), await on_duty(house, "op02", 2)
    assert (await mine.post(f"{API}/1/result", json={"outcome": "connected"})).status_code == 403
    await mine.post(f"{API}/1/claim", json={})
    assert (await other.post(f"{API}/1/result", json={"outcome": "connected"})).status_code == 403
    done = await mine.post(f"{API}/1/result", json={"outcome": "connected", "note": "已答复"})
    assert (done.json()["state"], done.json()["result_label"]) == ("done", "接通")
    again = (await mine.post(f"{API}/1/result", json={"outcome": "no_answer", "note": "是语音信箱"})).json()
    assert (again["state"], again["tries"], again["owner"]) == ("waiting", 1, None)
    assert [(one["label"], one["note"]) for one in again["attempts"]] == [("无人接听", "是语音信箱")]
    assert (await mine.post(f"{API}/1/result", json={"outcome": "not_made"})).status_code == 422


async def test_what_is_due_first_is_on_top_and_too_late_is_said_everywhere(house):
    await a_line(house, 1, "13800000001", 30)
    await a_line(house, 2, "13800000002", 5)
    await a_line(house, 3, "13800000003", -1)
    browser = await on_duty(house, "op01", 1)
    lines = (await browser.get(API)).json()["open"]
    assert [(line["id"], line["overdue"]) for line in lines] == [(3, True), (2, False), (1, False)]
    assert (await browser.get("/api/board")).json()["callbacks"] == {"open": 3, "overdue": 1, "soon": 1}
