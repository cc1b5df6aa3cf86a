"""Whose call, ticket, seat and number it is: what an operator may see and do of another's."""

from __future__ import annotations

import asyncio

import pytest

from core.vocabulary import CallState, TicketStatus
from tests.fakes.web_house import IDS, a_call, a_ticket

NUMBER = "13800001234"
MASKED = "138****1234"


@pytest.fixture
async def files(house):
    """op01 has call ms-1 with ticket 1 and a secret ticket 2; ticket 3 waits for anybody; 4 is op02's."""
    await house.add(
        a_call("ms-1"),
        a_call("ms-4", "op02"),
        a_ticket(1, "op01", call_id="ms-1", title="桥断了", contact_number="13911112222"),
        a_ticket(2, "op01", title="举报某某", secret=True),
        a_ticket(3, None, status=TicketStatus.PENDING_ACCEPT),
        a_ticket(4, "op02", call_id="ms-4"),
    )
    return house


@pytest.mark.parametrize(
    ("login", "ticket_id", "status"),
    [
        ("op01", 1, 200),
        ("op01", 2, 200),
        ("op01", 3, 200),
        ("op01", 4, 403),
        ("op02", 1, 403),
        ("op02", 2, 403),
        ("op02", 3, 200),
        ("leader", 1, 200),
        ("leader", 2, 200),
        ("head", 4, 200),
    ],
)
async def test_whose_ticket_may_be_read_changed_and_thrown_away(files, login, ticket_id, status):
    browser = await files.as_(login)
    url = f"/api/tickets/{ticket_id}"
    assert (await browser.get(url)).status_code == status
    saved = await browser.put(url, json={"version": 1, "content": "新内容"})
    assert saved.status_code == status
    version = saved.json()["version"] if status == 200 else 1
    sent = await browser.post(f"{url}/submit", json={"version": version, "to": "answered"})
    assert sent.status_code == (422 if status == 200 else 403)
    gone = await browser.post(f"{url}/void", json={"version": version, "reason": "误拨"})
    assert gone.status_code == status
    after = (await (await files.as_("admin")).get(url)).json()
    assert (after["content"], after["status"]) == (("新内容", "void") if status == 200 else ("", "draft"))


async def test_an_old_version_is_a_409_that_changes_nothing(files):
    browser = await files.as_("op01")
    assert (await browser.put("/api/tickets/1", json={"version": 1, "title": "一"})).status_code == 200
    late = await browser.put("/api/tickets/1", json={"version": 1, "title": "二"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "stale-ticket")
    assert (await browser.get("/api/tickets/1")).json()["title"] == "一"


BODIES = [
    *(b"", b"[]", b"null", b"{", b'"x"', b"{}", b"\xff", b"[" * 5000),
    *(b'{"version":"1"}', b'{"version":null}', b'{"version":1,"title":{}}'),
    *(b'{"version":1,"title":"\\u0000"}', b'{"version":1,"title":"\\ud800"}'),
]


@pytest.mark.parametrize("body", BODIES)
async def test_a_body_that_no_page_sends_is_a_refusal_and_never_a_crash(files, body):
    browser = await files.as_("op01")
    for method, url in (
        ("PUT", "/api/tickets/1"),
        ("POST", "/api/tickets/1/void"),
        ("POST", "/api/calls/ms-1/reveal"),
    ):
        answer = await browser.request(
            method, url, content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 409, 422), f"{url}: {answer.status_code} {answer.text[:200]}"
    assert (await browser.get("/api/tickets/1")).json()["version"] == 1


async def test_fields_that_are_not_the_operators_to_set_are_left_alone(files):
    browser = await files.as_("op01")
    given = {"version": 1, "operator_id": 2, "number": "1", "status": "answered", "call_id": "ms-4", "id": 4}
    assert (await browser.put("/api/tickets/1", json=given)).status_code == 200
    after = (await browser.get("/api/tickets/1")).json()
    assert (after["number"], after["status"], after["call_id"]) == ("26112400001", "draft", "ms-1")


async def test_of_a_secret_ticket_others_see_that_it_exists_and_no_word_of_it(files):
    other, own, leader = [await files.as_(login) for login in ("op02", "op01", "leader")]
    for browser, title in ((other, "（保密）"), (own, "举报某某"), (leader, "举报某某")):
        listed = {row["id"]: row for row in (await browser.get("/api/tickets")).json()["tickets"]}
        assert listed[2]["title"] == title
        assert listed[2]["caller_masked"] == "****"
    for browser, found in ((other, 0), (own, 1), (leader, 1)):
        assert (await browser.get("/api/tickets", params={"q": "举报某某"})).json()["total"] == found
    history = (await other.get("/api/calls/ms-4")).json()["history"]["tickets"]
    assert {ticket["title"] for ticket in history} == {"（保密）", "桥断了", ""}


@pytest.mark.parametrize("q", ["\x00", "%", "\\", "'", "_" * 60, "x" * 61, "\t"])
async def test_an_odd_search_is_an_answer_or_a_refusal(files, q):
    assert (await (await files.as_("op01")).get("/api/tickets", params={"q": q})).status_code in (200, 422)


@pytest.mark.parametrize("path", ["/api/calls/ms-1", "/api/calls/ms-1/transcript"])
async def test_whose_call_may_be_read(files, path):
    for login, status in (("op01", 200), ("op02", 403), ("leader", 200), ("admin", 200)):
        assert (await (await files.as_(login)).get(path)).status_code == status, login
    assert (await (await files.as_("op01")).get(path.replace("ms-1", "ms-9"))).status_code == 404


async def test_after_the_call_the_number_is_masked_for_everybody(files):
    for login in ("op01", "leader", "admin"):
        browser = await files.as_(login)
        assert NUMBER not in (await browser.get("/api/calls/ms-1")).text
        assert (await browser.get("/api/calls/ms-1")).json()["caller"] == MASKED
        for path in ("/api/tickets", "/api/board", "/api/calls", "/api/tickets/1"):
            assert NUMBER not in (await browser.get(path)).text, f"{login} {path}"
    looks = await files.looks("number_seen")
    assert {look.subject for look in looks} == {"ticket:1"}, "the other number, left to be called back"


async def test_in_the_call_its_operator_sees_the_number_and_that_is_written_down_once(house):
    await house.add(a_call("ms-5", state=CallState.TALKING), a_call("ms-6", None, state=CallState.RINGING))
    browser, other, leader = [await house.as_(login) for login in ("op01", "op02", "leader")]
    for _ in range(3):
        assert (await browser.get("/api/calls/ms-5")).json()["caller"] == NUMBER
    assert (await leader.get("/api/calls/ms-5")).json()["caller"] == MASKED
    assert [(look.account_id, look.subject) for look in await house.looks("number_seen")] == [(1, "ms-5")]
    assert (await other.get("/api/calls/ms-6")).status_code == 403
    await house.sit("op02", 2, "ms-6")
    assert (await other.get("/api/calls/ms-6")).json()["caller"] == NUMBER
    assert [look.account_id for look in await house.looks("number_seen")] == [1, 2]


async def test_a_number_left_to_be_called_back_is_written_down_when_it_is_seen(files):
    browser = await files.as_("leader")
    for _ in range(2):
        assert (await browser.get("/api/tickets/1")).json()["contact_number"] == "13911112222"
    assert [(look.account_id, look.subject) for look in await files.looks("number_seen")] == [
        (IDS["leader"], "ticket:1")
    ]
    assert (await browser.get("/api/tickets/4")).json()["contact_number"] == ""


async def test_the_full_number_is_given_for_a_reason_that_is_written_down_each_time(files):
    browser = await files.as_("op01")
    for reason in ("", "x", "\x00\x00", "字" * 201, None, 5):
        refused = await browser.post("/api/calls/ms-1/reveal", json={"reason": reason})
        assert refused.status_code == 422, reason
        assert NUMBER not in refused.text
    assert await files.looks("number_seen") == []
    for _ in range(2):
        given = await browser.post("/api/calls/ms-1/reveal", json={"reason": "回拨"})
        assert given.json() == {"caller": NUMBER}
    looks = await files.looks("number_seen")
    assert [(look.account_id, look.subject, look.reason) for look in looks] == [(1, "ms-1", "回拨")] * 2
    assert (
        await (await files.as_("op02")).post("/api/calls/ms-1/reveal", json={"reason": "好奇"})
    ).status_code == 403
    assert len(await files.looks("number_seen")) == 2


ORDERS = [
    ("start", {}),
    ("pause", {"reason": "break", "why": "现场支援"}),
    ("resume", {}),
    ("wrap-up/finish", {}),
    ("wrap-up/extend", {"seconds": 60}),
    ("sign-off", {"reason": "下班"}),
]


@pytest.mark.parametrize(("order", "body"), ORDERS)
async def test_nobody_orders_anything_at_anothers_seat_but_a_leader_may_pause_and_sign_off(
    house, order, body
):
    await house.sit("op01", 1)
    operator, leader = await house.as_("op02"), await house.as_("leader")
    assert (await operator.post(f"/api/seats/1/{order}", json=body)).status_code == 403
    assert (await operator.post(f"/api/seats/2/{order}", json=body)).status_code == 403, "an empty seat"
    assert (await operator.post(f"/api/seats/9/{order}", json=body)).status_code == 404
    answer = await leader.post(f"/api/seats/1/{order}", json=body)
    allowed = order in ("pause", "sign-off")
    assert (answer.status_code != 403) == allowed
    noted = [(look.account_id, look.subject) for look in await house.looks(order)]
    assert noted == ([(IDS["leader"], "seat1")] if allowed else [])


async def test_a_taken_seat_is_taken_and_nobody_sits_twice(house):
    first, second = await house.as_("op01"), await house.as_("op02")
    assert (await first.post("/api/seats/1/take", json={})).status_code == 200
    assert (await first.post("/api/seats/1/take", json={})).status_code == 200, "the same again is no harm"
    for browser, seat in ((second, 1), (first, 2)):
        answer = await browser.post(f"/api/seats/{seat}/take", json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "seat-taken")
    assert (await second.post("/api/seats/2/take", json={"phone": "other"})).status_code == 422


async def test_a_seats_secret_is_given_to_who_sits_there_and_that_is_written_down(house):
    operator, other = await house.as_("op01"), await house.as_("op02")
    await house.sit("op01", 1)
    answer = await operator.get("/api/seats/mine/sip")
    assert (answer.json()["username"], answer.json()["password"]) == ("seat1", "secret-of-seat1")
    assert answer.headers["cache-control"] == "no-store"
    assert (await other.get("/api/seats/mine/sip")).status_code == 409
    given = await house.looks("sip_secret_given")
    assert [(look.account_id, look.subject, look.address) for look in given] == [(1, "seat1", "10.0.0.1")]
    for path in ("/api/board", "/api/me", "/seat"):
        assert "secret-of" not in (await operator.get(path)).text


async def test_outside_demo_mode_the_demo_telephone_does_not_exist(house):
    browser = await house.browser()
    for path in ("/demo/phone", "/api/demo/sip"):
        answer = await browser.get(path)
        assert answer.status_code == 404
        assert "secret-of" not in answer.text


async def test_one_person_who_takes_two_seats_at_once_gets_one(house):
    browser = await house.as_("op01")
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(browser.post(f"/api/seats/{n}/take", json={}) for n in range(1, 6)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    board = (await browser.get("/api/board")).json()
    assert [bool(seat["operator"]) for seat in board["seats"]].count(True) == 1


async def test_two_people_who_take_one_seat_at_once_are_one_there(house):
    first, second = await house.as_("op01"), await house.as_("op02")
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(who.post("/api/seats/1/take", json={}) for who in (first, second)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = second if answers[0].status_code == 200 else first
    assert (await loser.get("/api/me")).json()["seat_id"] is None


@pytest.mark.parametrize(
    ("login", "path", "body", "says"),
    [
        ("leader", "/api/notes", {"text": "", "minutes": 5}, "至少填 1 个字"),
        ("leader", "/api/notes", {"text": "停水公告", "minutes": 0}, "不能小于 1"),
        ("leader", "/api/notes", {"text": "停" * 201, "minutes": 5}, "最多填 200 个字"),
        ("leader", "/api/notes", {"minutes": 5}, "这一项必填"),
        ("op01", "/api/calls/ms-1/reveal", {"reason": "x"}, "至少填 2 个字"),
        ("op01", "/api/seats/1/pause", {"reason": "because"}, "填写的内容有误"),
        ("op01", "/api/v1/outbound", {"digits": "110", "call_id": "ms-1"}, "请指明要呼叫谁，且只能一个"),
        ("op01", "/api/v1/outbound", {"digits": "abc"}, "格式不对"),
    ],
)
async def test_a_wrong_field_is_refused_in_the_language_of_who_filled_it_in(house, login, path, body, says):
    browser = await house.as_(login)
    answer = await browser.post(path, json=body, headers={"Idempotency-Key": "the-same-key"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (422, says)


async def test_the_caller_of_a_secret_ticket_is_masked_whole_on_every_list(files):
    await files.add(a_call("ms-2"), a_ticket(5, "op01", call_id="ms-2", secret=True))
    leader = await files.as_("leader")
    seen = {one["id"]: one["caller_masked"] for one in (await leader.get("/api/calls")).json()["calls"]}
    assert (seen["ms-1"], seen["ms-2"]) == ("138****1234", "****")
    call = (await leader.get("/api/calls/ms-2")).json()
    assert (call["caller"], call["caller_masked"]) == ("****", "****")
    reason = {"reason": "回拨核实"}
    refused = await leader.post("/api/calls/ms-2/reveal", json=reason)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "in-confidence")
    for login in ("op01", "head"):
        assert (await (await files.as_(login)).post("/api/calls/ms-2/reveal", json=reason)).status_code == 200


async def test_nobody_calls_a_conference_in_the_name_of_a_ticket_that_he_may_not_open(files):
    body = {"presser": "ticket", "ticket_id": 1, "roles": ["citizen"]}
    headers = {"Idempotency-Key": "press-of-ticket-1"}
    answer = await (await files.as_("op02")).post("/api/v1/bridges", json=body, headers=headers)
    assert answer.status_code == 403
    assert await files.looks("bridge_pressed") == []
    allowed = await (await files.as_("op01")).post("/api/v1/bridges", json=body, headers=headers)
    assert allowed.status_code != 403
