"""What a decided ticket teaches the next model is kept, whenever its words came to stand."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from sqlalchemy import text

from core.events import TicketChanged
from core.ids import CallId, SeatId, TicketId
from core.vocabulary import Speaker, TicketKind, TicketStatus, Urgency
from db.models import DraftCorrection
from db.repositories import corrections, tickets
from db.session import reading, transaction
from tests.fakes.confided import a_line
from tests.fakes.web_house import WebHouse, a_call, a_ticket
from tickets.draft.corrections import OF_LATE, CorrectionListener
from tickets.draft.desk import DraftDesk

WHO_WAITS = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)
SENT = {"kind": TicketKind.HELP, "urgency": Urgency.CRITICAL, "status": TicketStatus.TO_DISPATCH}


@pytest.fixture
async def desk(house: WebHouse) -> DraftDesk:
    started = DraftDesk(house.recordings_dir / "no-model.npz")
    await started.start(house.sessions)
    return started


async def sent_on(house: WebHouse, number: int, **more: object) -> TicketChanged:
    """A ticket that its operator has sent on, and the fact of it."""
    call_id = f"ms-{number}"
    await house.add(a_call(call_id), a_ticket(number, "op01", call_id=call_id, **(SENT | more)))
    return TicketChanged(
        at=house.clock.now(),
        ticket_id=TicketId(number),
        call_id=CallId(call_id),
        status=TicketStatus.TO_DISPATCH,
        seat_id=SeatId(1),
        number=f"261124{number:05}",
    )


async def lessons(house: WebHouse) -> list[DraftCorrection]:
    async with reading(house.sessions) as session:
        return await corrections.every(session)


async def test_a_ticket_sent_on_before_any_word_stood_leaves_its_lesson_later(
    house: WebHouse, desk: DraftDesk
) -> None:
    listener = CorrectionListener(house.sessions, house.clock, desk)
    await listener.on_ticket(await sent_on(house, 1))
    await listener.catch_up()
    assert await lessons(house) == []
    await house.add(a_line(Speaker.CALLER, "我叫向大明 屋头着火了", call_id="ms-1"))
    await listener.catch_up()
    (kept,) = await lessons(house)
    assert (kept.ticket_id, kept.decided["urgency"], kept.drafted["urgency"]) == (1, "特急", "特急")
    assert kept.turns == [{"who": "caller", "text": "我叫某某 屋头着火了"}]


async def test_a_ticket_sent_on_while_the_drafter_was_loading_leaves_its_lesson(
    house: WebHouse, desk: DraftDesk
) -> None:
    fact = await sent_on(house, 1)
    await house.add(a_line(Speaker.CALLER, "停水了", call_id="ms-1"))
    loading = DraftDesk(house.recordings_dir / "no-model.npz")
    await CorrectionListener(house.sessions, house.clock, loading).on_ticket(fact)
    assert await lessons(house) == []
    await CorrectionListener(house.sessions, house.clock, desk).catch_up()
    assert len(await lessons(house)) == 1


async def test_drafts_and_what_was_decided_long_ago_are_not_looked_at(
    house: WebHouse, desk: DraftDesk
) -> None:
    long_ago = house.clock.now() - OF_LATE - dt.timedelta(minutes=1)
    await sent_on(house, 1, status=TicketStatus.DRAFT)
    await sent_on(house, 2, updated_at=long_ago)
    for number in (1, 2):
        await house.add(a_line(Speaker.CALLER, "停水了", call_id=f"ms-{number}"))
    await sent_on(house, 3)
    await house.add(a_line(Speaker.LEADER, "我来处理", call_id="ms-3"))
    await CorrectionListener(house.sessions, house.clock, desk).catch_up()
    assert await lessons(house) == []


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_its_own_fact_and_a_look_back_at_one_moment_keep_one_lesson(
    house: WebHouse, desk: DraftDesk
) -> None:
    fact = await sent_on(house, 1)
    await house.add(a_line(Speaker.CALLER, "停水了", call_id="ms-1"))
    listener = CorrectionListener(house.sessions, house.clock, desk)
    async with transaction(house.sessions) as other:
        await tickets.get_for_update(other, 1)
        other.add(DraftCorrection(ticket_id=1, at=fact.at, turns=[], drafted={}, decided={}))
        await other.flush()
        keeping = asyncio.create_task(listener.on_ticket(fact))
        while not await other.scalar(WHO_WAITS):  # noqa: ASYNC110 - another connection is waited for
            await asyncio.sleep(0.01)
    await keeping
    assert len(await lessons(house)) == 1


async def test_one_lesson_that_cannot_be_kept_holds_up_no_other(
    house: WebHouse, desk: DraftDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_once(lines: list[str], *about: object) -> list[str]:
        if lines == ["停水了"]:
            raise ValueError
        return lines

    monkeypatch.setattr("tickets.draft.corrections.scrub", fails_once)
    for number, said in ((1, "停水了"), (2, "停电了")):
        await sent_on(house, number)
        await house.add(a_line(Speaker.CALLER, said, call_id=f"ms-{number}"))
    await CorrectionListener(house.sessions, house.clock, desk).catch_up()
    assert [kept.ticket_id for kept in await lessons(house)] == [2]
