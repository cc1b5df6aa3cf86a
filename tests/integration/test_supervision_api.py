"""The shift leader's orders over HTTP: who may, what is written down, what an operator gets to know."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from api.told import Told
from core.vocabulary import CallState, SeatState
from db.repositories import seats
from db.session import transaction
from tests.fakes.ear import FakeEar
from tests.fakes.web_house import IDS, a_call, a_ticket

SEAT = "PJSIP/seat1-0000000a"
ALL = [
    ("GET", ""),
    ("GET", "/words"),
    ("GET", "/calls"),
    ("GET", "/sip"),
    ("POST", ""),
    ("POST", "/end"),
    ("POST", "/keep"),
]


@pytest.fixture
async def talk(house):
    """op01 talks at seat 1; Asterisk is the fake ear."""
    service = house.app.state.supervision
    service._parts = dataclasses.replace(service._parts, ear=FakeEar("PJSIP/trunk-00000001"))
    there = {"seat_id": 1, "seat_channel": SEAT, "state": CallState.TALKING}
    await house.add(a_call("ms-1", **there))
    await house.sit("op01", 1, "ms-1")
    async with transaction(house.sessions) as session:
        (await seats.get_for_update(session, 1)).state = SeatState.TALKING
    return house


def ear_of(house) -> FakeEar:
    return house.app.state.supervision._parts.ear


async def deliver(house) -> None:
    ear = ear_of(house)
    ear.answer()
    while ear.signs:
        await house.app.state.supervision.hear(ear.signs.pop(0))
        await asyncio.gather(*house.app.state.supervision._tasks._tasks)


@pytest.mark.parametrize(("method", "path"), ALL)
async def test_an_operator_hears_nothing_and_orders_nothing(talk, method, path):
    for login in ("op01", "op02", "grid"):
        browser = await talk.as_(login)
        answer = await browser.request(method, f"/api/supervision{path}", json={"seat": 1, "mode": "listen"})
        assert answer.status_code == 403, login
    for path in ("/api/notes", "/api/notes/1/withdraw", "/supervisor"):
        ask = browser.get if path == "/supervisor" else browser.post
        assert (await ask(path)).status_code == 403, path
    assert ear_of(talk).rung == []


async def test_without_a_telephone_nobody_listens_and_each_leader_has_one_of_its_own(talk):
    first, second, head = [await talk.as_(login) for login in ("leader", "leader2", "head")]
    order = {"seat": 1, "mode": "listen"}
    refused = await first.post("/api/supervision", json=order)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "lead-phone-lost")
    mine, other = [(await browser.get("/api/supervision/sip")).json() for browser in (first, second)]
    assert (mine["username"], mine["password"]) == ("lead1", "secret-of-lead1")
    assert other["username"] == "lead2"
    assert (await first.get("/api/supervision/sip")).json()["username"] == "lead1", "the same again"
    third = await head.get("/api/supervision/sip")
    assert (third.status_code, third.json()["error"]["code"]) == (409, "no-lead-phone")
    talk.clock.advance(40)
    assert (await first.post("/api/supervision/keep")).json() == {"phone": 1}
    talk.clock.advance(10)
    assert (await head.get("/api/supervision/sip")).json()["username"] == "lead2", "the page went away"
    assert (await second.post("/api/supervision/keep")).status_code == 409
    await first.post("/api/supervision/release")
    assert (await second.get("/api/supervision/sip")).json()["username"] == "lead1"
    given = [(look.account_id, look.subject) for look in await talk.looks("sip_secret_given")]
    assert given[:2] == [(IDS["leader"], "lead1"), (IDS["leader2"], "lead2")]
    assert "secret-of" not in (await first.get("/api/supervision")).text


async def test_an_order_is_written_down_and_shown_and_its_numbers_are_masked(talk):
    leader, operator = await talk.as_("leader"), await talk.as_("op01")
    await leader.get("/api/supervision/sip")
    for mode in ("listen", "listen", "whisper"):
        answer = await leader.post("/api/supervision", json={"seat": 1, "mode": mode})
        assert answer.status_code == 200, answer.text
    await deliver(talk)
    view = (await leader.get("/api/supervision")).json()
    assert (view["mine"]["state"], view["mine"]["seat_id"], view["phone"]) == ("whispering", 1, 1)
    (seat,) = [seat for seat in view["seats"] if seat["id"] == 1]
    assert (seat["call"]["caller_masked"], seat["ears"][0]["who"]) == ("138****1234", "leader")
    board = (await operator.get("/api/board")).json()
    assert board["talking"][0]["leader"] == "班长耳语中（leader）"
    looks = await talk.looks("supervised")
    assert [(look.account_id, look.subject, look.details["mode"]) for look in looks] == [
        (IDS["leader"], "ms-1", mode) for mode in ("listen", "listen", "whisper")
    ]
    assert [look.subject for look in await talk.looks("whisper")] == ["seat1"]
    assert len(ear_of(talk).rung) == 1
    assert (await leader.post("/api/supervision/end", json={})).status_code == 200
    await deliver(talk)
    assert (await leader.get("/api/supervision")).json()["mine"]["reason_label"] == "班长已退出"


async def test_an_operator_is_not_told_of_listening_unless_the_centre_says_so(talk):
    for login, told, hears in (("op01", False, False), ("leader2", False, True), ("op01", True, True)):
        browser = await talk.as_(login)
        me = (await browser.get("/api/me")).json()
        person = dataclasses.make_dataclass("P", [("id", int), ("role", object)])(me["id"], None)
        person.at_least = lambda role, rank=me["role"]: rank != "operator" or role == "operator"
        fact = Told(7, "LeaderListened", "ms-1", {"told": told, "supervision_id": 1})
        assert await talk.app.state.hearing.may_hear(person, fact) is hears
    leader = await talk.as_("leader")
    await leader.get("/api/supervision/sip")
    await leader.post("/api/supervision", json={"seat": 1, "mode": "listen"})
    await deliver(talk)
    operator = await talk.as_("op01")
    assert (await operator.get("/api/board")).json()["talking"][0]["leader"] is None


async def test_a_secret_call_is_for_the_centres_head(talk):
    await talk.add(a_ticket(1, "op01", call_id="ms-1", secret=True))
    for login, status in (("leader", 403), ("head", 200)):
        browser = await talk.as_(login)
        await browser.get("/api/supervision/sip")
        answer = await browser.post("/api/supervision", json={"seat": 1, "mode": "listen"})
        assert answer.status_code == status, answer.text
        assert "138****" not in (await browser.get("/api/supervision")).text
    assert [look.account_id for look in await talk.looks("listen")] == [IDS["leader"], IDS["head"]], (
        "tries too"
    )
    assert [look.account_id for look in await talk.looks("supervised")] == [IDS["head"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"seat": 2, "mode": "listen"}, 409),
        ({"seat": 9, "mode": "listen"}, 404),
        ({"seat": 0, "mode": "listen"}, 422),
        ({"seat": 1, "mode": "record"}, 422),
        ({"seat": 1}, 422),
        ({"seat": "1\r\nAction: x", "mode": "listen"}, 422),
    ],
)
async def test_what_cannot_be_listened_to_is_a_refusal(talk, body, status):
    leader = await talk.as_("leader")
    await leader.get("/api/supervision/sip")
    assert (await leader.post("/api/supervision", json=body)).status_code == status
    assert ear_of(talk).rung == []


async def test_a_call_that_was_taken_over_is_the_leaders_and_its_operator_may_still_read_it(talk):
    leader, operator = await talk.as_("leader"), await talk.as_("op01")
    stranger = await talk.as_("op02")
    await leader.get("/api/supervision/sip")
    await leader.post("/api/supervision", json={"seat": 1, "mode": "take_over"})
    await deliver(talk)
    board = (await operator.get("/api/board")).json()
    assert (board["talking"][0]["seat_id"], board["talking"][0]["leader"]) == (None, "班长接管（leader）")
    view = (await leader.get("/api/supervision")).json()
    assert (view["taken_over"][0]["id"], view["taken_over"][0]["who"]) == ("ms-1", "leader")
    assert board["seats"][0]["state"] == "wrap_up"
    assert (await operator.get("/api/calls/ms-1")).status_code == 200
    assert (await stranger.get("/api/calls/ms-1")).status_code == 403


@pytest.mark.parametrize(
    ("order", "body", "key"), [("pause", {"reason": "meal"}, "why"), ("sign-off", {}, "reason")]
)
async def test_what_is_done_to_anothers_seat_needs_a_reason_that_its_operator_reads(talk, order, body, key):
    leader, operator, other = [await talk.as_(login) for login in ("leader", "op01", "op02")]
    for reason in ("", " ", "短"):
        refused = await leader.post(f"/api/seats/1/{order}", json={**body, key: reason})
        assert refused.status_code == 422, reason
    assert await talk.looks(order) == []
    done = await leader.post(f"/api/seats/1/{order}", json={**body, key: "到会议室来"})
    assert (done.status_code, done.json()["wish"]) == (200, "pause" if order == "pause" else "sign_off")
    (look,) = await talk.looks(order)
    assert (look.account_id, look.subject, look.reason) == (IDS["leader"], "seat1", "到会议室来")
    (note,) = (await operator.get("/api/notes")).json()["unread"]
    what = "暂停（用餐）" if order == "pause" else "签出"
    assert note["text"] == f"班长 leader 将您的坐席在本次通话后置为{what}：到会议室来"
    for browser in (other, leader):
        assert (await browser.get("/api/notes")).json() == {"unread": [], "standing": []}
    assert (await other.post(f"/api/notes/{note['id']}/read")).status_code == 404
    assert (await operator.post(f"/api/notes/{note['id']}/read")).status_code == 200
    assert (await operator.get("/api/notes")).json()["unread"] == []


async def test_a_broadcast_stands_until_its_time_and_says_who_has_read_it(house):
    leader, operator, other = [await house.as_(login) for login in ("leader", "op01", "op02")]
    text = "<b>夔门</b>停水公告已播 {{x}}"
    for body in (
        {"text": "", "minutes": 5},
        {"text": "x" * 201, "minutes": 5},
        {"text": "a\nb", "minutes": 5},
    ):
        assert (await leader.post("/api/notes", json=body)).status_code == 422
    assert (await leader.post("/api/notes", json={"text": text, "minutes": 721})).status_code == 422
    said = (await leader.post("/api/notes", json={"text": text, "minutes": 30})).json()
    (note,) = (await operator.get("/api/notes")).json()["unread"]
    assert (note["text"], note["by"], note["own"]) == (text, "leader", False)
    for _ in range(2):
        assert (await operator.post(f"/api/notes/{said['id']}/read")).status_code == 200
    assert (await operator.get("/api/notes")).json()["unread"] == []
    assert len((await other.get("/api/notes")).json()["standing"]) == 1
    (shown,) = (await leader.get("/api/supervision")).json()["notes"]
    assert shown["read_by"] == ["op01"]
    (look,) = await house.looks("broadcast")
    assert (look.account_id, look.reason) == (IDS["leader"], text)
    house.clock.advance(31 * 60)
    assert (await other.get("/api/notes")).json() == {"unread": [], "standing": []}


async def test_a_broadcast_can_be_taken_back(house):
    leader, operator = await house.as_("leader"), await house.as_("op01")
    said = (await leader.post("/api/notes", json={"text": "收回我", "minutes": 30})).json()
    assert (await operator.post(f"/api/notes/{said['id']}/withdraw")).status_code == 403
    assert (await leader.post(f"/api/notes/{said['id']}/withdraw")).status_code == 200
    assert (await operator.get("/api/notes")).json()["unread"] == []


async def test_the_days_sums_add_up_and_calls_are_timelines(talk):
    leader = await talk.as_("leader")
    await talk.add(
        a_call("ms-2", None, answered_at=None, outcome="abandoned_queue"),
        a_call("ms-3", None, answered_at=None, outcome="callback_requested"),
        a_call("ms-4", None, answered_at=None, outcome="voicemail"),
    )
    days = (await leader.get("/api/supervision")).json()["days"]
    today = days["today"]
    assert (
        today["offered"]
        == 4
        == today["answered"]
        + today["abandoned"]
        + today["voicemail"]
        + today["callback"]
        + today["turned_away"]
        + today["in_progress"]
    )
    assert days["yesterday"]["offered"] == 0
    listed = (await leader.get("/api/supervision/calls")).json()
    assert {call["id"] for call in listed["calls"]} == {"ms-1", "ms-2", "ms-3", "ms-4"}
    assert "13800001234" not in str(listed)
    only = (await leader.get("/api/supervision/calls?outcome=abandoned")).json()["calls"]
    assert [call["id"] for call in only] == ["ms-2"]
    asked = (await leader.get("/api/supervision/calls?outcome=callback")).json()["calls"]
    assert [call["id"] for call in asked] == ["ms-3"]
    assert (await leader.get("/api/supervision/calls?outcome=x")).status_code == 422
