"""What is written of a leg is found though the file was cut since: else it would be dialled again."""

import pytest

from telephony import bridge_records
from telephony.bridge_records import stories
from telephony.file_pieces import next_piece

LEG = "br-1x2x1-abc"


def line(event, uniqueid=LEG, app="", extra=""):
    return (
        f'"{event}","1764000000.000000","{uniqueid}","{uniqueid}","PJSIP/outbound-00000001","1","","","{app}",'
        f'"","","{extra}",""\n'
    )


@pytest.mark.parametrize("new_file", [None, "", line("CHAN_START", "br-9x9x9-zzz")])
def test_a_leg_in_the_piece_before(tmp_path, new_file):
    file = tmp_path / "cel.csv"
    file.write_text(line("CHAN_START"))
    file.rename(next_piece(file))
    if new_file is not None:
        file.write_text(new_file)
    assert stories(file, {LEG})[LEG].ended is False
    assert stories(file, {"br-1x2x2-abc"}) == {}


def test_a_story_goes_over_the_cut(tmp_path):
    file = tmp_path / "cel.csv"
    file.write_text(line("CHAN_START") + line("APP_START", app="ConfBridge"))
    file.rename(next_piece(file))
    file.write_text(line("HANGUP", extra='{""hangupcause"":17}'))
    story = stories(file, {LEG})[LEG]
    assert (story.joined, story.ended, story.cause) == (True, True, 17)


def test_only_the_end_of_it_all_is_read(tmp_path, monkeypatch):
    file = tmp_path / "cel.csv"
    for _ in range(2):
        file.write_text(line("CHAN_START"))
        file.rename(next_piece(file))
    file.write_text(line("CHAN_START", "br-9x9x9-zzz"))
    monkeypatch.setattr(bridge_records, "TAIL", file.stat().st_size)
    assert stories(file, {LEG}) == {}
    monkeypatch.setattr(bridge_records, "TAIL", 2 * file.stat().st_size)
    assert LEG in stories(file, {LEG})
