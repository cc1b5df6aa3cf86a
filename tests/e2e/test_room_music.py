"""Music that Asterisk forgot to stop in a room ends as somebody comes in, and when the link is up again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hearing import only_hear, only_music, voice
from tests.e2e.hotline import wait_for
from tests.e2e.past_control import order

TONES_HZ = {"first": 440.0, "second": 630.0}
ROOM = "ms-990"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("music"), BridgeHouse) as made:
        yield made


def ring(house: BridgeHouse, *, desk: int, exten: int) -> None:
    """A telephone is rung for the room, past the control plane."""
    target = {"Context": "music-test", "Exten": str(exten), "Priority": "1", "Async": "true"}
    order(house.settings, "Originate", Channel=f"PJSIP/desk{desk}", **target)


@pytest.fixture
def phones(house: BridgeHouse, tmp_path: Path) -> Iterator[None]:
    """Desk phones 4 and 5. The first one's music is not the room's, which will not stop it."""
    rx = house.hotline.supervisor.asterisk.rx
    steps = (
        "Set(CONFBRIDGE(user,quiet)=yes)",
        "StartMusicOnHold,",
        f'ConfBridge,"{ROOM},bridge,,room-keys"',
    )
    for priority, step in enumerate(steps, 1):
        rx(f"dialplan add extension 1,{priority},{step} into music-test")
    rx(f'dialplan add extension 2,1,ConfBridge,"{ROOM},bridge,seat,room-keys" into music-test')
    with (
        ScriptedPhone.seat(
            house.settings, 4, auto_answer=True, **voice(tmp_path, "first", TONES_HZ["first"])
        ) as first,
        ScriptedPhone.seat(
            house.settings, 5, auto_answer=True, **voice(tmp_path, "second", TONES_HZ["second"])
        ),
    ):
        ring(house, desk=4, exten=1)
        first.wait_answered()
        wait_for("the first in the room", lambda: ROOM in rx("confbridge list"))
        only_music(tmp_path, "first", TONES_HZ)
        yield
        rx("channel request hangup all")
        wait_for("every line to be free", lambda: not house.hotline.channels().strip())


@pytest.mark.usefixtures("phones")
def test_who_was_alone_hears_who_comes(house: BridgeHouse, tmp_path: Path) -> None:
    ring(house, desk=5, exten=2)
    only_hear(tmp_path, {"first": {"second"}, "second": {"first"}}, TONES_HZ)


@pytest.mark.usefixtures("phones")
def test_who_came_while_the_link_was_cut_is_heard_when_it_is_up(house: BridgeHouse, tmp_path: Path) -> None:
    house.link.down = True
    house.link.cut()
    ring(house, desk=5, exten=2)
    only_hear(tmp_path, {"second": {"first"}}, TONES_HZ)
    only_music(tmp_path, "first", TONES_HZ)
    house.link.down = False
    only_hear(tmp_path, {"first": {"second"}, "second": {"first"}}, TONES_HZ)
