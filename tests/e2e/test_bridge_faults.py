"""Presses while the control link is cut, the process is killed, the key is pressed twice: one of each.

`MINSHENG_BRIDGE_PRESSES` says how many; the checker reads Asterisk's records and the rows, not our answers.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.carrier import Carrier
from ops.phone import ScriptedPhone
from ops.smoke_bridge import TONES_HZ
from tests.e2e.bridge_house import BridgeHouse, after, kill_api

PRESSES = int(os.environ.get("MINSHENG_BRIDGE_PRESSES", "8"))
SEED = int(os.environ.get("MINSHENG_BRIDGE_SEED", "1"))


def plain(house: BridgeHouse, key: str, _dice: random.Random) -> int:
    return house.press(key)["id"]


def twice(house: BridgeHouse, key: str, _dice: random.Random) -> int:
    with ThreadPoolExecutor(2) as hands:
        first, second = hands.map(lambda _: house.press(key)["id"], range(2))
    assert first == second
    return first


def cut(house: BridgeHouse, key: str, dice: random.Random) -> int:
    fault = after(dice, 0.3, house.link.cut)
    found = house.press(key)["id"]
    fault.join()
    return found


def kill(house: BridgeHouse, key: str, dice: random.Random) -> int:
    fault = after(dice, 0.3, lambda: kill_api(house))
    found = house.press(key)["id"]
    fault.join()
    return found


FAULTS: list[Callable[[BridgeHouse, str, random.Random], int]] = [cut, kill, twice, plain]


@pytest.mark.timeout(60 + 60 * PRESSES)
def test_every_press_is_one_conference_and_one_leg_a_role(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    with Carrier() as carrier:
        house = BridgeHouse(tmp_path / "house", carrier)
        try:
            house.start()
            with house.outside(), ScriptedPhone.seat(house.settings, 1, auto_answer=True) as seat:
                for number in range(PRESSES):
                    one_press(house, seat, number, dice)
            assert house.problems() == []
            assert len(house.carrier.invites) == 3 * PRESSES
        finally:
            house.stop()


def one_press(house: BridgeHouse, seat: ScriptedPhone, number: int, dice: random.Random) -> None:
    key = f"faulty-press-{number}"
    house.on_duty()
    with ScriptedPhone.citizen(house.settings, f"138{number:08d}") as caller:
        caller.call(house.settings.asterisk.hotline_number)
        caller.wait("media")
        caller.dtmf("1")
        seat.wait("state", state="CONFIRMED", skip=number)
        house.operator.seat_is(1, "talking")
        bridge_id = FAULTS[number % len(FAULTS)](house, key, dice)
        house.until(bridge_id, 60, **dict.fromkeys(TONES_HZ, "joined"))
        assert not [event for event in caller.events if event.get("state") == "DISCONNECTED"]
        assert house.hotline.supervisor.wait_ready(120)
        house.operator.post(f"/api/v1/bridges/{bridge_id}/end")
        caller.wait_ended()
        seat.wait("state", state="DISCONNECTED", skip=number)
        house.until(bridge_id, 30, **{role: "left" for role in TONES_HZ if role != "caller"})
    house.operator.seat_is(1, "wrap_up")
