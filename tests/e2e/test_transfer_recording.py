"""After a call was given away: its recording has the new party, and the new party is listened to live, once.

What was said privately stays private: the caller is in no recording of whom the operator asked, and whom the
operator asked is in the call's recording only from the moment on at which the caller hears him.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ops.phone import tone_power
from tests.e2e.bridge_house import open_house
from tests.e2e.hearing import HEARD, both_sides
from tests.e2e.hotline import wait_for
from tests.e2e.transfer_house import TONES_HZ, TransferHouse


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferHouse]:
    with open_house(tmp_path_factory.mktemp("transfer-sound"), TransferHouse, transcribed=True) as made:
        wait_for("the model", lambda: made.operator.get("/api/board")["engine"]["available"], 120)
        yield made


@pytest.fixture(autouse=True)
def _nobody_stays(house: TransferHouse) -> Iterator[None]:
    yield
    wait_for("every seat to be free", house.empty, 30)
    assert house.problems() == []


SAID = "오늘 아침부터 수돗물이 나오지 않습니다."
"""In the language of the model that stands in."""


def tapped(house: TransferHouse) -> list[str]:
    """Channels that are listened to, once for each listener."""
    shown = house.hotline.supervisor.asterisk.rx("core show channels concise")
    return sorted(re.findall(r"!ChanSpy!(PJSIP/[A-Za-z0-9]+)-[0-9a-f]+,", shown))


def taps_are(house: TransferHouse, *wanted: str) -> None:
    """Wait until just these are listened to, each once."""
    try:
        wait_for("the taps", lambda: tapped(house) == sorted(wanted), 30)
    except AssertionError:
        raise AssertionError(f"{tapped(house)} and not {sorted(wanted)}") from None


def recorded(house: TransferHouse, call_id: str, folder: Path) -> dict[str, set[str]]:
    """Whose tones are in what the caller said, and in what he heard."""
    wait_for("the recording", lambda: (house.leader.call(call_id)["recording"] or {}).get("ready"), 60)
    return {side: tones_in(file) for side, file in both_sides(house.settings, call_id, folder).items()}


def asked_recorded(house: TransferHouse, bridge_id: int) -> set[str]:
    """Whose tones are in the recordings of those whom the room dialled."""
    query = """SELECT a.recording_file FROM bridge_attempts a JOIN bridge_legs l ON l.id = a.leg_id
               WHERE l.bridge_id = ? AND a.joined_at IS NOT NULL"""

    def files() -> list[str] | None:
        with closing(rows_of(house)) as rows:
            found = [name for (name,) in rows.execute(query, (bridge_id,))]
        return found if found and all(found) else None

    names = wait_for("the recordings of the room", files, 30)
    return {who for name in names for who in tones_in(house.settings.recordings_dir / name)}


def tones_in(file: Path) -> set[str]:
    return {who for who, hz in TONES_HZ.items() if tone_power(file, hz) > HEARD}


def rows_of(house: TransferHouse) -> sqlite3.Connection:
    return sqlite3.connect(house.settings.state_dir / "minsheng.db", timeout=10)


def test_given_after_a_private_talk(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        here.talk(caller={"seat"}, seat={"caller"})
        taps_are(house, "PJSIP/trunk", "PJSIP/desk1")
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        here.talk(seat={"colleague"}, colleague={"seat"})
        house.order(bridge_id, "complete")
        house.until(bridge_id, caller="joined", seat="left", colleague="joined")
        here.talk(caller={"colleague"}, colleague={"caller"})
        taps_are(house, "PJSIP/trunk", "PJSIP/desk2")
        here.caller.hang_up()
    assert recorded(house, call_id, tmp_path) == {"said": {"caller"}, "heard": {"seat", "colleague"}}
    assert asked_recorded(house, bridge_id) == {"colleague"}


def test_taken_back_after_a_private_talk(house: TransferHouse, tmp_path: Path) -> None:
    """Whom the caller never heard is not in his recording."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        here.talk(caller={"seat"}, seat={"caller"})
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        here.talk(seat={"colleague"}, colleague={"seat"})
        house.order(bridge_id, "swap")
        house.until(bridge_id, caller="joined", seat="joined", colleague="held")
        here.talk(caller={"seat"}, seat={"caller"})
        house.order(bridge_id, "back")
        house.until(bridge_id, caller="joined", seat="joined", colleague="removed")
        taps_are(house, "PJSIP/trunk", "PJSIP/desk1")
        here.caller.hang_up()
    assert recorded(house, call_id, tmp_path) == {"said": {"caller"}, "heard": {"seat"}}
    assert asked_recorded(house, bridge_id) == {"colleague"}


def test_given_straight_to_a_colleague(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        here.talk(caller={"seat"}, seat={"caller"})
        bridge_id = house.consult(seat_id=2, blind=True)["id"]
        house.until(bridge_id, caller="joined", colleague="joined")
        here.talk(caller={"colleague"}, colleague={"caller"})
        taps_are(house, "PJSIP/trunk", "PJSIP/desk2")
        here.caller.hang_up()
    assert recorded(house, call_id, tmp_path) == {"said": {"caller"}, "heard": {"seat", "colleague"}}
    assert asked_recorded(house, bridge_id) == {"colleague"}


def test_given_outside(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path, outside={"auto_answer": True, "keys": "1"}) as here:
        call_id = house.operator.seat(1)["call_id"]
        here.talk(caller={"seat"}, seat={"caller"})
        bridge_id = house.consult(number_id=house.outside_id)["id"]
        house.until(bridge_id, caller="held", seat="joined", **{"extra-1": "joined"})
        house.order(bridge_id, "complete")
        house.until(bridge_id, caller="joined", seat="left", **{"extra-1": "joined"})
        here.talk(caller={"outside"}, outside={"caller"})
        taps_are(house, "PJSIP/trunk", "PJSIP/outbound")
        here.caller.hang_up()
        wait_for("the end", lambda: house.bridge(bridge_id)["state"] == "ended", 30)
    assert recorded(house, call_id, tmp_path) == {"said": {"caller"}, "heard": {"seat", "outside"}}
    assert asked_recorded(house, bridge_id) == {"outside"}


def test_given_to_the_queue(house: TransferHouse, tmp_path: Path) -> None:
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        here.talk(caller={"seat"}, seat={"caller"})
        house.consult(queue=True)
        house.colleague.seat_is(2, "talking", 30)
        here.talk(caller={"colleague"}, colleague={"caller"})
        taps_are(house, "PJSIP/trunk", "PJSIP/desk2")
        here.caller.hang_up()
    assert recorded(house, call_id, tmp_path) == {"said": {"caller"}, "heard": {"seat", "colleague"}}


def test_the_words_of_the_second_seat_are_its_own(house: TransferHouse, tmp_path: Path) -> None:
    """The first seat keeps silent: a recogniser may write a word for a tone."""
    raw, said, silence = (tmp_path / name for name in ("raw.wav", "said.wav", "silence.wav"))
    subprocess.run(["sox", "-n", "-r", "16000", "-b", "16", silence, "trim", "0", "2"], check=True)
    subprocess.run(["espeak-ng", "-v", "ko", "-s", "150", "-w", raw, SAID], check=True)
    subprocess.run(["sox", raw, "-r", "16000", "-b", "16", said, "pad", "0.3", "2", "norm", "-6"], check=True)
    speaks = {"auto_answer": True, "play": str(said)}
    with house.parties(tmp_path, seat={"play": str(silence)}, colleague=speaks) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        house.order(bridge_id, "complete")
        house.until(bridge_id, caller="joined", seat="left", colleague="joined")
        line = wait_for("words of the second seat", lambda: words(house, call_id), 90)[0]
        assert line["speaker"] == "seat"
        assert line["speaker_label"] == "同事坐席 2号席"
        assert line["leg_id"] == house.leg(bridge_id, "colleague")["id"]
        here.caller.hang_up()


def words(house: TransferHouse, call_id: str) -> list[dict[str, Any]]:
    lines = house.leader.get(f"/api/calls/{call_id}/transcript")["lines"]
    return [line for line in lines if line["speaker"] == "seat"]
