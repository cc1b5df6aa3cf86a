"""Who went and who stayed says to whom a call was given; nothing is said of a call that simply ended."""

import datetime as dt

import pytest

from core.bridge_words import BridgeKind, LegState
from db.models import Bridge, BridgeLeg
from telephony.room_given import handovers

T = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
IDS = {"caller": 1, "seat": 2, "colleague": 3, "extra-1": 4, "colleague-2": 5}
SEATS = {"seat": 1, "colleague": 2, "colleague-2": 3}


def at(second: float | None) -> dt.datetime | None:
    return None if second is None else T + dt.timedelta(seconds=second)


def told(
    ended: float | None = None, kind: BridgeKind = BridgeKind.CONSULT, **lives: tuple[float, float | None]
) -> list[tuple[float, int | None, list[str]]]:
    """Hand-overs of a room whose parties came and went at these seconds: when, by which seat, to whom."""
    bridge = Bridge(kind=kind, pressed_at=T, ended_at=at(ended))
    legs = [
        BridgeLeg(
            id=9 if role == "rung" else IDS[name],
            role="seat" if role == "rung" else name,
            seat_id=1 if role == "rung" else SEATS.get(name),
            joined_at=at(life[0]),
            left_at=at(life[1]),
        )
        for role, life in lives.items()
        for name in [role.replace("_", "-")]
        if role == "rung" or name in IDS
    ]
    return [
        (
            (one.at - T).total_seconds(),
            one.by.seat_id if one.by else None,
            [leg.role for leg in one.to],
        )
        for one in handovers(bridge, legs)
    ]


TO_COLLEAGUE = [(9.0, 1, ["colleague"])]


@pytest.mark.parametrize(
    ("lives", "given"),
    [
        ({"caller": (9, None), "seat": (1, 9), "colleague": (4, None)}, TO_COLLEAGUE),
        ({"caller": (9, 30), "seat": (1, 9), "colleague": (4, 31)}, TO_COLLEAGUE),
        # Everybody talks, the seat stays
        ({"caller": (9, None), "seat": (1, None), "colleague": (4, None)}, []),
        # The colleague goes, then the caller: nothing was given
        ({"caller": (9, 20), "seat": (1, 21), "colleague": (4, 12)}, []),
        # The caller hung up first
        ({"caller": (2, 8), "seat": (1, 9), "colleague": (4, None)}, []),
        # Outside, and the whole way: colleague first, then outside
        ({"caller": (5, None), "seat": (1, 9), "extra_1": (4, None)}, [(9.0, 1, ["extra-1"])]),
        (
            {"caller": (5, None), "seat": (1, 9), "colleague": (4, 20), "extra_1": (15, None)},
            [(9.0, 1, ["colleague"]), (20.0, 2, ["extra-1"])],
        ),
        # A colleague who is there has the call, whoever else is
        (
            {"caller": (5, None), "seat": (1, 9), "extra_1": (4, None), "colleague_2": (7, None)},
            [(9.0, 1, ["colleague-2"])],
        ),
        # The key was pressed before the answer
        ({"caller": (13, None), "seat": (1, 9), "colleague": (12, None)}, [(12.0, 1, ["colleague"])]),
        # Straight to somebody, and back to the own seat where nobody came
        ({"caller": (7, None), "extra_1": (6, None)}, [(6.0, None, ["extra-1"])]),
        ({"caller": (7, None), "rung": (6, None)}, []),
        ({"caller": (7, None), "rung": (6, 20), "colleague": (15, None)}, [(20.0, 1, ["colleague"])]),
    ],
)
def test_to_whom(lives, given):
    assert told(**lives) == given


def test_a_room_that_was_ended_gave_nobody_away():
    lives = {"caller": (5.0, 14.0), "seat": (1.0, 9.0), "extra_1": (4.0, 9.2)}
    assert told(ended=8.9, **lives) == []


def test_a_seat_whose_page_is_rung_again_has_given_nobody_away():
    caller = BridgeLeg(id=1, role="caller", joined_at=at(5))
    seat = BridgeLeg(id=2, role="seat", seat_id=1, state=LegState.ORDERED, joined_at=at(1), left_at=at(9))
    colleague = BridgeLeg(id=3, role="colleague", seat_id=2, state=LegState.JOINED, joined_at=at(4))
    room = Bridge(kind=BridgeKind.CONSULT, pressed_at=T)
    assert list(handovers(room, [caller, seat, colleague])) == []
    seat.state = LegState.NO_ANSWER
    assert [one.to for one in handovers(room, [caller, seat, colleague])] == [(colleague,)]


def test_calls_out_and_rooms_without_a_caller_give_nobody_away():
    assert told(kind=BridgeKind.OUTBOUND, caller=(5, None), seat=(1, 9), extra_1=(4, None)) == []
    assert told(seat=(1, 9), colleague=(4, None)) == []
