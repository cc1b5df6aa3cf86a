"""A caller hangs up in the greeting, in the queue, while a seat rings: one row each, told apart."""

from __future__ import annotations

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline, Person, wait_for


def newest(leader: Person, number: str) -> dict[str, object] | None:
    found = [leader.call(row["id"]) for row in leader.get("/api/calls")["calls"][:5]]
    return next(
        (call for call in found if str(call["caller"]).endswith(number) and call["state"] == "ended"), None
    )


@pytest.fixture
def leader(hotline: Hotline) -> Person:
    return hotline.sign_in("leader")


def test_in_the_greeting(hotline: Hotline, leader: Person) -> None:
    with ScriptedPhone.citizen(hotline.settings, "13600000001") as caller:
        caller.call("56564444")
        caller.wait_answered()
        caller.hang_up()
        caller.wait_ended()
    call = wait_for("the call's end", lambda: newest(leader, "0001"))
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
        seat.wait("incoming", timeout_s=30)
        waits.call("56564444")
        wait_for("one who waits", lambda: waiting(leader), 30)
        for caller in (waits, rings):
            caller.hang_up()
            caller.wait_ended()
        for number in ("0002", "0003"):
            call = wait_for("the call's end", lambda number=number: newest(leader, number))
            assert call["outcome"] == "abandoned_queue"
            assert call["ticket_id"] is None
        operator.seat_is(2, "ready")
        operator.post("/api/seats/2/sign-off")


def waiting(leader: Person) -> bool:
    found = [leader.call(row["id"]) for row in leader.get("/api/calls")["calls"][:3]]
    return any(call["state"] == "queued" and str(call["caller"]).endswith("0003") for call in found)
