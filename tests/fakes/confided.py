"""A talk in which something is said in confidence: its words, its ticket, ears at it."""

from __future__ import annotations

from typing import Any

import pytest

from api.hearing import Hearing
from api.security import Person
from api.told import Told
from core.bridge_words import BridgeState, LegState, Presser
from core.events import Fact, TicketChanged, UtteranceGuessed, UtteranceSettled
from core.supervision_words import Mode, SupervisionState
from core.vocabulary import CallState, RecordingState, Speaker, TicketStatus
from db.models import Bridge, BridgeAttempt, BridgeLeg, Supervision, Ticket, Utterance
from db.repositories import event_log
from db.session import transaction
from tests.fakes.web_house import IDS, NOW, PEOPLE, WebHouse, a_call, a_recording, a_ticket

WORDS = "举报村里的石场偷炸药"
PARTY_WORDS = "我们派人去查"
SOUND = b"RIFF" + bytes(60)


@pytest.fixture
async def confided(house: WebHouse) -> WebHouse:
    """op01 talks at seat 1 in a conference; everything has words and a recording."""
    (house.recordings_dir / "capture").mkdir()
    (house.recordings_dir / "capture" / "leg.wav16").write_bytes(SOUND)
    (house.recordings_dir / "ms-1.wav").write_bytes(SOUND)
    await house.add(
        a_call("ms-1", state=CallState.TALKING, seat_id=1, seat_channel="PJSIP/seat1-0000000a"),
        a_ticket(7, "op01", call_id="ms-1"),
        a_recording("ms-1", "ms-1.wav", 1),
        *a_conference(1, call_id="ms-1", seat_id=1),
        *a_conference(2),
    )
    await house.sit("op01", 1, "ms-1")
    return house


def a_conference(bridge_id: int, **more: Any) -> list[object]:
    """Pressed by op01 in the name of the ticket; without a call it is a press from the ticket's page."""
    about = {"pressed_at": NOW, "opened_at": NOW, "ticket_id": 7, "account_id": IDS["op01"]}
    presser = Presser.SEAT_CALL if "call_id" in more else Presser.TICKET
    leg = {"role": "handling_unit", "state": LegState.JOINED, "since": NOW, "attempt": 1}
    sound = {"recording_file": "capture/leg.wav16", "sha256": "0" * 64, "joined_at": NOW}
    party = {"bridge_id": bridge_id, "bridge_leg_id": bridge_id, "bridge_attempt_id": bridge_id}
    rows = [
        Bridge(id=bridge_id, key=f"k{bridge_id}", presser=presser, state=BridgeState.OPEN, **about, **more),
        BridgeLeg(id=bridge_id, bridge_id=bridge_id, **leg),
        BridgeAttempt(
            id=bridge_id,
            leg_id=bridge_id,
            number=1,
            place=0,
            channel_id=f"br-{bridge_id}",
            ordered_at=NOW,
            sound_state=RecordingState.JOINED,
            **sound,
        ),
        a_line(Speaker.OUTSIDE, PARTY_WORDS, call_id=more.get("call_id"), **party),
    ]
    return [*rows, a_line(Speaker.CALLER, WORDS, call_id="ms-1")] if "call_id" in more else rows


def a_line(speaker: Speaker, text: str, **more: Any) -> Utterance:
    words = {"text": text, "raw_text": text, "confidence": 0.9, "words": [], "source": "live"}
    return Utterance(speaker=speaker, start_s=1.0, end_s=2.0, **words, **more)


def an_ear(login: str, state: str, call_id: str = "ms-1", ear_id: int = 1) -> Supervision:
    about = {"phone": "lead", "seat_id": 1, "seat_channel": "PJSIP/seat1-0000000a", "modes": []}
    mode = Mode.TAKE_OVER if state == "taken_over" else Mode.LISTEN
    times = {"ordered_at": NOW, "ended_at": NOW if state == "over" else None}
    return Supervision(
        id=ear_id,
        account_id=IDS[login],
        lead=ear_id,
        call_id=call_id,
        wanted=mode,
        state=SupervisionState(state),
        **about,
        **times,
    )


async def mark(house: WebHouse, secret: bool = True, ticket_id: int = 7) -> None:
    async with transaction(house.sessions) as session:
        row = await session.get(Ticket, ticket_id)
        assert row is not None
        row.secret = secret


def guessed(text: str, call_id: str = "ms-1") -> UtteranceGuessed:
    return UtteranceGuessed(at=NOW, call_id=call_id, speaker=Speaker.CALLER, pii_text=text, start_s=0.0)


def settled(text: str, number: int = 1) -> UtteranceSettled:
    times = {"start_s": 0.0, "end_s": 1.0, "confidence": 0.9}
    return UtteranceSettled(
        at=NOW, call_id="ms-1", utterance_id=number, speaker=Speaker.CALLER, pii_text=text, **times
    )


def changed() -> TicketChanged:
    status = TicketStatus.DRAFT
    return TicketChanged(at=NOW, ticket_id=7, number="26112400007", status=status, call_id="ms-1", seat_id=1)


def person(login: str) -> Person:
    return Person(IDS[login], login, None, PEOPLE[login], "", "10.0.0.1")


def told(fact: Fact) -> Told:
    call_id = getattr(fact, "call_id", None)
    return Told(None, type(fact).__name__, call_id, event_log.to_payload(fact))


def hearing_of(house: WebHouse) -> Hearing:
    found: Hearing = house.app.state.hearing
    return found
