"""Words and sound of a conference's parties: whose they are, who may read and hear them."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from core.bridge_words import BridgeEnd, BridgeState, LegState, Presser
from core.vocabulary import CallState, RecordingState, Speaker
from core.words_events import LegGuessed, LegSettled
from db.models import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber, Call, Utterance
from db.repositories import leg_words, utterances
from db.session import reading, transaction
from tests.fakes.web_house import IDS, NOW, a_call, a_ticket
from tests.integration.test_api_stream import heard
from transcription import wanted

WORDS = "我们马上派人去看"
WAV = b"RIFF" + bytes(40) + bytes(3200)


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def a_bridge(bridge_id: int, call_id: str | None, **more: object) -> Bridge:
    values = {
        "id": bridge_id,
        "key": f"p1:press-{bridge_id}",
        "presser": Presser.SEAT_CALL if call_id else Presser.TICKET,
        "account_id": IDS["op01"],
        "call_id": call_id,
        "ticket_id": 7,
        "state": BridgeState.OPEN,
        "pressed_at": at(60),
        "opened_at": at(61),
        **more,
    }
    return Bridge(**values)


def a_leg(leg_id: int, role: str = "handling_unit", **more: object) -> list[object]:
    """A party that joined 5 s after the press and its one attempt; ids are the conference's."""
    values = {"state": LegState.JOINED, "channel": f"PJSIP/outbound-{leg_id}", "bridge_id": leg_id, **more}
    leg = BridgeLeg(id=leg_id, role=role, attempt=1, since=at(65), **values)
    number = BridgeNumber(leg_id=leg_id, place=0, digits="02356560000", label="值班电话", name="供电公司值班")
    attempt = BridgeAttempt(
        id=leg_id,
        leg_id=leg_id,
        number=1,
        place=0,
        channel_id=f"br-{leg_id}",
        ordered_at=at(60),
        answered_at=at(63),
        joined_at=at(65),
    )
    return [leg, number, attempt]


async def settle(
    house, call_id: str | None, speaker: Speaker, text: str, start_s: float, **party: int
) -> None:
    words = {"text": text, "raw_text": text, "confidence": 0.9, "words": []}
    async with transaction(house.sessions) as session:
        await utterances.add(
            session,
            call_id=call_id,
            speaker=speaker,
            start_s=start_s,
            end_s=start_s + 1,
            source="live",
            party=party,
            **words,
        )


def party(bridge_id: int) -> dict[str, int]:
    return {"bridge_id": bridge_id, "bridge_leg_id": bridge_id, "bridge_attempt_id": bridge_id}


@pytest.fixture
async def conference(house):
    """A running call of op01 with a conference in which the handling unit has spoken."""
    call = a_call("ms-1", state=CallState.TALKING)
    await house.add(call, a_ticket(7, "op01", call_id="ms-1"), a_bridge(1, "ms-1"), *a_leg(1))
    await settle(house, "ms-1", Speaker.CALLER, "这里停电了", 10)
    await settle(house, "ms-1", Speaker.OUTSIDE, WORDS, 66, **party(1))
    return house


async def test_a_partys_words_stand_in_the_transcript_with_role_and_name_and_never_in_the_draft(conference):
    browser = await conference.as_("op01")
    answer = (await browser.get("/api/calls/ms-1/transcript")).json()
    shown = [(line["speaker"], line["speaker_label"], line["text"]) for line in answer["lines"]]
    assert shown == [("caller", "来电", "这里停电了"), ("outside", "承办单位 供电公司值班", WORDS)]
    async with reading(conference.sessions) as session:
        assert [line.text for line in await utterances.of_call(session, "ms-1")] == ["这里停电了"]
    await conference.app.state.drafts.start(conference.sessions)
    draft = (await browser.get("/api/calls/ms-1/draft")).json()
    assert draft["content"] == "这里停电了"
    assert WORDS not in json.dumps(draft, ensure_ascii=False)


async def test_who_is_to_be_listened_to_is_who_was_dialled_and_is_in_a_running_conference(conference):
    moved = BridgeLeg(
        id=900, bridge_id=1, role="caller", attempt=1, since=NOW, state=LegState.JOINED, channel="PJSIP/t"
    )
    gone = a_leg(2, state=LegState.LEFT)
    over = a_leg(3)
    await conference.add(moved, a_bridge(2, None), *gone, a_bridge(3, None, state=BridgeState.ENDED), *over)
    async with reading(conference.sessions) as session:
        (voice,) = await leg_words.joined(session)
    assert (voice.bridge_id, voice.channel, voice.who) == (1, "PJSIP/outbound-1", "承办单位 供电公司值班")
    assert (voice.since, voice.speaker, voice.call_id) == (NOW, Speaker.OUTSIDE, "ms-1")


@pytest.mark.parametrize("state", [LegState.ANSWERED, LegState.JOINED])
async def test_a_colleague_whose_call_it_is_now_stays_the_party_that_was_dialled(conference, state):
    """Whoever taps the channel first: who was given the call, or everybody after a worker came back."""
    asked = a_leg(2, role="colleague", bridge_id=1, seat_id=2, state=state, channel="PJSIP/desk2-1")
    await conference.add(*asked)
    async with transaction(conference.sessions) as session:
        call = await session.get(Call, "ms-1")
        call.seat_channel = "PJSIP/desk2-1"
        found = [await wanted.of_talk(session, call), await wanted.everybody(session)]
    for one in found:
        voices = {side.voice.leg_id if side.voice else 0 for side in one if side.channel == "PJSIP/desk2-1"}
        assert voices == {2}
        assert [side.voice for side in one if side.speaker is Speaker.CALLER] == [None]


async def test_a_second_pass_replaces_the_lines_of_its_own_recording_only(conference):
    lines = [
        {"text": "派人", "raw_text": "派人", "start_s": 66.0, "end_s": 67.0, "confidence": 1.0, "words": []}
    ]
    async with transaction(conference.sessions) as session:
        voice = await leg_words.of_attempt(session, 1)
        await leg_words.replace_with_final(session, voice, lines)
        await leg_words.replace_with_final(session, voice, lines)
        caller = Utterance(speaker=Speaker.CALLER, **{**lines[0], "text": "停电"})
        await utterances.replace_with_final(session, "ms-1", [caller])
    async with reading(conference.sessions) as session:
        found = await utterances.all_of_call(session, "ms-1")
    assert [(line.text, line.source, line.bridge_leg_id) for line in found] == [
        ("派人", "final", 1),
        ("停电", "final", None),
    ]


async def test_the_seats_live_lines_of_a_conference_are_kept_where_the_callers_ear_got_everybody(conference):
    await settle(conference, "ms-1", Speaker.SEAT, "会议里的话", 70)
    await settle(conference, "ms-1", Speaker.SEAT, "之前的话", 20)
    async with transaction(conference.sessions) as session:
        call = await session.get(Call, "ms-1")
        windows = await leg_words.windows(session, call)
        kept = await utterances.seat_said(session, "ms-1", windows)
        await utterances.replace_with_final(session, "ms-1", [], keep=kept)
    assert windows == [(61.0, 1e9)]
    async with reading(conference.sessions) as session:
        assert [line.text for line in await utterances.all_of_call(session, "ms-1")] == [WORDS, "会议里的话"]


async def recorded(house, bridge_id: int) -> str:
    """Give the party's attempt a sound; returns its address."""
    name = f"capture/br-{bridge_id}-leg.wav16"
    file = house.recordings_dir / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(WAV)
    async with transaction(house.sessions) as session:
        row = await session.get(BridgeAttempt, bridge_id)
        row.recording_file, row.sha256, row.sound_state = name, "0" * 64, RecordingState.JOINED
    return f"/api/v1/bridges/{bridge_id}/attempts/{bridge_id}/audio"


@pytest.mark.parametrize(
    ("login", "status"), [("op01", 206), ("op02", 403), ("leader", 206), ("grid", 403), (None, 401)]
)
@pytest.mark.parametrize("call_id", ["ms-1", None])
async def test_who_may_hear_a_party_and_that_it_is_written_down(conference, login, status, call_id):
    await conference.add(a_bridge(2, call_id, state=BridgeState.ENDED), *a_leg(2))
    url = await recorded(conference, 2)
    browser = await (conference.as_(login) if login else conference.browser())
    answer = await browser.get(url, headers={"Range": "bytes=0-99"})
    assert answer.status_code == status
    looks = await conference.looks("recording_played")
    assert [look.subject for look in looks] == ["bridge-attempt:2"] * (status == 206)
    words = await browser.get("/api/v1/bridges/2/transcript")
    assert words.status_code == (200 if status == 206 else status)
    if status == 206:
        assert len(answer.content) == 100
        assert words.json()["sounds"] == [
            {
                "attempt_id": 2,
                "who": "承办单位 供电公司值班",
                "url": url,
                "offset_s": 65.0 if call_id else 5.0,
            }
        ]


async def test_a_sound_is_found_under_its_own_conference_only(conference):
    await conference.add(a_bridge(2, None), *a_leg(2))
    await recorded(conference, 2)
    browser = await conference.as_("op01")
    assert (await browser.get("/api/v1/bridges/1/attempts/2/audio")).status_code == 404
    assert (await browser.get("/api/v1/bridges/1/attempts/1/audio")).status_code == 404
    async with transaction(conference.sessions) as session:
        (await session.get(BridgeAttempt, 2)).recording_file = "../../etc/passwd"
    assert (await browser.get("/api/v1/bridges/2/attempts/2/audio")).status_code == 404


async def test_the_ticket_tells_who_pressed_who_was_tried_who_came_and_how_it_ended(conference):
    async with transaction(conference.sessions) as session:
        bridge = await session.get(Bridge, 1)
        bridge.state, bridge.ended_at, bridge.reason = BridgeState.ENDED, at(161), BridgeEnd.LAST_OUTSIDE_LEFT
        attempt = await session.get(BridgeAttempt, 1)
        attempt.ended_at, attempt.result = at(160), LegState.LEFT
    url = await recorded(conference, 1)
    (told,) = (await (await conference.as_("op01")).get("/api/tickets/7/bridges")).json()["bridges"]
    assert [event["text"] for event in told["events"]] == [
        "op01 发起一键三方（通话中的坐席）",
        "呼叫 承办单位 供电公司值班（值班电话 023****0000）",
        "承办单位 供电公司值班 接起",
        "承办单位 供电公司值班 进入通话",
        "承办单位 供电公司值班 已离开",
        "通话结束：外线各方都已离开",
    ]
    assert (told["duration_s"], told["end_label"]) == (100.0, "外线各方都已离开")
    assert [sound["url"] for sound in told["words"]["sounds"]] == [url]
    assert [line["text"] for line in told["words"]["lines"]] == [WORDS]
    assert (await (await conference.as_("op02")).get("/api/tickets/7/bridges")).status_code == 403


@pytest.mark.parametrize(
    ("login", "call_id", "hears"),
    [
        ("op01", "ms-1", True),
        ("op02", "ms-1", False),
        ("leader", "ms-1", False),
        ("op01", None, True),
        ("op02", None, False),
        ("leader", None, False),
        ("grid", None, False),
    ],
)
async def test_a_screen_gets_a_partys_words_only_if_they_are_its_own(conference, login, call_id, hears):
    await conference.sit("op01", 1, "ms-1")
    owner = {"key": "p6:own", "account_id": IDS["grid"]} if login == "grid" else {}
    await conference.add(a_bridge(2, call_id, state=BridgeState.ENDED, **owner), *a_leg(2))
    about = {"bridge_id": 2, "call_id": call_id, "leg_id": 2, "role": "handling_unit", "attempt": 1}
    said = {
        "at": NOW,
        "speaker": Speaker.OUTSIDE,
        "pii_who": "承办单位 张三",
        "pii_text": WORDS,
        "start_s": 1.0,
    }
    settled = LegSettled(**about, **said, utterance_id=1, end_s=2.0, confidence=0.9)
    sent = await heard(conference, login, settled)
    assert [one["event"] for one in sent] == ["LegSettled"] * hears + ["reconnect"]
    if hears:
        data = json.loads(sent[0]["data"])
        assert (data["who"], data["text"]) == ("承办单位 张三", WORDS)
        assert LegGuessed(**about, **said).pii_text == WORDS
