"""What Asterisk says of the way past the queue becomes facts; callers are told of every key."""

from __future__ import annotations

import re

import pytest

from core.clock import SteppedClock
from core.config import PROJECT_ROOT
from core.events import CallAnswered, CallArrived, CallEnded, CallQueued
from core.routing_events import CallTurnedAway, EmergencyKeyPressed, OwnSeatOffered, OwnSeatPassed
from core.routing_words import QUEUE_PRIORITY, WHY_LABELS, Priority, Why
from ivr.prompts import PROMPTS
from telephony.ami_protocol import AmiMessage, parse_message
from telephony.ami_translate import Translator
from telephony.asterisk_config import QueuePolicy, policy_from
from telephony.cel_facts import CelRow, facts_of
from tests.unit.telephony.test_route_rules import NOW

CALL = "ms-1764000000.1"
CALLER = {"Channel": "PJSIP/trunk-00000001", "Uniqueid": CALL, "Linkedid": CALL}
SEAT = {"DestChannel": "PJSIP/desk2-00000002", "DestUniqueid": "ms-1764000000.2"}


def message(event: str, **headers: str) -> AmiMessage:
    lines = [f"{key}: {value}" for key, value in {"Event": event, **headers}.items()]
    return parse_message("\r\n".join(lines).encode())


@pytest.fixture
def translator() -> Translator:
    made = Translator(SteppedClock(NOW))
    context = {"Context": "from-trunk", "Exten": "56564444", "CallerIDNum": "138"}
    assert isinstance(made.translate(message("Newchannel", **CALLER, **context)), CallArrived)
    seat = {"Channel": SEAT["DestChannel"], "Uniqueid": SEAT["DestUniqueid"], "Linkedid": CALL}
    made.translate(message("Newchannel", **seat, Context="seats"))
    return made


def dial(what: str, status: str = "", context: str = "hotline-own") -> AmiMessage:
    extra = {"DialStatus": status} if status else {}
    return message(what, **CALLER, **SEAT, Context=context, **extra)


@pytest.mark.parametrize("status", ["NOANSWER", "CANCEL", "BUSY", "CHANUNAVAIL"])
def test_an_own_seat_that_does_not_answer_is_passed_and_missed_nothing(translator, status):
    offered = translator.translate(dial("DialBegin"))
    assert isinstance(offered, OwnSeatOffered)
    passed = translator.translate(dial("DialEnd", status))
    assert isinstance(passed, OwnSeatPassed)
    assert (offered.seat_id, passed.seat_id, passed.call_id) == (2, 2, CALL)


def test_an_own_seat_that_answers_talks(translator):
    translator.translate(dial("DialBegin"))
    answered = translator.translate(dial("DialEnd", "ANSWER"))
    assert isinstance(answered, CallAnswered)
    assert answered.seat_channel == SEAT["DestChannel"]


@pytest.mark.parametrize("context", ["hotline-wait", "bridge-leg", "from-trunk", ""])
def test_rings_of_other_places_are_the_queues_own_business(translator, context):
    assert translator.translate(dial("DialBegin", context=context)) is None
    assert translator.translate(dial("DialEnd", "ANSWER", context=context)) is None


def test_a_key_and_a_goodbye_are_facts_of_a_known_caller_only(translator):
    urgent = translator.translate(message("UserEvent", UserEvent="MinshengUrgent", **CALLER))
    away = translator.translate(
        message("UserEvent", UserEvent="MinshengTurnedAway", Reason="lines", **CALLER)
    )
    assert isinstance(urgent, EmergencyKeyPressed)
    assert isinstance(away, CallTurnedAway)
    stranger = {**CALLER, "Uniqueid": "ms-1764000000.9"}
    assert translator.translate(message("UserEvent", UserEvent="MinshengUrgent", **stranger)) is None


def row(event: str, at: int, *, channel: str = "PJSIP/trunk-00000001", word: str = "") -> CelRow:
    cells = dict.fromkeys(CelRow.__annotations__, "")
    unique = CALL if channel.startswith("PJSIP/trunk") else "ms-1764000000.2"
    user = event if event.startswith("Ms") else ""
    told = {"uniqueid": unique, "linkedid": CALL, "channel": channel, "user_event": user}
    extra = f'{{"extra":"{word}"}}' if word else "{}"
    return CelRow(**(cells | {"event": event, "epoch": str(1764000000 + at), "extra": extra} | told))


def kinds(rows: list[CelRow]) -> list[type]:
    return [type(fact) for fact in facts_of(rows)]


def test_asterisks_own_file_tells_the_same():
    begin = [row("CHAN_START", 0), row("MsOwnSeat", 7, word="2")]
    fell_through = [*begin, row("MsQueued", 13), row("BRIDGE_ENTER", 20, channel="PJSIP/desk1-00000009")]
    assert kinds(fell_through) == [CallArrived, OwnSeatOffered, OwnSeatPassed, CallQueued, CallAnswered]
    answered = [*begin, row("BRIDGE_ENTER", 9, channel="PJSIP/desk2-00000002"), row("HANGUP", 30)]
    assert kinds(answered) == [CallArrived, OwnSeatOffered, CallAnswered, CallEnded]
    assert facts_of(answered)[2].wait_s == 2
    gave_up = [*begin, row("HANGUP", 9)]
    assert kinds(gave_up) == [CallArrived, OwnSeatOffered, OwnSeatPassed, CallEnded]
    pressed = [*begin, row("MsUrgent", 9), row("MsQueued", 9)]
    assert kinds(pressed) == [CallArrived, OwnSeatOffered, OwnSeatPassed, EmergencyKeyPressed, CallQueued]
    away = facts_of([begin[0], row("MsTurnedAway", 20, word="challenge"), row("HANGUP", 30)])
    assert isinstance(away[1], CallTurnedAway)
    assert away[1].reason == "challenge"


def test_the_sentence_in_the_queue_names_every_key_that_works_there():
    dialplan = (PROJECT_ROOT / "deploy/asterisk/extensions.conf.j2").read_text(encoding="utf-8")
    section = dialplan.split("[hotline-keys]")[1].split("\n[")[0]
    keys = set(re.findall(r"^exten => ([0-9*#]),1,", section, re.MULTILINE))
    assert keys >= {"1", "2"}
    spoken = "".join(prompt.text for prompt in PROMPTS if prompt.id in ("ms-busy", "ms-busy-back"))
    assert {key for key in keys if f"按{'星号' if key == '*' else key}" not in spoken} == set()


def test_every_priority_and_reason_has_its_number_and_word():
    assert set(QUEUE_PRIORITY) == set(Priority)
    assert list(QUEUE_PRIORITY.values()) == sorted(QUEUE_PRIORITY.values(), reverse=True)
    assert set(WHY_LABELS) == set(Why)


def test_policy_rows_reach_the_voice_plane_as_plain_numbers_only():
    rows = {
        "sticky_s": "4",
        "trunk_channels": "x;y",
        "reserved_channels": "-1",
        "ring_timeout_s": "",
        "other": "9",
    }
    assert policy_from(rows) == QueuePolicy(sticky_s=4)
