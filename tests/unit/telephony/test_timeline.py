"""A call's facts become segments that neither overlap nor leave a gap."""

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from telephony.timeline import LABELS, Told, segments, wrap_up

T = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)


def told(seconds, kind, **more):
    return Told(T + dt.timedelta(seconds=seconds), kind, **more)


def kinds(found):
    return [(one.kind, one.seconds) for one in found]


def test_a_whole_call():
    facts = [
        told(0, "CallArrived"),
        told(8, "CallQueued"),
        told(10, "SeatOffered", seat_id=2),
        told(25, "SeatMissed", seat_id=2),
        told(27, "SeatOffered", seat_id=3),
        told(30, "CallAnswered", seat_id=3),
        told(60, "CallHeld"),
        told(75, "CallResumed"),
        told(90, "TicketChanged"),
        told(100, "CallTakenOver"),
        told(130, "CallEnded"),
    ]
    found = segments(facts, T + dt.timedelta(hours=1))
    assert kinds(found) == [
        ("greeting", 8),
        ("queue", 2),
        ("ring", 15),
        ("queue", 2),
        ("ring", 3),
        ("talk", 30),
        ("hold", 15),
        ("talk", 25),
        ("leader", 30),
    ]
    assert found[5].seat_id == 3


def test_one_that_goes_on_ends_now_and_a_message_is_one():
    facts = [told(0, "CallArrived"), told(5, "MessageStarted")]
    assert kinds(segments(facts, T + dt.timedelta(seconds=20))) == [("greeting", 5), ("message", 15)]
    gone = [*facts, told(9, "CallReconciled", state="ended")]
    assert kinds(segments(gone, T + dt.timedelta(seconds=20))) == [("greeting", 5), ("message", 4)]


def test_wrap_up_lasts_until_the_seat_is_ready_paused_or_left():
    freed = told(100, "SeatFreed", seat_id=3)
    seat = [told(100, "SeatPaused", reason="wrap_up"), told(160, "SeatUnpaused")]
    assert kinds([wrap_up(seat, freed, T)]) == [("wrap_up", 60)]
    assert wrap_up(seat[:1], freed, T + dt.timedelta(seconds=130)).seconds == 30
    meal = [
        told(90, "SeatUnpaused"),
        told(100, "SeatPaused", reason="wrap_up"),
        told(120, "SeatPaused", reason="meal"),
    ]
    assert wrap_up(meal, freed, T).seconds == 20


STEPS = st.sampled_from(
    [
        "CallQueued",
        "SeatOffered",
        "SeatMissed",
        "CallAnswered",
        "CallHeld",
        "CallResumed",
        "SeatLegLost",
        "Other",
    ]
)


@given(st.lists(st.tuples(st.integers(1, 50), STEPS), max_size=15))
def test_segments_join_without_gap_or_overlap(steps):
    moment, facts = 0, [told(0, "CallArrived")]
    for seconds, kind in steps:
        moment += seconds
        facts.append(told(moment, kind))
    facts.append(told(moment + 1, "CallEnded"))
    found = segments(facts, T)
    assert sum(one.seconds for one in found) == moment + 1
    for one, after in itertools.pairwise(found):
        assert one.at + dt.timedelta(seconds=one.seconds) == after.at
        assert one.kind != after.kind
    assert {one.kind for one in found} <= set(LABELS)
