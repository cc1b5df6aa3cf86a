"""The draft that grows while a caller speaks, and the alarm in it. Nothing here ever submits anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, BackgroundTasks, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import fuzz
from sqlalchemy.ext.asyncio import AsyncSession

from api.alarm_anew import ALARMS, raised_anew
from api.alarm_log import Alarm, AlarmLog
from api.routes.calls import CallIdPath
from api.security import Operator, Person
from api.state import House, house_of
from api.whose import allowed_call, allowed_words, openable
from api.words_view import deafness
from core.vocabulary import Role, Speaker, label
from db.models import Category, Ticket, Utterance
from db.repositories import accounts, house_words, similar_tickets, tickets, utterances
from db.session import reading, transaction
from telephony.snapshot import masked
from tickets.draft.desk import DraftDesk, Drafted, code_of
from tickets.draft.turns import Draft, Evidence
from tickets.lifecycle import OPEN

router = APIRouter(prefix="/api")

LABELS: Final = {
    "type": "诉求类型", "category": "分类", "town": "乡镇", "village": "村社区", "place_detail": "地点",
    "place": "地点", "phone": "联系电话", "event_time": "发生时间", "amount": "金额", "urgency": "紧急程度",
    "secret": "保密", "respondent": "被反映对象", "title": "标题", "content": "内容",
}  # fmt: skip
FIELDS: Final = ("type", "category", "town", "village", "place_detail", "phone", "event_time", "amount", "urgency", "secret", "respondent")  # fmt: skip # noqa: E501
SAME_CALLER_DAYS, SAME_MATTER_DAYS, LIKE_TEXT = 30, 7, 75.0


class Aside(BaseModel):
    """What this operator put aside: the gravest class, and how far the caller had come when it rose."""

    model_config = ConfigDict(extra="forbid")
    aside_class: Literal["", "E1", "E2"] = ""
    aside_s: float = Field(0.0, ge=0, le=1_000_000)


class Ignored(BaseModel):
    """An alarm that the operator put aside."""

    model_config = ConfigDict(extra="forbid")
    emergency_class: Literal["E1", "E2"]
    words: str = Field("", max_length=200)


@router.get("/calls/{call_id}/draft")
async def get_draft(
    request: Request,
    person: Operator,
    call_id: CallIdPath,
    afterwards: BackgroundTasks,
    aside: Annotated[Aside, Query()],
) -> dict[str, Any]:
    """Every field with its value, how sure it is and the words it came from."""
    house, desk = house_of(request), _desk(request)
    async with reading(house.sessions) as session:
        opened = await allowed_words(session, person, call_id)
        lines = await utterances.of_call(session, call_id)
        words = {row.word: row.meaning for row in await house_words.every(session)}
        deaf = await deafness(session, call_id)
    await opened.log_reading(house, person)
    drafted = await desk.draft(lines, words)
    if drafted is None:
        return {"ready": False, "reason": desk.reason, "deaf": deaf}
    async with reading(house.sessions) as session:
        answer = await _answer(session, house, desk, person, call_id, drafted)
    alarm = answer["alarm"]
    if alarm and aside.aside_class and alarm["class"] >= aside.aside_class:  # a graver one stands as it is
        fresh = await raised_anew(desk, drafted, words, aside.aside_s)
        since = _alarm(fresh.draft, answer["fields"], fresh.lines) if fresh is not None else None
        answer["alarm"] = since and {**since, "heard_s": alarm["heard_s"]}
    if alarm := answer["alarm"]:
        said = alarm["evidence"]["words"] if alarm["evidence"] else ""
        # The banner waits for no writer's lock
        afterwards.add_task(_alarms(request).raised, house, person, Alarm(call_id, alarm["class"], said))
    return {"deaf": deaf} | answer


@router.post("/calls/{call_id}/draft/ignored")
async def ignore_alarm(
    request: Request, person: Operator, call_id: CallIdPath, body: Ignored
) -> dict[str, bool]:
    """The alarm was seen and put aside: that is written down."""
    house = house_of(request)
    async with transaction(house.sessions) as session:
        await allowed_call(session, person, call_id)
        alarm = Alarm(call_id, body.emergency_class, body.words)
        await _alarms(request).ignored(session, house, person, alarm)
    return {"ok": True}


def _alarms(request: Request) -> AlarmLog:
    alarms: AlarmLog = request.app.state.alarms
    return alarms


def _desk(request: Request) -> DraftDesk:
    desk: DraftDesk = request.app.state.drafts
    return desk


async def _answer(
    session: AsyncSession, house: House, desk: DraftDesk, person: Person, call_id: str, drafted: Drafted
) -> dict[str, Any]:
    draft, lines = drafted.draft, drafted.lines
    town, village = code_of(desk.places, draft)
    category = await session.get(Category, draft.category.value) if draft.category.value else None
    fields = {name: _field(draft, name, lines) for name in FIELDS}
    fields["town"]["code"], fields["village"]["code"] = town, village
    if category is not None:
        fields["category"]["shown"] = category.name
    words = "".join(line.text for line in lines if line.speaker is Speaker.CALLER)
    ticket = await tickets.of_call(session, call_id)
    matter = (draft.category.value, town)
    like = await _similar(session, house, person, ticket, matter, words) if ticket else []
    return {
        "ready": True,
        "model": draft.model_used,
        "reason": desk.reason,
        "took_ms": round(drafted.took_s * 1000, 1),
        "fields": fields,
        "title": _title(draft, category),
        "content": "，".join(line.text for line in lines if line.speaker is Speaker.CALLER)[:2000],
        "missing": [{"name": name, "label": LABELS[name]} for name in draft.missing],
        "alarm": _alarm(draft, fields, lines),
        "similar": like,
    }


def _field(draft: Draft, name: str, lines: Sequence[Utterance]) -> dict[str, Any]:
    found = getattr(draft, name)
    value = found.value
    return {
        "label": LABELS[name],
        "value": value,
        "shown": ("是" if value else "否") if isinstance(value, bool) else value,
        "confidence": round(found.confidence, 2),
        "evidence": _evidence(found.evidence, lines),
    }


def _evidence(evidence: Evidence | None, lines: Sequence[Utterance]) -> dict[str, Any] | None:
    """The words and the second of the audio: in proportion within the line, words have no better time."""
    if evidence is None or evidence.turn >= len(lines):
        return None
    line = lines[evidence.turn]
    share = evidence.start / max(1, len(line.text))
    return {
        "utterance_id": line.id,
        "words": line.text[evidence.start : evidence.end],
        "at_s": round(line.start_s + share * (line.end_s - line.start_s), 1),
    }


def _alarm(draft: Draft, fields: dict[str, Any], lines: Sequence[Utterance]) -> dict[str, Any] | None:
    danger = draft.emergency_class
    if danger.value not in ALARMS:
        return None
    return {
        "class": danger.value,
        "label": "生命或人身危险" if danger.value == "E1" else "水电气路险情",
        "confidence": round(danger.confidence, 2),
        "evidence": _evidence(danger.evidence, lines),
        "category": fields["category"]["value"],
        "town": fields["town"]["code"],
        "village": fields["village"]["code"],
        "heard_s": max((line.end_s for line in lines if line.speaker is Speaker.CALLER), default=0.0),
    }


def _title(draft: Draft, category: Category | None) -> str:
    place = draft.place_detail.value or draft.village.value or draft.town.value or ""
    return f"{place}{category.name.split('/')[0] if category else ''}"[:60]


async def _similar(
    session: AsyncSession,
    house: House,
    person: Person,
    ticket: Ticket,
    matter: tuple[str | None, str | None],
    words: str,
) -> list[dict[str, Any]]:
    now = house.clock.now()
    since = (now - dt.timedelta(days=SAME_CALLER_DAYS), now - dt.timedelta(days=SAME_MATTER_DAYS))
    found = await similar_tickets.candidates(session, ticket, *matter, OPEN, since)
    mine, people = await openable(session, person, found), await accounts.names(session)
    rows: list[dict[str, Any]] = []
    for one in found:
        same_caller = bool(ticket.caller_number) and one.caller_number == ticket.caller_number
        likeness = fuzz.partial_ratio(one.content, words) if one.content and words else 0.0
        same_matter = one.category_code == matter[0] and matter[0] is not None
        if (same_caller and same_matter) or (same_matter and likeness >= LIKE_TEXT) or (same_caller and likeness >= LIKE_TEXT):  # fmt: skip # noqa: E501
            hidden = one.secret and not person.at_least(Role.SHIFT_LEADER) and one.operator_id != person.id
            rows.append(
                {
                    "id": one.id,
                    "number": one.number,
                    "title": "（保密）" if hidden else one.title or one.content[:30],
                    "status_label": label(one.status),
                    "same_caller": same_caller,
                    "caller_masked": "****" if one.secret else masked(one.caller_number),
                    "likeness": round(likeness),
                    "operator_name": people[one.operator_id].name if one.operator_id in people else None,
                    "may_open": one.id in mine,
                }
            )
    return rows[:5]
