"""Attacks as raw SIP against the running hotline: the carrier, strangers and their tricks."""

from __future__ import annotations

import random
import socket

import pytest

from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.raw_sip import RawPhone

CARRIER = "127.0.0.2"
STRANGER = "127.0.0.9"


def send(hotline: Hotline, source: str, *, number: str = "56564444", user: str = "13800001234") -> int:
    """One INVITE from that address; its final status, 0 for silence."""
    with RawPhone(hotline.settings, source, user) as phone:
        try:
            return phone.invite(number)
        except TimeoutError:
            return 0


def calls(hotline: Hotline) -> set[str]:
    """The newest fifty; others of the folder call here too, so that nobody counts them."""
    return {row["id"] for row in hotline.sign_in("leader").get("/api/calls")["calls"]}


def calls_of(hotline: Hotline, number: str) -> int:
    rows = hotline.sign_in("leader").get("/api/calls")["calls"]
    return [row["caller_masked"] for row in rows].count(f"{number[:3]}****{number[-4:]}")


FORGED = "1%0d%0aEvent%3a%20Hangup%0d%0aX%3a%20"


@pytest.mark.parametrize("user", [FORGED, "1%0a", "1%0d", FORGED + "9" * 5000])
def test_a_percent_escape_in_from_never_becomes_a_channel(hotline: Hotline, user: str) -> None:
    before = calls(hotline)
    assert send(hotline, CARRIER, user=user) in (401, 403)
    assert calls(hotline) <= before


@pytest.mark.parametrize("number", ["119", "9911", "echo", "seat1", "s", "0015551234567"])
def test_the_carrier_reaches_the_hotline_number_only(hotline: Hotline, number: str) -> None:
    assert send(hotline, CARRIER, number=number) == 404


@pytest.mark.parametrize("user", ["trunk", "seat1", "13800001234", "anonymous"])
def test_a_stranger_is_nobody_whatever_name_it_takes(hotline: Hotline, user: str) -> None:
    before = calls(hotline)
    assert send(hotline, STRANGER, user=user) in (0, 401, 403)
    assert calls(hotline) <= before


def test_the_compact_spelling_of_from_is_no_way_round(hotline: Hotline) -> None:
    before = calls(hotline)
    with RawPhone(hotline.settings, CARRIER, FORGED) as phone:
        assert phone.invite(compact=True) in (401, 403)
    assert calls(hotline) <= before


@pytest.mark.parametrize("account", ["seat1", "desk1", "demo", "trunk", "nobody"])
@pytest.mark.parametrize("source", [CARRIER, STRANGER])
def test_nobody_registers_from_outside(hotline: Hotline, source: str, account: str) -> None:
    with RawPhone(hotline.settings, source) as phone:
        assert phone.register(account) in (0, 401, 403, 404)


def test_a_caller_cannot_move_a_call_by_refer(hotline: Hotline) -> None:
    with RawPhone(hotline.settings, CARRIER, "13500000001") as phone:
        assert phone.invite() == 200
        wait_for("the call", lambda: calls_of(hotline, "13500000001") == 1)
        for target in ("sip:56564444@127.0.0.1", "sip:119@127.0.0.1"):
            # Nobody here understands REFER: it is refused, or not even answered (docs/adr/0006)
            assert phone.ask("REFER", headers=f"Refer-To: <{target}>\r\n", tries=2) in (0, 405, 501, 603)
        assert phone.requests == []
        assert phone.ask("BYE") == 200
        phone.to = ""
    assert calls_of(hotline, "13500000001") == 1


def test_a_caller_cannot_take_over_a_call_by_replaces(hotline: Hotline) -> None:
    with (
        RawPhone(hotline.settings, CARRIER, "13500000002") as victim,
        RawPhone(hotline.settings, CARRIER, "13500000003") as thief,
    ):
        assert victim.invite() == 200
        replaces = f"Replaces: {victim.call_id};to-tag={victim.own_tag};from-tag={victim.tag}\r\n"
        thief.invite(headers=replaces)
        thief.invite(headers=f"Require: replaces\r\n{replaces}")
        # The victim's dialog still lives and nobody has said goodbye to it
        assert victim.ask("BYE") == 200
        assert not [line for line in victim.requests if line.startswith("BYE")]
        victim.to = ""


def test_digits_in_info_are_keys_of_the_own_call_and_nothing_else(hotline: Hotline) -> None:
    """docs/adr/0006: they are answered, for a carrier that uses them; junk in them reaches nobody."""
    with RawPhone(hotline.settings, CARRIER, "13500000004") as phone:
        assert phone.invite() == 200
        wait_for("the call", lambda: calls_of(hotline, "13500000004") == 1)
        relay = "Content-Type: application/dtmf-relay\r\n"
        for signal in ("X", "", "12345678901234567890", "%0d%0aEvent%3a Hangup", "1\nEvent: Newchannel"):
            phone.ask("INFO", headers=relay, body=f"Signal={signal}\r\nDuration=160\r\n")
        assert phone.ask("INFO", headers=relay, body="Signal=9\r\nDuration=160\r\n") == 200
        assert phone.ask("BYE") == 200
        phone.to = ""
    assert calls_of(hotline, "13500000004") == 1


def test_after_a_storm_of_garbage_a_good_call_is_answered(hotline: Hotline) -> None:
    dice = random.Random(7)
    good = b"OPTIONS sip:56564444@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bK1\r\n\r\n"
    asterisk = hotline.settings.asterisk
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as storm:
        storm.bind((STRANGER, 0))
        for _ in range(2000):
            message = bytearray(good if dice.random() < 0.5 else dice.randbytes(200))
            for _ in range(5):
                message[dice.randrange(len(message))] = dice.randrange(256)
            storm.sendto(bytes(message), (asterisk.sip_address, asterisk.sip_port))
    assert send(hotline, CARRIER, user="13500000005") == 200
