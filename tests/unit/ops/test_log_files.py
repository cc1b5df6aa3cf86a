"""A log that its writer holds open is cut without a line lost or doubled; old pieces go, the newest stays."""

import os
import time

from core.config import load_settings
from ops.log_files import LogFiles, cut
from telephony.file_pieces import drop_old, next_piece, pieces

DAY_S = 86_400


def lines(count):
    return b"".join(b"%07d\n" % n for n in range(count))


def test_the_writer_goes_on_at_the_beginning_of_an_emptied_file(tmp_path):
    file = tmp_path / "api.log"
    with file.open("ab", buffering=0) as writer:
        for n in range(3):
            writer.write(b"before %d\n" % n)
            cut(file)
        writer.write(b"after\n")
    assert file.read_bytes() == b"after\n"
    assert [one.read_bytes() for one in pieces(file)] == [b"before 0\n", b"before 1\n", b"before 2\n"]
    assert {one.name for one in tmp_path.iterdir()} == {
        "api.log",
        "api.log.000001",
        "api.log.000002",
        "api.log.000003",
    }


def test_only_what_is_too_long_is_cut_and_a_second_look_waits(tmp_path):
    said = []
    settings = load_settings(tmp_path, retention={"log_mb": 1})
    settings.log_dir.mkdir()
    asterisk = settings.asterisk_dir / "log"
    asterisk.mkdir(parents=True)
    long, short = lines((1 << 20) // 8 + 1), lines(3)
    for file, data in ((settings.log_dir / "api.log", long), (asterisk / "queue_log", long)):
        file.write_bytes(data)
    (asterisk / "messages.log").write_bytes(short)
    (asterisk / "cel.csv").write_bytes(long)  # its reader cuts it
    logs = LogFiles(settings, said.append)
    logs.tend()
    assert [one.read_bytes() for one in pieces(settings.log_dir / "api.log")] == [long]
    assert [one.read_bytes() for one in pieces(asterisk / "queue_log")] == [long]
    assert (asterisk / "queue_log").read_bytes() == b""
    assert (asterisk / "messages.log").read_bytes() == short
    assert pieces(asterisk / "cel.csv") == []
    (asterisk / "queue_log").write_bytes(long)
    logs.tend()  # within the minute
    assert len(pieces(asterisk / "queue_log")) == 1
    assert said == []


def test_pieces_go_by_age_and_number_and_the_newest_never(tmp_path):
    file = tmp_path / "cel.csv"
    for n in range(1, 8):
        piece = next_piece(file)
        assert piece.name == f"cel.csv.{n:06d}"
        piece.write_bytes(b"x")
        age = (400 if n < 3 else 10) * DAY_S
        os.utime(piece, (time.time() - age, time.time() - age))
    (tmp_path / "cel.csv.old").write_bytes(b"somebody else's")
    assert drop_old(file, time.time() - 190 * DAY_S, kept=4) == 3
    assert [one.name[-1] for one in pieces(file)] == ["4", "5", "6", "7"]
    assert drop_old(file, time.time(), kept=4) == 3
    assert [one.name for one in pieces(file)] == ["cel.csv.000007"]
    assert next_piece(file).name == "cel.csv.000008"
    assert (tmp_path / "cel.csv.old").exists()


def test_what_cannot_be_cut_is_said_once_and_keeps_nothing_half(tmp_path):
    said = []
    settings = load_settings(tmp_path, retention={"log_mb": 1})
    settings.log_dir.mkdir()
    (settings.log_dir / "api.log").write_bytes(lines((1 << 20) // 8 + 1))
    # The place of the copy is taken by a folder
    (settings.log_dir / ".api.log.000001.part").mkdir()
    logs = LogFiles(settings, said.append)
    for _ in range(2):
        logs._next = 0.0  # a minute later
        logs.tend()
    assert len(said) == 1
    assert "api.log" in said[0]
    assert (settings.log_dir / "api.log").stat().st_size > 1 << 20
