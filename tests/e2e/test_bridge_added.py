"""Somebody is added to a conference that runs: asked like the first ones, and heard of by a soft tone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.phone import ScriptedPhone, read_wav, recorded_s
from ops.smoke_bridge import sounds
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hearing import share
from tests.e2e.hotline import wait_for

LOW_HZ, HIGH_HZ = 988.0, 1319.0
LATER_S = 2.0
FRAME_S = 0.1
HEARD = 0.03
"""A soft note, among steady loud tones."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("added")) as made:
        yield made


def recorded(files: Path, names: tuple[str, ...]) -> dict[str, float]:
    """How long each one's recording is by now."""
    return {name: recorded_s(files / f"{name}-hears.wav") for name in names}


def notes(files: Path, since: dict[str, float]) -> dict[str, str]:
    """What each one has heard in the seconds after those moments: `up`, `down`, or nothing."""
    wait_for(
        "sound to flow",
        lambda: all(now > since[name] + LATER_S for name, now in recorded(files, tuple(since)).items()),
    )
    return {name: way(files / f"{name}-hears.wav", at) for name, at in since.items()}


def way(file: Path, from_s: float) -> str:
    """Which way the two notes go."""
    samples, rate_hz = read_wav(file)
    frame = round(FRAME_S * rate_hz)
    found = {LOW_HZ: list[int](), HIGH_HZ: list[int]()}
    for at in range(round(from_s * rate_hz), len(samples) - frame, frame):
        for hz, seen in found.items():
            if share(samples[at : at + frame], rate_hz, hz) > HEARD:
                seen.append(at)
    low, high = found.values()
    return ("up" if low[0] < high[0] else "down") if low and high else ""


def test_who_is_added_is_asked_and_everybody_hears_a_soft_tone(house: BridgeHouse, tmp_path: Path) -> None:
    there = ("caller", "seat", "grid_worker")
    with (
        house.outside(tmp_path) as outside,
        ScriptedPhone.seat(house.settings, 1, auto_answer=True, **sounds(tmp_path, "seat")) as seat,
        ScriptedPhone.citizen(house.settings, **sounds(tmp_path, "caller")) as caller,
    ):
        house.on_duty()
        house.talk(caller, seat)
        begin = recorded(tmp_path, ("caller", "seat"))
        bridge_id = house.press("before-the-addition", roles=["grid_worker"])["id"]
        house.until(bridge_id, caller="joined", seat="joined", grid_worker="joined")
        assert notes(tmp_path, begin) == {"caller": "", "seat": ""}, "the press itself is not announced"

        begin = recorded(tmp_path, there)
        path = f"/api/v1/bridges/{bridge_id}"
        house.operator.post(f"{path}/legs", {"role": "internet_office"})
        outside["internet_office"].wait("pressed")  # greeted and asked as at the start
        house.until(bridge_id, internet_office="joined")
        assert notes(tmp_path, begin) == dict.fromkeys(there, "up")

        begin = recorded(tmp_path, there)
        outside["internet_office"].hang_up()
        house.until(bridge_id, internet_office="left")
        assert notes(tmp_path, begin) == dict.fromkeys(there, "down"), "and when it goes"
        house.operator.post(f"{path}/end")
        caller.wait_ended(30)
    assert house.problems() == []
