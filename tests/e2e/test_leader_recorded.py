"""A shift leader who barges in is on the call's recording, from then until then; a whisper is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.e2e.hearing import HEARD, share
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.leader_house import TONES_HZ, Three, all_hear, three


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    made = Hotline(tmp_path_factory.mktemp("recorded-leader"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def ready(here: Three) -> dict[str, Any] | None:
    recording = here.leader.get(f"/api/calls/{here.call_id}")["recording"]
    return recording if recording is not None and recording["ready"] else None


def leads_seconds(file: Path) -> list[bool]:
    """For each second of the seat's side whether the leader's tone is in it."""
    samples, rate_hz = soundfile.read(file, dtype="int16")
    side = samples[:, 1].astype(float)
    return [
        share(side[at : at + rate_hz], rate_hz, TONES_HZ["lead"]) > HEARD
        for at in range(0, len(side) - rate_hz, rate_hz)
    ]


def test_a_barging_leader_is_on_the_recording_and_a_whisper_is_not(hotline: Hotline, tmp_path: Path) -> None:
    with three(hotline, tmp_path, "13800004321") as here:
        here.order("listen")
        here.until("listening")
        all_hear(tmp_path, caller={"seat"})
        here.order("barge")
        here.until("barged")
        all_hear(tmp_path, caller={"seat", "lead"})
        here.order("whisper")
        here.until("whispering")
        all_hear(tmp_path, caller={"seat"})
        here.order("barge")
        here.until("barged")
        all_hear(tmp_path, caller={"seat", "lead"})
        here.order("take_over")
        here.until("taken_over")
        all_hear(tmp_path, caller={"lead"})
        here.caller.hang_up()
        recording = wait_for("the recording", lambda: ready(here), 30)
        sound = here.leader.http.get(f"/api/recordings/{recording['id']}/audio")
        assert sound.status_code == 200
    file = tmp_path / "call.wav"
    file.write_bytes(sound.content)
    there = leads_seconds(file)
    heard = "".join("L" if second else "." for second in there)
    first = heard.index("L")
    assert first >= 1, f"listening is not heard: {heard}"
    assert "LL" in heard, heard
    assert "." in heard[first : heard.rindex("L")], f"a whisper is not heard: {heard}"
    assert heard.rstrip(".").endswith("L"), heard
    assert len(list((hotline.settings.recordings_dir / "capture").glob("sv-*-lead.wav16"))) == 2
