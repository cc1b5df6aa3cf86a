"""Any order of edits, steps and stale saves: the real service on SQLite keeps to the table."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from sqlalchemy.pool import StaticPool

from core.errors import IllegalTransition, InvalidField
from core.vocabulary import CallState, Role, TicketKind, TicketStatus
from db.base import Base
from db.models import Account, Call, Category, Ticket, TicketEvent
from db.repositories import calls, event_log, tickets
from db.session import make_engine, make_sessions, reading, transaction
from tickets import service
from tickets.lifecycle import EDITABLE, NEXT, OPEN, check_step
from tickets.service import StaleTicket

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
FIRST = (TicketStatus.DRAFT, TicketStatus.PENDING_ACCEPT)
NEEDED = {
    TicketStatus.TO_DISPATCH: ("kind", "content", "category_code", "address", "anonymous"),
    TicketStatus.ANSWERED: ("kind", "content", "answer"),
    TicketStatus.VOID: ("reason",),
}
GOOD = {
    "kind": str(TicketKind.HELP),
    "content": "下水管堵了",
    "category_code": "01",
    "address": "枫琴水岸",
    "anonymous": True,
    "answer": "已告知物业",
    "reason": "误拨",
}
UNTOUCHED = {"kind": None, "category_code": None, "anonymous": False}
SOME = st.dictionaries(st.sampled_from(sorted(set(GOOD) - {"reason"})), st.just(None)).map(
    lambda picked: {name: GOOD[name] for name in picked}
)


def test_every_status_is_in_the_table_and_ends_are_ends():
    assert set(NEXT) == set(TicketStatus)
    assert {status for status, after in NEXT.items() if not after} == set(TicketStatus) - OPEN
    assert EDITABLE <= OPEN
    for before in TicketStatus:
        assert before not in NEXT[before]
        assert not NEXT[before] & EDITABLE, "nothing goes back to being a draft"


@pytest.mark.parametrize("before", TicketStatus)
@pytest.mark.parametrize("after", TicketStatus)
def test_a_step_outside_the_table_is_refused(before, after):
    if after in NEXT[before]:
        check_step(before, after)
    else:
        with pytest.raises(IllegalTransition):
            check_step(before, after)


class Files(RuleBasedStateMachine):
    """What a plain dictionary says of each ticket, beside what the rows say."""

    opened = Bundle("opened")

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.model: dict[int, dict[str, Any]] = {}
        self.calls = 0
        self.run(self._make())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def _make(self) -> None:
        self.engine = make_engine("sqlite+aiosqlite://")
        assert isinstance(self.engine.pool, StaticPool)
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        self.sessions = make_sessions(self.engine)
        async with transaction(self.sessions) as session:
            session.add(Category(code="01", name="城建"))
            session.add(
                Account(id=1, login="op", name="甲", role=Role.OPERATOR, password_hash="-", created_at=NOW)
            )

    @rule(target=opened, status=st.sampled_from(FIRST))
    def open(self, status: TicketStatus) -> int:
        self.calls += 1
        ticket = self.run(self._open(f"ms-{self.calls}", status))
        assert ticket.number == f"261124{self.calls:05}"
        self.model[ticket.id] = {"status": status, "version": 1, "steps": [status], "call": ticket.call_id}
        return ticket.id

    async def _open(self, call_id: str, status: TicketStatus) -> Ticket:
        async with transaction(self.sessions) as session:
            call = Call(
                id=call_id, state=CallState.TALKING, caller="138", dialled="5", channel="-", arrived_at=NOW
            )
            session.add(call)
            await session.flush()
            ticket, new = await service.open_for_call(session, call, status, NOW)
            assert new
            await service.told(session, ticket, NOW)
            return ticket

    @rule(ticket_id=opened, status=st.sampled_from(FIRST))
    def hear_of_the_call_again(self, ticket_id: int, status: TicketStatus) -> None:
        async def again() -> tuple[Ticket, bool]:
            async with transaction(self.sessions) as session:
                call = await calls.get(session, self.model[ticket_id]["call"])
                assert call is not None
                return await service.open_for_call(session, call, status, NOW)

        ticket, new = self.run(again())
        assert (ticket.id, new) == (ticket_id, False)

    @rule(ticket_id=opened, fields=SOME, behind=st.integers(0, 2))
    def edit(self, ticket_id: int, fields: dict[str, Any], behind: int) -> None:
        known = self.model[ticket_id]
        given = {"version": known["version"] - behind, **fields}
        if behind:
            self.refused(StaleTicket, service.edit, ticket_id, given)
        elif known["status"] not in EDITABLE:
            self.refused(IllegalTransition, service.edit, ticket_id, given)
        else:
            self.order(service.edit, ticket_id, given)
            if any(known.get(name) != value for name, value in fields.items()):
                known.update(fields, version=known["version"] + 1, steps=[*known["steps"], known["status"]])

    @rule(ticket_id=opened, to=st.sampled_from(TicketStatus), fields=SOME, reason=st.booleans())
    def move(self, ticket_id: int, to: TicketStatus, fields: dict[str, Any], reason: bool) -> None:
        known = self.model[ticket_id]
        given = {"version": known["version"], **fields, **({"reason": GOOD["reason"]} if reason else {})}
        kept = fields if known["status"] in EDITABLE else {k: v for k, v in fields.items() if k == "answer"}
        there = {**known, **kept, "reason": reason}
        if to not in NEXT[known["status"]]:
            self.refused(IllegalTransition, service.move, ticket_id, to, given)
        elif not all(there.get(name) for name in NEEDED[to]):
            self.refused(InvalidField, service.move, ticket_id, to, given)
        else:
            self.order(service.move, ticket_id, to, given)
            waited = known["status"] is TicketStatus.PENDING_ACCEPT
            lines = [known["status"], to] if waited and to is not TicketStatus.VOID else [to]
            known.update(kept, status=to, version=known["version"] + 1, steps=[*known["steps"], *lines])
            known["operator"] = 1 if waited else known.get("operator")

    @rule(ticket_id=consumes(opened), to=st.sampled_from(TicketStatus))
    def step_with_an_old_version(self, ticket_id: int, to: TicketStatus) -> None:
        given = {**GOOD, "version": self.model[ticket_id]["version"] - 1}
        self.refused(StaleTicket, service.move, ticket_id, to, given)

    def order(self, step: Any, *arguments: Any) -> None:
        async def work() -> None:
            async with transaction(self.sessions) as session:
                await service.told(session, await step(session, *arguments, 1, NOW), NOW)

        self.run(work())

    def refused(self, error: type[Exception], step: Any, *arguments: Any) -> None:
        with pytest.raises(error):
            self.order(step, *arguments)

    @invariant()
    def rows_say_the_same(self) -> None:
        if hasattr(self, "sessions"):
            self.run(self._compare())

    async def _compare(self) -> None:
        async with reading(self.sessions) as session:
            log = [entry.payload for entry in await event_log.since(session, 0, 10_000)]
            for ticket_id, known in self.model.items():
                ticket = await tickets.get(session, ticket_id)
                assert ticket is not None
                assert (ticket.status, ticket.version) == (known["status"], known["version"])
                assert ticket.operator_id == known.get("operator"), (
                    "who accepts it has it; of a draft, the call's"
                )
                for name in set(GOOD) - {"reason"}:
                    assert getattr(ticket, name) == known.get(name, UNTOUCHED.get(name, ""))
                events: list[TicketEvent] = await tickets.history(session, ticket_id)
                assert [event.to_status for event in events] == known["steps"]
                told = [fact["status"] for fact in log if fact["ticket_id"] == ticket_id]
                assert told[-1] == known["status"]

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.run(self.engine.dispose())
        self.loop.close()


TestFiles = Files.TestCase
TestFiles.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
