"""A flood by the dialplan alone: a key is asked for, 1 never in question, the last lines are kept."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.e2e.hotline import wait_for
from tests.e2e.raw_sip import RawPhone
from tests.e2e.routing_plane import (
    CUT_OFF,
    LOST,
    PLAIN,
    URGENT,
    dial,
    empty_queue,
    leave,
    past_greeting,
    plane,
    rings,
)
from tests.e2e.voice_plane import VoicePlane

__all__ = ["empty_queue", "plane"]


def test_a_flood_that_presses_no_key_is_let_go(plane: VoicePlane) -> None:
    """A key of another meaning is no answer; key 2 in the greeting leads not around the question."""
    keys = {PLAIN: "", CUT_OFF: "9", LOST: "2"}
    with plane.seat(1) as seat, ExitStack() as stack:
        plane.member(1)
        callers = {number: stack.enter_context(plane.citizen(number)) for number in keys}
        for number, caller in callers.items():
            dial(caller)
            plane.tell(number, MS_CHALLENGE=1)
            if keys[number]:
                caller.dtmf(keys[number])
        for number in callers:
            wait_for(f"the question to {number}", lambda n=number: "hotline-challenge" in plane.place(n))
        for caller in callers.values():
            caller.wait_ended(timeout_s=60)
        assert rings(seat) == []


@pytest.mark.parametrize(("key", "priority"), [("5", 0), ("1", 40)])
def test_a_person_who_presses_a_key_gets_through(plane: VoicePlane, key: str, priority: int) -> None:
    with plane.seat(1), plane.citizen(PLAIN) as caller:
        plane.member(1)
        plane.pause(1, penalty=0)
        dial(caller)
        plane.tell(PLAIN, MS_CHALLENGE=1)
        past_greeting(caller)
        wait_for("the question", lambda: "hotline-challenge" in plane.place(PLAIN))
        caller.dtmf(key)
        plane.waits(PLAIN, priority)
        leave(caller)


def test_key_1_is_heard_in_the_goodbye_too(plane: VoicePlane) -> None:
    with plane.seat(1), plane.citizen(PLAIN) as caller:
        plane.member(1)
        plane.pause(1, penalty=0)
        dial(caller)
        plane.tell(PLAIN, MS_CHALLENGE=1)
        past_greeting(caller)
        wait_for("the goodbye", lambda: "hotline-away" in plane.place(PLAIN), 60)
        caller.dtmf("1")
        plane.waits(PLAIN, 40)
        leave(caller)


def test_the_last_lines_are_kept_for_numbers_that_do_not_flood(plane: VoicePlane) -> None:
    with plane.seat(1), ExitStack() as stack:
        plane.member(1)
        plane.pause(1, penalty=0)
        numbers = (CUT_OFF, LOST, PLAIN)
        callers = [stack.enter_context(plane.citizen(number)) for number in numbers]
        for caller, number in zip(callers, numbers, strict=True):
            dial(caller)
            past_greeting(caller)
            plane.waits(number, 0)
        again = stack.enter_context(plane.citizen(PLAIN))
        dial(again)
        past_greeting(again)
        wait_for("it turned away", lambda: "hotline-away" in channels(plane))
        again.wait_ended(timeout_s=40)
        other = stack.enter_context(plane.citizen(URGENT))
        dial(other)
        past_greeting(other)
        plane.waits(URGENT, 0)
        flooding = stack.enter_context(plane.citizen("13900000009"))
        dial(flooding)
        plane.tell("13900000009", MS_CHALLENGE=1)
        past_greeting(flooding)
        flooding.wait_ended(timeout_s=40)
        urgent = stack.enter_context(plane.citizen(PLAIN))
        dial(urgent)
        urgent.dtmf("1")
        wait_for("prio 40", lambda: "prio: 40" in plane.asterisk.rx("queue show hotline"))
        leave(*callers, other, urgent)


@pytest.mark.parametrize(
    ("user", "display", "group"),
    [
        ("13800005555", "", "n13800005555"),
        ("+8613800005555", "", "n8613800005555"),
        ("anonymous", "", "n"),
        ("13800005555", '"1),QUEUE_PRIO=40,(out@trunk" ', "n13800005555"),
        ("9" * 70, "", "n" + "9" * 20),
    ],
)
def test_a_callers_own_text_never_names_a_group(
    plane: VoicePlane, user: str, display: str, group: str
) -> None:
    with plane.seat(1), RawPhone(plane.settings, "127.0.0.2", user, display=display) as phone:
        plane.member(1)
        plane.pause(1, penalty=0)
        assert phone.invite() == 200

        def groups() -> dict[str, str] | None:
            rows = [line.split() for line in plane.asterisk.rx("group show channels").splitlines()]
            found = {row[2]: row[1] for row in rows if row[0].startswith("PJSIP")}
            return found if len(found) == 2 else None

        found = wait_for("its two groups", groups)
        assert found == {"trunk": "in", "caller": group}
        # Its turn is known only once it waits: in the greeting nobody has one
        wait_for("it in the queue", lambda: queue_length(plane) == 1)
        assert "prio: 0)" in plane.asterisk.rx("queue show hotline")


@pytest.mark.parametrize("user", ["1%0d%0aVariable%3a%20MS_PRIO", "1%0a", "13800005555,out", "1)x"])
def test_a_forged_caller_is_no_call_and_in_no_group(plane: VoicePlane, user: str) -> None:
    with RawPhone(plane.settings, "127.0.0.2", user) as phone:
        assert phone.invite() in (401, 403)
    assert "PJSIP" not in plane.asterisk.rx("group show channels")


def test_withheld_numbers_share_the_last_lines_as_one_caller(plane: VoicePlane) -> None:
    """Three lines are taken; of three withheld numbers two get in."""
    with plane.seat(1), ExitStack() as stack:
        plane.member(1)
        plane.pause(1, penalty=0)
        for number in (PLAIN, CUT_OFF, LOST):
            assert stack.enter_context(RawPhone(plane.settings, "127.0.0.2", number)).invite() == 200
        wait_for("the three in the queue", lambda: queue_length(plane) == 3)
        # The third comes last: what is counted when the greeting ends is everybody who is on the line then
        withheld = [stack.enter_context(RawPhone(plane.settings, "127.0.0.2", "anonymous")) for _ in range(3)]
        assert [phone.invite() for phone in withheld[:2]] == [200, 200]
        wait_for("two of them in the queue", lambda: queue_length(plane) == 5)
        assert withheld[2].invite() == 200
        wait_for("the third turned away", lambda: "hotline-away" in channels(plane))
        assert queue_length(plane) == 5


def queue_length(plane: VoicePlane) -> int:
    return plane.asterisk.rx("queue show hotline").count("prio:")


def channels(plane: VoicePlane) -> str:
    return plane.asterisk.rx("core show channels concise")


def test_lines_that_we_dial_out_on_count_too(plane: VoicePlane) -> None:
    """The bridge's Originate puts its channels into the same count; here two local ones stand for them."""
    with plane.seat(1), ExitStack() as stack:
        plane.member(1)
        plane.pause(1, penalty=0)
        first = stack.enter_context(plane.citizen(PLAIN))
        dial(first)
        past_greeting(first)
        plane.waits(PLAIN, 0)
        # One caller and another's channel that is counted as outbound twice over would be four lines of three
        second = stack.enter_context(plane.citizen(CUT_OFF))
        third = stack.enter_context(plane.citizen(LOST))
        for caller, number in ((second, CUT_OFF), (third, LOST)):
            dial(caller)
            plane.tell(number, **{"GROUP(trunk)": "out"})  # type: ignore[arg-type]
            past_greeting(caller)
            plane.waits(number, 0)
        again = stack.enter_context(plane.citizen(PLAIN))
        dial(again)
        past_greeting(again)
        wait_for("it turned away", lambda: "hotline-away" in channels(plane))
        again.wait_ended(timeout_s=40)
        leave(first, second, third)
