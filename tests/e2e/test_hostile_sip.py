"""Attacks as raw SIP against the running hotline: the carrier, strangers and their tricks."""

from __future__ import annotations

import socket
import uuid

import pytest

from tests.e2e.hotline import Hotline


def send(hotline: Hotline, source: str, *, number: str = "56564444", user: str = "13800001234") -> int:
    """One INVITE without a body from that address; the status of the first answer that is not provisional."""
    asterisk = hotline.settings.asterisk
    target = (asterisk.sip_address, asterisk.sip_port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((source, 0))
        phone.settimeout(3)
        port = phone.getsockname()[1]
        tag = uuid.uuid4().hex
        phone.sendto(
            (
                f"INVITE sip:{number}@{target[0]}:{target[1]} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {source}:{port};branch=z9hG4bK{tag};rport\r\nMax-Forwards: 70\r\n"
                f"From: <sip:{user}@{source}>;tag={tag}\r\nTo: <sip:{number}@{target[0]}>\r\n"
                f"Call-ID: {tag}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{source}:{port}>\r\n"
                "Content-Length: 0\r\n\r\n"
            ).encode(),
            target,
        )
        while True:
            status = int(phone.recv(65536).split()[1])
            if status >= 200:
                return status


def calls(hotline: Hotline) -> int:
    return len(hotline.sign_in("leader").get("/api/calls")["calls"])


FORGED = "1%0d%0aEvent%3a%20Hangup%0d%0aX%3a%20"


@pytest.mark.parametrize("user", [FORGED, "1%0a", "1%0d", FORGED + "9" * 5000])
def test_a_percent_escape_in_from_never_becomes_a_channel(hotline: Hotline, user: str) -> None:
    before = calls(hotline)
    assert send(hotline, "127.0.0.2", user=user) in (401, 403)
    assert calls(hotline) == before


@pytest.mark.parametrize("number", ["119", "9911", "echo", "seat1", "s", "0015551234567"])
def test_the_carrier_reaches_the_hotline_number_only(hotline: Hotline, number: str) -> None:
    assert send(hotline, "127.0.0.2", number=number) == 404


@pytest.mark.parametrize("user", ["trunk", "seat1", "13800001234", "anonymous"])
def test_a_stranger_is_nobody_whatever_name_it_takes(hotline: Hotline, user: str) -> None:
    before = calls(hotline)
    assert send(hotline, "127.0.0.9", user=user) in (401, 403)
    assert calls(hotline) == before
