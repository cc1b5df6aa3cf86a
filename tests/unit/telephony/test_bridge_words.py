"""Names of rooms and legs go there and back; strangers say nothing; what may be dialled is listed."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UnsafeHeader
from telephony.ami_protocol import parse_message
from telephony.bridge_limits import ALLOWED, Limits, NumberNotAllowed, allow_list
from telephony.bridge_names import LegName, bridge_of_room, leg_of_channel_id, leg_of_token, room
from telephony.bridge_switch import BridgeSwitch, Dial
from telephony.bridge_translate import Sign, read

NAME = LegName(12, 34, 2)


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 999))
def test_names_can_be_read_back_and_are_safe(bridge_id, leg_id, attempt):
    name = LegName(bridge_id, leg_id, attempt)
    assert leg_of_channel_id(name.channel_id) == leg_of_token(name.token) == name
    assert bridge_of_room(room(bridge_id)) == bridge_id
    assert name.token.isalnum()
    assert int(name.channel_id.rpartition("-")[2].partition(".")[0]) > 2_000_000_000


@given(st.text(max_size=30))
def test_what_we_did_not_name_is_nobody(text):
    assert leg_of_channel_id(f"ms-{text}") is None
    assert leg_of_channel_id(f"{NAME.channel_id}{text}x") is None
    assert bridge_of_room(f"x{text}") is None


def event(**headers):
    return parse_message("\r\n".join(f"{key}: {value}" for key, value in headers.items()).encode())


OURS = {"Uniqueid": NAME.channel_id, "Channel": "PJSIP/outbound-00000001"}
SEAT = {"Uniqueid": "ms-1.1", "Channel": "PJSIP/seat1-00000001"}


@pytest.mark.parametrize(
    ("headers", "sign"),
    [
        ({"Event": "Newchannel", **OURS}, Sign.BEGAN),
        ({"Event": "Newstate", "ChannelState": "5", **OURS}, Sign.RANG),
        ({"Event": "Newstate", "ChannelState": "6", **OURS}, Sign.PICKED_UP),
        ({"Event": "UserEvent", "UserEvent": "MinshengLegLater", **OURS}, Sign.ASKED_BACK),
        ({"Event": "Hangup", "Cause": "17", **OURS}, Sign.HUNG_UP),
        ({"Event": "OriginateResponse", "Response": "Failure", "Exten": NAME.token}, Sign.NEVER_BEGAN),
        ({"Event": "ConfbridgeJoin", "Conference": "ms-12", **SEAT}, Sign.ENTERED),
        ({"Event": "ConfbridgeLeave", "Conference": "ms-12", **OURS}, Sign.WENT_OUT),
        ({"Event": "ConfbridgeTalking", "Conference": "ms-12", "TalkingStatus": "on", **OURS}, Sign.TALKS),
    ],
)
def test_each_event_says_one_thing(headers, sign):
    heard = read(event(**headers))
    assert heard is not None
    assert (heard.sign, heard.bridge_id) == (sign, 12)


@pytest.mark.parametrize(
    "headers",
    [
        {"Event": "Newchannel", **SEAT},
        {"Event": "Newstate", "ChannelState": "4", **OURS},
        {"Event": "OriginateResponse", "Response": "Success", "Exten": NAME.token},
        {"Event": "ConfbridgeJoin", "Conference": "ms-13", **OURS},
        {"Event": "ConfbridgeJoin", "Conference": "12", **OURS},
        {"Event": "Hangup", **OURS},
    ],
)
def test_what_does_not_fit_is_not_believed(headers):
    assert read(event(**headers)) is None


def test_a_header_that_comes_twice_is_an_attack():
    raw = f"Event: Hangup\r\nCause: 17\r\nCause: 16\r\nUniqueid: {NAME.channel_id}\r\nChannel: x"
    assert read(parse_message(raw.encode())) is None


@pytest.mark.parametrize("digits", ["13800001234", "56560001", "02358881234", "110", "119", "120"])
def test_what_the_county_calls_is_allowed(digits):
    Limits(allow_list(ALLOWED)).check_number(digits)


@pytest.mark.parametrize(
    "digits",
    [
        "",
        "0013055551234",
        "16812345",
        "+8613800001234",
        "1380000123",
        "110;",
        "138 0000 1234",
        "13800001234\n",
    ],
)
def test_all_else_is_not(digits):
    with pytest.raises(NumberNotAllowed):
        Limits(allow_list(ALLOWED)).check_number(digits)


def test_an_unreadable_list_allows_nothing():
    for text in ("", ".* 1[0-9]+"):
        with pytest.raises(NumberNotAllowed):
            Limits(allow_list(text)).check_number("13800001234")


@pytest.mark.parametrize(
    "change",
    [{"digits": "138&PJSIP/seat1"}, {"digits": ""}, {"about": "01,X=1"}, {"by": "a b"}, {"seat": (1, "x")}],
)
def test_no_text_gets_into_a_dial_string(change):
    order = {
        "leg": NAME,
        "digits": "13800001234",
        "seat": None,
        "about": "01",
        "by": "grid",
        "ring_s": 20,
        **change,
    }
    with pytest.raises(UnsafeHeader):
        asyncio.run(BridgeSwitch(None, "56564444").dial(Dial(**order)))
