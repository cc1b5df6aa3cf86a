"""并单: who may join two files, what each keeps, what is written down, and how it is undone."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from core.events import TicketChanged
from core.vocabulary import TicketStatus
from db.models import AuditEntry
from db.session import reading
from ivr.progress import TELLABLE, Progress, latest_ticket
from tests.fakes.web_house import a_call, a_ticket

MINE, OTHER, LEADERS, WAITING, EMPTY, DONE = 1, 2, 3, 4, 5, 6


@pytest.fixture
async def files(house):
    """op01 holds 1 and 5, op02 holds 2 and the secret 3, 4 waits for anybody, 6 is answered."""
    await house.add(
        a_call("ms-1"),
        a_ticket(MINE, "op01", call_id="ms-1", content="水停了", caller_number="13800001234"),
        a_ticket(OTHER, "op02", content="没水", caller_number="13900005678", title="停水"),
        a_ticket(LEADERS, "op02", content="举报某某", secret=True),
        a_ticket(WAITING, None, content="没得水", status=TicketStatus.PENDING_ACCEPT, caller_number="1"),
        a_ticket(EMPTY, "op01", caller_number="1"),
        a_ticket(DONE, "op02", content="修好了", status=TicketStatus.ANSWERED, caller_number="1"),
    )
    return house


async def join(browser, ticket=MINE, into=OTHER, version=1):
    return await browser.post(f"/api/tickets/{ticket}/join", json={"into": into, "version": version})


async def test_a_joined_file_keeps_its_caller_and_is_listed_under_the_other(files):
    op01, op02 = await files.as_("op01"), await files.as_("op02")
    answer = (await join(op01)).json()
    assert (answer["status_label"], answer["parent"]["id"], answer["editable"]) == ("已合并", OTHER, False)
    parent = (await op02.get(f"/api/tickets/{OTHER}")).json()
    assert (parent["joined"], parent["status"], parent["version"]) == (1, "draft", 1)
    listed = (await op02.get(f"/api/tickets/{OTHER}/joined")).json()["tickets"]
    assert [(one["id"], one["caller_masked"]) for one in listed] == [(MINE, "138****1234")]
    rows = (await op02.get("/api/tickets")).json()["tickets"]
    assert {row["id"]: row["joined"] for row in rows}[OTHER] == 1
    assert [row["id"] for row in (await op02.get("/api/tickets?status=merged")).json()["tickets"]] == [MINE]


async def test_a_refusal_is_a_sentence_and_its_facts_are_beside_it(files):
    op02 = await files.as_("op02")
    closed = (await op02.put(f"/api/tickets/{DONE}", json={"version": 1, "title": "停水"})).json()["error"]
    assert (closed["message"], closed["facts"]) == ("工单已是“直办办结”，不能再修改", {"status": "answered"})
    again = (await op02.post(f"/api/tickets/{DONE}/void", json={"version": 1, "reason": "误拨"})).json()[
        "error"
    ]
    assert again["message"] == "工单是“直办办结”，不能改为“已作废”"
    lost = (await op02.get("/api/tickets/99")).json()["error"]
    assert lost == {"code": "not-found", "message": "没有找到工单。"}


async def test_lists_say_which_file_may_be_opened_and_who_has_the_others(files):
    """What a list offers to open, the file's own door lets in; what it does not, the door refuses."""
    op01, leader = await files.as_("op01"), await files.as_("leader")
    await files.add(a_ticket(7, "op02", content="没水了"), a_ticket(8, "op01"), a_ticket(9, None))
    past = (await op01.get("/api/calls/ms-1")).json()["history"]["tickets"]
    assert {one["id"]: (one["may_open"], one["operator_name"]) for one in past} == {
        LEADERS: (False, "op02"),
        7: (False, "op02"),
        8: (True, "op01"),
        9: (True, None),
    }
    for one in past:
        status = (await op01.get(f"/api/tickets/{one['id']}")).status_code
        assert status == (200 if one["may_open"] else 403)
    child = (await join(op01)).json()
    assert child["parent"]["may_open"] is False
    assert (await op01.get(f"/api/tickets/{OTHER}")).status_code == 403
    assert (await leader.get(f"/api/tickets/{MINE}")).json()["parent"]["may_open"] is True
    (listed,) = (await leader.get(f"/api/tickets/{OTHER}/joined")).json()["tickets"]
    assert listed["may_open"] is True


@pytest.mark.parametrize(("call_id", "opens"), [("ms-1", True), ("ms-2", False)])
async def test_a_calls_page_offers_its_file_to_whom_its_door_lets_in(files, call_id, opens):
    """Who answered a call may look at it also when a colleague has its file by now."""
    op01 = await files.as_("op01")
    await files.add(a_call("ms-2"), a_ticket(10, "op02", call_id="ms-2"))
    ticket = (await op01.get(f"/api/calls/{call_id}")).json()["ticket"]
    assert (ticket["may_open"], ticket["operator_name"]) == (opens, "op01" if opens else "op02")
    assert (await op01.get(f"/api/tickets/{ticket['id']}")).status_code == (200 if opens else 403)


async def test_both_histories_tell_of_it_and_it_is_audited(files):
    op01, op02 = await files.as_("op01"), await files.as_("op02")
    child = (await join(op01)).json()
    parent = (await op02.get(f"/api/tickets/{OTHER}")).json()
    assert (child["events"][-1]["reason"], child["events"][-1]["changes"]["number"]) == (
        "joined",
        parent["number"],
    )
    assert parent["events"][-1]["changes"]["number"] == child["number"]
    async with reading(files.sessions) as session:
        acts = list(
            await session.scalars(select(AuditEntry.act).where(AuditEntry.subject == f"ticket:{MINE}"))
        )
    assert "ticket_joined" in acts


async def test_both_files_are_told_to_the_screens(files):
    told: list[int] = []

    async def note(fact: TicketChanged) -> None:
        told.append(fact.ticket_id)

    files.app.state.house.bus.on(TicketChanged, note)
    await join(await files.as_("op01"))
    assert told == [MINE, OTHER]


@pytest.mark.parametrize(
    ("login", "ticket", "into", "status"),
    [
        ("op01", MINE, WAITING, 200),
        ("op02", MINE, WAITING, 403),
        ("leader", MINE, LEADERS, 200),
        ("op01", MINE, LEADERS, 403),
        ("op01", MINE, MINE, 422),
        ("op01", MINE, 999, 422),
        ("op01", MINE, DONE, 422),
        ("op01", EMPTY, OTHER, 422),
        ("op02", DONE, OTHER, 409),
        ("op01", 999, OTHER, 404),
    ],
)
async def test_who_may_join_what_into_what(files, login, ticket, into, status):
    assert (await join(await files.as_(login), ticket, into)).status_code == status


async def test_an_old_version_joins_nothing(files):
    assert (await join(await files.as_("op01"), version=7)).status_code == 409
    assert (await (await files.as_("op01")).get(f"/api/tickets/{MINE}")).json()["status"] == "draft"


async def test_what_holds_others_is_neither_joined_nor_thrown_away(files):
    op01, op02 = await files.as_("op01"), await files.as_("op02")
    await join(op01)
    refused = await join(op02, OTHER, WAITING)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "holds-others")
    gone = await op02.post(f"/api/tickets/{OTHER}/void", json={"version": 1, "reason": "误拨"})
    assert gone.status_code == 409
    assert (await join(op01, EMPTY, MINE)).status_code == 422


async def test_a_joined_file_can_be_neither_written_nor_sent(files):
    op01 = await files.as_("op01")
    version = (await join(op01)).json()["version"]
    assert (
        await op01.put(f"/api/tickets/{MINE}", json={"version": version, "title": "改"})
    ).status_code == 409
    body = {"version": version, "to": "to_dispatch"}
    assert (await op01.post(f"/api/tickets/{MINE}/submit", json=body)).status_code == 409


async def test_a_shift_leader_takes_it_out_again_and_it_stands_where_it_stood(files):
    op01, leader = await files.as_("op01"), await files.as_("leader")
    version = (await join(op01)).json()["version"]
    assert (await op01.post(f"/api/tickets/{MINE}/part", json={"version": version})).status_code == 403
    seen = (await leader.get(f"/api/tickets/{MINE}")).json()
    assert seen["may_part"]
    back = (await leader.post(f"/api/tickets/{MINE}/part", json={"version": version})).json()
    assert (back["status"], back["parent"], back["editable"]) == ("draft", None, True)
    assert (await leader.get(f"/api/tickets/{OTHER}")).json()["joined"] == 0
    again = await leader.post(f"/api/tickets/{MINE}/part", json={"version": back["version"]})
    assert again.status_code == 409


async def test_a_waiting_file_joined_twice_waits_again_after_it_is_taken_out(files):
    op01, leader = await files.as_("op01"), await files.as_("leader")
    for _ in range(2):
        version = (await leader.get(f"/api/tickets/{WAITING}")).json()["version"]
        version = (await join(op01, WAITING, OTHER, version)).json()["version"]
        back = await leader.post(f"/api/tickets/{WAITING}/part", json={"version": version})
        assert back.json()["status"] == "pending_accept"


async def test_two_that_join_each_other_at_once_end_with_one_parent(files):
    op01, op02 = await files.as_("op01"), await files.as_("op02")
    answers = await asyncio.gather(join(op01, MINE, OTHER), join(op02, OTHER, MINE))
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 422])


class Line:
    """A telephone line that notes what it is told to play."""

    def __init__(self, number: str) -> None:
        self.headers = {"agi_callerid": number}
        self.played: list[str] = []

    async def send_command(self, command: str) -> None:
        self.played.append(command.split(" ")[2])


async def test_the_joined_caller_hears_how_the_other_file_fares(files):
    await join(await files.as_("op01"), MINE, WAITING)
    async with reading(files.sessions) as session:
        assert (await latest_ticket(session, "13800001234")).status is TicketStatus.MERGED
    line = Line("13800001234")
    await Progress(files.sessions)(line)  # pyright: ignore[reportArgumentType]
    assert line.played == [f"ms-progress-{TELLABLE[0]}"]
