"""A caller hangs up in the greeting, in the queue, while a seat rings: one row each, told apart."""

from __future__ import annotations

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline, Person, wait_for


def call_of(leader: Person, number: str, state: str) -> dict[str, object] | None:
    """That caller's call, once it is in that state."""
    found = leader.call_of(number)
    return found if found and found["state"] == state else None


@pytest.fixture
def leader(hotline: Hotline) -> Person:
    return hotline.sign_in("leader")


def test_in_the_greeting(hotline: Hotline, leader: Person) -> None:
    with ScriptedPhone.citizen(hotline.settings, "13600000001") as caller:
        caller.call("56564444")
        caller.wait_answered()
        caller.hang_up()
        caller.wait_ended()
    call = wait_for("the call's end", lambda: call_of(leader, "13600000001", "ended"))
    assert (call["outcome"], call["ticket_id"], call["answered_at"]) == ("abandoned_greeting", None, None)


def test_in_the_queue_and_while_ringing(hotline: Hotline, leader: Person) -> None:
    with (
        ScriptedPhone.seat(hotline.settings, 2) as seat,
        ScriptedPhone.citizen(hotline.settings, "13600000002") as rings,
        ScriptedPhone.citizen(hotline.settings, "13600000003") as waits,
    ):
        operator = hotline.sign_in("op02")
        operator.post("/api/seats/2/take", {"phone": "desk"})
        operator.post("/api/seats/2/start")
        rings.call("56564444")
        seat.wait("incoming")
        waits.call("56564444")
        wait_for("one who waits", lambda: call_of(leader, "13600000003", "queued"))
        for caller in (waits, rings):
            caller.hang_up()
            caller.wait_ended()
        for number in ("13600000002", "13600000003"):
            call = wait_for("the call's end", lambda number=number: call_of(leader, number, "ended"))
            assert call["outcome"] == "abandoned_queue"
            assert call["ticket_id"] is None
        operator.seat_is(2, "ready")
        operator.post("/api/seats/2/sign-off")
