"""Who was cut off comes before the rest, a flood is asked for a key: the whole hotline with real phones."""

from __future__ import annotations

from contextlib import ExitStack

from tests.e2e.hotline import Hotline, Person, wait_for
from tests.e2e.routing_house import (
    Desks,
    citizen,
    desks,
    dial,
    ended,
    hang_up_leg,
    house,
    on_board,
    place,
    queue_line,
    rings,
    waiting_s,
)

__all__ = ["desks", "house"]
BROKEN, GAVE_UP, PLAIN, FLOOD = "13822220001", "13822220002", "13822220003", "13833330001"


def break_a_talk(house: Hotline, desks: Desks) -> None:
    """A talk at seat 1 that Asterisk ends because the seat's leg is dead."""
    person, phone = desks[1]
    before = rings(phone)
    with citizen(house, BROKEN) as caller:
        dial(house, caller, BROKEN)
        phone.wait("incoming", skip=before)
        phone.answer()
        person.seat_is(1, "talking")
        hang_up_leg(house, "desk1")
        caller.wait_ended()
    person.seat_is(1, "ready")


def wait_in_vain(house: Hotline, person: Person) -> None:
    """Longer than the policy in the queue, then hung up."""
    with citizen(house, GAVE_UP) as caller:
        dial(house, caller, GAVE_UP)
        wait_for("a long wait", lambda: waiting_s(person, GAVE_UP) > 1.5)
        caller.hang_up()
        caller.wait_ended()
    assert ended(house, GAVE_UP)["outcome"] == "abandoned_queue"


def test_a_talk_that_broke_and_a_wait_given_up_come_before_the_rest(house: Hotline, desks: Desks) -> None:
    (person, phone), (second, _) = desks[1], desks[2]
    second.post("/api/seats/2/pause", {"reason": "break"})
    break_a_talk(house, desks)
    person.post("/api/seats/1/pause", {"reason": "assist"})
    wait_in_vain(house, person)
    with ExitStack() as stack:
        callers = {n: stack.enter_context(citizen(house, n)) for n in (PLAIN, GAVE_UP, BROKEN)}
        for count, (number, caller) in enumerate(callers.items(), start=1):
            dial(house, caller, number, "" if number == PLAIN else "MS_PRIO=")
            wait_for(f"{number} in the queue", lambda c=count: len(queue_line(house)) == c)
        assert queue_line(house) == [20, 20, 0]

        def shown() -> list[str]:
            return [(on_board(person, number) or {}).get("priority", "") for number in callers]

        wait_for("it on the board", lambda: shown() == ["normal", "cut_off", "cut_off"])
        before = rings(phone)
        person.post("/api/seats/1/resume")
        ring = phone.wait("incoming", skip=before)
        assert GAVE_UP in ring["headers"]["From"]
        for number in (PLAIN, BROKEN, GAVE_UP):
            callers[number].hang_up()
            callers[number].wait_ended()
    second.post("/api/seats/2/resume")


def turned_away(house: Hotline) -> None:
    """Three calls are borne; the fourth is asked, presses nothing and is let go."""
    leader = house.sign_in("leader")
    for _ in range(3):
        with citizen(house, FLOOD) as caller:
            caller.call("56564444")
            caller.wait_answered()
            caller.hang_up()
            caller.wait_ended()
        ended(house, FLOOD)
    seen = {row["id"] for row in leader.get("/api/calls")["calls"]}
    with citizen(house, FLOOD) as caller:
        dial(house, caller, FLOOD, "MS_CHALLENGE=")
        caller.wait_ended(timeout_s=60)
    row = ended(house, FLOOD, seen)
    assert (row["outcome"], [why["word"] for why in row["why"]]) == ("turned_away", ["flood"])


def gets_through(house: Hotline, person: Person, key: str, reasons: list[str]) -> None:
    """The flooding caller presses a key: 5 when asked, 1 at once."""
    with citizen(house, FLOOD) as caller:
        if key == "5":
            dial(house, caller, FLOOD, "MS_CHALLENGE=")
            wait_for("the question", lambda: "hotline-challenge" in place(house, "trunk"))
        else:
            caller.call("56564444")
            caller.wait("media")
        caller.dtmf(key)
        wait_for(f"the queue after {key}", lambda: queue_line(house) == [40 if key == "1" else 0])

        def shown() -> bool:
            call = on_board(person, FLOOD)
            return call is not None and [why["word"] for why in call["why"]] == reasons

        wait_for(f"{reasons} on the board", shown)
        caller.hang_up()
        caller.wait_ended()


def test_a_flood_is_asked_and_key_1_never_is(house: Hotline, desks: Desks) -> None:
    person = desks[1][0]
    for seat, (one, _) in desks.items():
        one.post(f"/api/seats/{seat}/pause", {"reason": "assist"})
    turned_away(house)
    gets_through(house, person, "5", ["flood"])
    gets_through(house, person, "1", ["emergency_key", "flood"])
    for seat, (one, _) in desks.items():
        one.post(f"/api/seats/{seat}/resume")
    today = person.get("/api/board")["today"]
    parts = ("answered", "abandoned", "voicemail", "turned_away", "in_progress")
    assert today["offered"] == sum(today[part] for part in parts)
    assert today["turned_away"] >= 1
