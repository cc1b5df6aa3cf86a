"""The closed lists of words of rooms: 一键三方, 咨询转接, 外呼. Code is English, labels are Chinese."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from core.emergency_words import SERVICES, role_of

CALLER: Final = "caller"
SEAT: Final = "seat"
COLLEAGUE: Final = "colleague"
"""Another seat; a second one is `colleague-2`, and so on."""
LEADER: Final = "leader"
"""A shift leader who barged in, or took the seat's place; a second one is `leader-2`."""
ROLE_LABELS: Final[dict[str, str]] = {
    CALLER: "来电群众",
    SEAT: "坐席",
    COLLEAGUE: "同事坐席",
    LEADER: "班长",
    "grid_worker": "网格员",
    "internet_office": "网信部门",
    "handling_unit": "承办单位",
    "emergency": "紧急服务",
    **{role_of(service): words for service, words in SERVICES.items()},
    "citizen": "群众",
    "callee": "对方",
}
"""The two that are here already, colleagues, core.vocabulary.BridgeRole, each emergency service.

`extra-1` … are added people.
"""


class BridgeKind(StrEnum):
    """What a room is for."""

    EMERGENCY = "emergency"
    CONSULT = "consult"
    OUTBOUND = "outbound"


class BridgeState(StrEnum):
    """Where a conference is in its life."""

    OPENING = "opening"
    """Ordered; nobody was seen in the room yet."""
    OPEN = "open"
    ENDED = "ended"


class LegState(StrEnum):
    """Where one party is."""

    ORDERED = "ordered"
    """Asterisk was asked, or is about to be; nothing was seen of it yet."""
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    """Something picked up; whether it is a person is not known before key 1."""
    JOINED = "joined"
    HELD = "held"
    """The caller hears music outside the room, and is still of the party."""
    NEXT_NUMBER = "next_number"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CALL_BACK = "call_back"
    LEFT = "left"
    REMOVED = "removed"
    FAILED = "failed"


class LegAim(StrEnum):
    """Where a party ought to be; its state says where it was seen."""

    ROOM = "room"
    MUSIC = "music"
    QUEUE = "queue"
    OUT = "out"


class Presser(StrEnum):
    """From where the key was pressed."""

    SEAT_CALL = "seat_call"
    TICKET = "ticket"
    GRID = "grid"
    API = "api"
    LEADER_CALL = "leader_call"
    """A shift leader who took a call over: it is at no seat."""


class BridgeEnd(StrEnum):
    """Why a conference ended."""

    LAST_OUTSIDE_LEFT = "last_outside_left"
    NOBODY_LEFT = "nobody_left"
    ENDED_BY_PERSON = "ended_by_person"
    BACK_TO_QUEUE = "back_to_queue"
    """Nobody took the caller, or a person said so: he waits at the head of the queue."""
    GONE = "gone"
    """It was found to be no more after a gap."""


LEG_LABELS: Final[dict[LegState, str]] = {
    LegState.ORDERED: "呼叫中",
    LegState.DIALLING: "呼叫中",
    LegState.RINGING: "振铃",
    LegState.ANSWERED: "等待按键确认",
    LegState.JOINED: "已接通",
    LegState.HELD: "听音乐",
    LegState.NEXT_NUMBER: "换下一号码",
    LegState.BUSY: "忙",
    LegState.NO_ANSWER: "无人接听",
    LegState.CALL_BACK: "稍后回拨",
    LegState.LEFT: "已离开",
    LegState.REMOVED: "已移出",
    LegState.FAILED: "无法呼叫",
}
BRIDGE_LABELS: Final[dict[BridgeState, str]] = {
    BridgeState.OPENING: "正在接通",
    BridgeState.OPEN: "通话中",
    BridgeState.ENDED: "已结束",
}
PRESSER_LABELS: Final[dict[Presser, str]] = {
    Presser.SEAT_CALL: "通话中的坐席",
    Presser.TICKET: "工单页面",
    Presser.GRID: "网格员手机",
    Presser.API: "其他系统",
    Presser.LEADER_CALL: "接管通话的班长",
}
END_LABELS: Final[dict[BridgeEnd, str]] = {
    BridgeEnd.LAST_OUTSIDE_LEFT: "外线各方都已离开",
    BridgeEnd.NOBODY_LEFT: "各方都已离开",
    BridgeEnd.ENDED_BY_PERSON: "人工结束",
    BridgeEnd.BACK_TO_QUEUE: "来电群众回到排队",
    BridgeEnd.GONE: "中断后对账发现已经结束",
}


KIND_LABELS: Final[dict[BridgeKind, str]] = {
    BridgeKind.EMERGENCY: "一键三方",
    BridgeKind.CONSULT: "咨询转接",
    BridgeKind.OUTBOUND: "外呼",
}


def is_colleague(role: str) -> bool:
    """Whether a role is that of another seat."""
    return role.partition("-")[0] == COLLEAGUE


def is_leader(role: str) -> bool:
    """Whether a role is that of a shift leader."""
    return role.partition("-")[0] == LEADER


def role_label(role: str) -> str:
    """The Chinese of a role; an added person is 邀请人员."""
    several = role.partition("-")[0] if is_colleague(role) or is_leader(role) else role
    return ROLE_LABELS.get(several, "邀请人员")
