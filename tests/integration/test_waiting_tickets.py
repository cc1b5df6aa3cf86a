"""Tickets that wait to be accepted, messages and grid workers': who works the list hears and takes them."""

from __future__ import annotations

import pytest

from core.vocabulary import RecordingKind, Speaker, TicketStatus
from tests.fakes.confided import SOUND, WORDS, a_line, mark
from tests.fakes.web_house import IDS, WebHouse, a_call, a_recording, a_ticket

MESSAGE = ("/api/calls/ms-3", "/api/calls/ms-3/transcript", "/api/recordings/3/audio")
READY = {"kind": "求助", "content": "停水三天了", "answer": "已告知"}


@pytest.fixture
async def waiting(house: WebHouse) -> WebHouse:
    """Ticket 3 came with the message of ms-3, ticket 4 from a grid worker; nobody has taken them."""
    (house.recordings_dir / "ms-3.wav").write_bytes(SOUND)
    message = a_recording("ms-3", "ms-3.wav", 3)
    message.kind = RecordingKind.VOICEMAIL
    waits = {"status": TicketStatus.PENDING_ACCEPT}
    await house.add(
        a_call("ms-3", None, answered_at=None, message_file="m.wav", outcome="voicemail"),
        message,
        a_line(Speaker.CALLER, WORDS, call_id="ms-3"),
        a_ticket(3, None, call_id="ms-3", channel="voicemail", **waits),
        a_ticket(4, None, channel="grid", caller_name="网格员", **waits),
    )
    return house


async def test_who_may_take_a_message_hears_it_and_each_hearing_is_written_down(waiting: WebHouse) -> None:
    for login in ("op01", "op02", "leader"):
        browser = await waiting.as_(login)
        for path in MESSAGE:
            assert (await browser.get(path)).status_code == 200, f"{login} {path}"
        call = (await browser.get(MESSAGE[0])).json()
        assert (call["words_closed"], call["recording"]["ready"]) == (None, True)
    everybody = [IDS[login] for login in ("op01", "op02", "leader")]
    for act, subject in (("words_seen", "ms-3"), ("recording_played", "recording:3")):
        looks = [(look.account_id, look.subject) for look in await waiting.looks(act)]
        assert looks == [(one, subject) for one in everybody]
    grid = await waiting.as_("grid")
    assert [(await grid.get(path)).status_code for path in MESSAGE] == [403, 403, 403]


async def test_a_secret_message_stays_closed(waiting: WebHouse) -> None:
    await mark(waiting, ticket_id=3)
    for login, statuses in (("op01", [403] * 3), ("leader", [200, 403, 403]), ("head", [200] * 3)):
        browser = await waiting.as_(login)
        assert [(await browser.get(path)).status_code for path in MESSAGE] == statuses, login


@pytest.mark.parametrize("ticket_id", [3, 4])
async def test_who_accepts_it_is_its_operator_from_then_on(waiting: WebHouse, ticket_id: int) -> None:
    taker, other = await waiting.as_("op01"), await waiting.as_("op02")
    url = f"/api/tickets/{ticket_id}"
    edited = await other.put(url, json={"version": 1, "content": "停水"})
    assert edited.json()["operator_name"] is None, "who only writes into it has not taken it"
    sent = await taker.post(f"{url}/submit", json={"version": 2, "to": "answered", **READY})
    assert sent.status_code == 200, sent.text
    assert sent.json()["operator_name"] == "op01"
    lines = [(one["who"], one["to_label"], one["reason"]) for one in sent.json()["events"]]
    assert lines[-2:] == [("op01", "待受理", "accepted"), ("op01", sent.json()["status_label"], "")]
    paths = [url, *(MESSAGE if ticket_id == 3 else ())]
    assert {(await taker.get(path)).status_code for path in paths} == {200}
    assert {(await other.get(path)).status_code for path in paths} == {403}


async def test_what_is_thrown_away_is_his_who_did_it_and_was_not_accepted(waiting: WebHouse) -> None:
    taker, other = await waiting.as_("op01"), await waiting.as_("op02")
    gone = (await taker.post("/api/tickets/4/void", json={"version": 1, "reason": "误报"})).json()
    assert gone["operator_name"] == "op01"
    assert [one["reason"] for one in gone["events"]] == ["误报"]
    assert (await other.get("/api/tickets/4")).status_code == 403


async def test_a_leader_who_sends_on_an_operators_ticket_does_not_take_it(waiting: WebHouse) -> None:
    await waiting.add(a_ticket(5, "op01"))
    leader = await waiting.as_("leader")
    sent = await leader.post("/api/tickets/5/submit", json={"version": 1, "to": "answered", **READY})
    assert sent.json()["operator_name"] == "op01"
