"""Names of leaders' channels, and which of Asterisk's words about them are believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UnsafeHeader
from core.supervision_words import Mode
from telephony.ami_protocol import AmiMessage, parse_message
from telephony.supervision_names import Target, channel_id, lead_of_channel, of_channel_id, of_room, of_token
from telephony.supervision_translate import Heard, Sign, read, shown

SEAT, LEAD, CALLER = "PJSIP/seat3-0000001a", "PJSIP/lead1-0000001c", "PJSIP/trunk-00000019"
OURS = channel_id(42)


def event(**headers):
    return parse_message("\r\n".join(f"{key}: {value}" for key, value in headers.items()).encode())


def test_a_channel_goes_into_the_dialplan_as_letters_and_digits_only():
    assert Target(42, SEAT).token == "42xs3x0000001a"
    assert Target(7, "PJSIP/desk12-00abcdef01").token == "7xd12x00abcdef01"
    assert of_token(Target(42, SEAT).token) == 42
    assert (of_channel_id(OURS), of_room("lead-42"), lead_of_channel(LEAD)) == (42, 42, 1)


BAD = [
    "",
    "PJSIP/trunk-0000001a",
    "PJSIP/seat3",
    "PJSIP/seat3-",
    "PJSIP/seat3-xyz",
    "PJSIP/seat3-0000001a\r\nAction: x",
    "PJSIP/seat3-0000001a,qw",
    "PJSIP/seat0-0000001a",
    "Local/seat3-0000001a",
]


@pytest.mark.parametrize("channel", BAD)
def test_what_is_no_seats_channel_is_refused(channel):
    with pytest.raises(UnsafeHeader):
        _ = Target(1, channel).token


@given(st.text(max_size=40))
def test_no_text_at_all_makes_anything_but_a_plain_token(text):
    try:
        token = Target(1, text).token
    except UnsafeHeader:
        return
    assert token.isascii()
    assert token.isalnum()


def test_what_asterisk_shows_is_read():
    spying = {"SpyerUniqueid": OURS, "SpyerChannel": LEAD, "SpyeeChannel": SEAT}
    assert read(event(Event="ChanSpyStart", SpyerContext="lead-whisper", **spying)) == Heard(
        Sign.HEARS, 42, LEAD, Mode.WHISPER, SEAT
    )
    assert read(event(Event="Newstate", Uniqueid=OURS, Channel=LEAD, ChannelState="5")).sign is Sign.RANG
    assert read(event(Event="Newstate", Uniqueid=OURS, Channel=LEAD, ChannelState="6")) is None
    assert read(event(Event="HangupRequest", Uniqueid=OURS, Channel=LEAD)).sign is Sign.LEAVES
    assert read(event(Event="Hangup", Uniqueid=OURS, Channel=LEAD, Cause="16")).sign is Sign.HUNG_UP
    failed = event(Event="OriginateResponse", Response="Failure", Exten="42xs3x0000001a", Uniqueid="<null>")
    assert read(failed) == Heard(Sign.NEVER_BEGAN, 42)
    assert read(event(Event="OriginateResponse", Response="Success", Exten="42xs3x0000001a")) is None
    room = {"Event": "ConfbridgeJoin", "Conference": "lead-42"}
    assert read(event(**room, Channel=CALLER, Uniqueid="ms-1.1")).sign is Sign.CALLER_IN_ROOM
    assert read(event(**room, Channel=LEAD, Uniqueid=OURS)).sign is Sign.IN_ROOM
    assert read(event(Event="ConfbridgeJoin", Conference="ms-42", Channel=LEAD, Uniqueid="x")) is None


def test_what_does_not_fit_is_not_believed():
    spying = {"Event": "ChanSpyStart", "SpyerUniqueid": OURS, "SpyerChannel": LEAD}
    assert read(event(**spying, SpyerContext="lead-listen", SpyeeChannel=CALLER)) is None
    assert read(event(**spying, SpyerContext="elsewhere", SpyeeChannel=SEAT)) is None
    room = {"Event": "ConfbridgeJoin", "Conference": "lead-42"}
    assert read(event(**room, Channel=SEAT, Uniqueid="ms-1.2")) is None
    assert read(event(**room, Channel=LEAD, Uniqueid=channel_id(43))) is None
    assert (
        read(parse_message(f"Event: Hangup\r\nUniqueid: {OURS}\r\nChannel: a\r\nChannel: b".encode())) is None
    )
    assert read(event(Event="ChanSpyStart", SpyerUniqueid="tap-1")) is None, "a tap of the transcription"


def test_the_list_of_channels_tells_the_same():
    row = {"Channel": LEAD, "Uniqueid": OURS, "Exten": "42xs3x0000001a"}
    spying = AmiMessage({**row, "ChannelState": "6", "Context": "lead-barge", "Application": "ChanSpy"})
    assert shown(spying) == Heard(Sign.HEARS, 42, LEAD, Mode.BARGE)
    assert shown(AmiMessage({**row, "ChannelState": "5", "Context": "lead-listen"})).sign is Sign.RANG
    assert shown(AmiMessage({**row, "ChannelState": "6", "Context": "lead-room"})).sign is Sign.IN_ROOM
    there = {"Channel": CALLER, "Uniqueid": "ms-1.1", "Context": "lead-caller", "Exten": "42"}
    assert shown(AmiMessage({**there, "ChannelState": "6"})) == Heard(Sign.CALLER_IN_ROOM, 42, CALLER)
    assert shown(AmiMessage({**there, "ChannelState": "6", "Exten": "s"})) is None
