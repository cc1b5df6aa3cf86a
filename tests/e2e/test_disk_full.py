"""A disk without one byte of room: calls are talked and taken on; with room again all is as ever, unaided."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.hearing import only_hear
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.test_supervisor_page import CALLER_HZ, FAR_HZ, talk

DURING, AFTER = "13800006701", "13800006702"
SIZE_MB = 400
TONES = {"caller": CALLER_HZ, "seat": FAR_HZ}
BOTH = {"caller": {"seat"}, "seat": {"caller"}}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs to mount a small disk: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def hotline(disk: Path) -> Iterator[Hotline]:
    made = Hotline(disk / "hotline", transcribed=False)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def fill(disk: Path) -> Path:
    """To the last byte."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as out:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    out.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017
    return ballast


def emptied(hotline: Hotline) -> bool:
    """SQLite's journal is cut to nothing: from now on each write needs new room."""
    with closing(sqlite3.connect(hotline.settings.state_dir / "minsheng.db")) as link:
        return bool(link.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def whole(hotline: Hotline) -> bool:
    """As the database itself sees it."""
    with closing(sqlite3.connect(hotline.settings.state_dir / "minsheng.db")) as link:
        assert link.execute("PRAGMA foreign_key_check").fetchall() == []
        return link.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_full_disk_ends_no_call_and_with_room_again_all_is_well(
    hotline: Hotline, disk: Path, tmp_path: Path
) -> None:
    leader = hotline.sign_in("leader")
    processes = hotline.python_processes()
    with talk(hotline, tmp_path, DURING) as (caller, _):
        only_hear(tmp_path, BOTH, TONES)
        wait_for("the journal to be empty", lambda: emptied(hotline))
        ballast = fill(disk)
        try:
            only_hear(tmp_path, BOTH, TONES)
            assert "盘满后录音会缺失" in leader.get("/api/board")["disk"]["text"]
            refused = leader.http.post(
                "/api/seats/1/pause",
                json={"reason": "break", "why": "等一下"},
                headers={"X-CSRF-Token": leader.csrf},
            )
            assert (refused.status_code, refused.json()["error"]["code"]) == (507, "disk-full")
            # Its end is heard of, and cannot be written
            caller.hang_up()
            wait_for("Asterisk to be empty", lambda: not hotline.channels().strip())
            assert leader.call_of(DURING)["state"] == "talking"
        finally:
            ballast.unlink()
        wait_for("the call to be over", lambda: leader.call_of(DURING)["state"] == "ended")
        leader.seat_is(1, "wrap_up")
    with talk(hotline, tmp_path, AFTER):
        only_hear(tmp_path, BOTH, TONES)
    for number in (DURING, AFTER):
        wait_for(
            "its recording", lambda number=number: (leader.call_of(number)["recording"] or {}).get("ready")
        )
    assert hotline.python_processes() == processes, "nobody was started anew"
    assert whole(hotline)
