"""The closed lists of words: states, roles, speakers, ticket fields. Code is English, labels are Chinese."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CallState(StrEnum):
    """Where a call is in its life."""

    GREETING = "greeting"
    QUEUED = "queued"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    RECONNECTING = "reconnecting"
    LEAVING_MESSAGE = "leaving_message"
    ENDED = "ended"


class SeatState(StrEnum):
    """What a seat is doing, as the system sees it."""

    EMPTY = "empty"
    """Nobody has taken it."""
    CHECKING = "checking"
    """Taken; the headset check is not passed or duty has not begun."""
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class SeatWish(StrEnum):
    """What the operator asked for; carried out after the call when asked in one."""

    NONE = "none"
    PAUSE = "pause"
    SIGN_OFF = "sign_off"


class PauseReason(StrEnum):
    """Why a seat is paused. WRAP_UP and MISSED are set by the system, the rest by people."""

    WRAP_UP = "wrap_up"
    MISSED = "missed"
    BREAK = "break"
    MEAL = "meal"
    TRAINING = "training"
    MEETING = "meeting"
    ASSIST = "assist"
    SYSTEM = "system"


class Speaker(StrEnum):
    """Whose words."""

    CALLER = "caller"
    OUTSIDE = "outside"
    """A party of a conference that is neither; which one, its leg says."""
    SEAT = "seat"
    LEADER = "leader"
    """A shift leader who barged in."""


class Role(StrEnum):
    """What an account may do; each includes the ones before it in ROLE_RANK."""

    GRID_WORKER = "grid_worker"
    OPERATOR = "operator"
    SHIFT_LEADER = "shift_leader"
    CENTRE_HEAD = "centre_head"
    ADMINISTRATOR = "administrator"


ROLE_RANK: Final[dict[Role, int]] = {
    Role.GRID_WORKER: 0,
    Role.OPERATOR: 1,
    Role.SHIFT_LEADER: 2,
    Role.CENTRE_HEAD: 3,
    Role.ADMINISTRATOR: 4,
}


class EndedBy(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    SEAT = "seat"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class CallOutcome(StrEnum):
    """What became of an ended call; every offered call has exactly one."""

    ANSWERED = "answered"
    ABANDONED_GREETING = "abandoned_greeting"
    ABANDONED_QUEUE = "abandoned_queue"
    VOICEMAIL = "voicemail"
    NO_MESSAGE = "no_message"
    TURNED_AWAY = "turned_away"
    """A flooding number that pressed no key, or for which no line was to spare."""
    CALLBACK_REQUESTED = "callback_requested"


class TicketStatus(StrEnum):
    """Life of a ticket (domain: 工单状态)."""

    DRAFT = "draft"
    PENDING_ACCEPT = "pending_accept"
    TO_DISPATCH = "to_dispatch"
    ANSWERED = "answered"
    VOID = "void"
    MERGED = "merged"
    """Joined into another file that speaks of the same matter; keeps its own caller."""


class TicketKind(StrEnum):
    """诉求类型."""

    CONSULT = "咨询"
    HELP = "求助"
    COMPLAINT = "投诉"
    REPORT = "举报"
    SUGGESTION = "建议"
    PRAISE = "表扬"
    OTHER = "其他"


class Urgency(StrEnum):
    """紧急程度."""

    NORMAL = "一般"
    URGENT = "紧急"
    CRITICAL = "特急"


class RecordingKind(StrEnum):
    """What a recording holds."""

    CONVERSATION = "conversation"
    VOICEMAIL = "voicemail"


class RecordingState(StrEnum):
    """How far the after-call work on a recording has come; doubles as the durable job queue."""

    CAPTURED = "captured"
    JOINED = "joined"
    TRANSCRIBED = "transcribed"
    FAILED = "failed"


class BridgeRole(StrEnum):
    """Who is called when somebody presses 一键三方."""

    GRID_WORKER = "grid_worker"
    INTERNET_OFFICE = "internet_office"
    HANDLING_UNIT = "handling_unit"
    EMERGENCY = "emergency"
    """As the rules say it; in a conference 110, 119, 120 and 122 are parties each (core.emergency_words)."""
    CITIZEN = "citizen"
    """Never from the directory: the number of the call or ticket."""


class ContactRole(StrEnum):
    """As what a person of the directory is called."""

    GRID_WORKER = "网格员"
    INTERNET_OFFICE = "网信"
    UNIT_DUTY = "单位值班"
    DEPUTY = "副职"


class UnitKind(StrEnum):
    """承办单位类别."""

    DEPARTMENT = "部门"
    TOWN = "乡镇街道"
    UTILITY = "公共服务"
    EMERGENCY = "紧急服务"


class NumberKind(StrEnum):
    """What a number is for, in the order in which numbers are tried."""

    DUTY_DAY = "值班电话（白班）"
    DUTY_NIGHT = "值班电话（夜班）"
    DUTY = "值班电话"
    MOBILE = "手机"
    DEPUTY = "代班电话"


class GridLayer(StrEnum):
    """网格层级."""

    GRID = "网格"
    MICRO = "微网格"


class ProbeOutcome(StrEnum):
    """What became of a test call (拨测)."""

    CONFIRMED = "已确认"
    NO_KEY = "接听未确认"
    BUSY = "忙"
    NO_ANSWER = "无人接听"
    UNREACHABLE = "无法接通"


class LinkState(StrEnum):
    """The control link to Asterisk."""

    DOWN = "down"
    SYNCING = "syncing"
    UP = "up"


# Pairs, not a dict of words: words of different lists may be spelt alike and then are equal
_PAIRS: Final[tuple[tuple[StrEnum, str], ...]] = (
    (CallState.GREETING, "问候语"),
    (CallState.QUEUED, "排队中"),
    (CallState.RINGING, "振铃"),
    (CallState.TALKING, "通话中"),
    (CallState.HELD, "保持"),
    (CallState.RECONNECTING, "正在恢复"),
    (CallState.LEAVING_MESSAGE, "留言中"),
    (CallState.ENDED, "已结束"),
    (SeatState.EMPTY, "空席"),
    (SeatState.CHECKING, "签入中"),
    (SeatState.READY, "就绪"),
    (SeatState.RINGING, "振铃"),
    (SeatState.TALKING, "通话中"),
    (SeatState.WRAP_UP, "话后整理"),
    (SeatState.PAUSED, "暂停"),
    (PauseReason.WRAP_UP, "话后整理"),
    (PauseReason.MISSED, "漏接"),
    (PauseReason.BREAK, "小休"),
    (PauseReason.MEAL, "用餐"),
    (PauseReason.TRAINING, "培训"),
    (PauseReason.MEETING, "会议"),
    (PauseReason.ASSIST, "协助同事"),
    (PauseReason.SYSTEM, "系统"),
    (Speaker.CALLER, "来电"),
    (Speaker.OUTSIDE, "外线"),
    (Speaker.SEAT, "坐席"),
    (Speaker.LEADER, "班长"),
    (Role.GRID_WORKER, "网格员"),
    (Role.OPERATOR, "话务员"),
    (Role.SHIFT_LEADER, "班长"),
    (Role.CENTRE_HEAD, "中心负责人"),
    (Role.ADMINISTRATOR, "系统管理员"),
    (CallOutcome.ANSWERED, "人工接听"),
    (CallOutcome.ABANDONED_GREETING, "问候时挂断"),
    (CallOutcome.ABANDONED_QUEUE, "排队中挂断"),
    (CallOutcome.VOICEMAIL, "已留言"),
    (CallOutcome.NO_MESSAGE, "未留言"),
    (CallOutcome.TURNED_AWAY, "频繁来电未转人工"),
    (CallOutcome.CALLBACK_REQUESTED, "已登记回拨"),
    (TicketStatus.DRAFT, "草稿"),
    (TicketStatus.PENDING_ACCEPT, "待受理"),
    (TicketStatus.TO_DISPATCH, "待派单"),
    (TicketStatus.ANSWERED, "直办办结"),
    (TicketStatus.VOID, "已作废"),
    (TicketStatus.MERGED, "已合并"),
    (BridgeRole.GRID_WORKER, "网格员"),
    (BridgeRole.INTERNET_OFFICE, "网信部门"),
    (BridgeRole.HANDLING_UNIT, "承办单位"),
    (BridgeRole.EMERGENCY, "紧急服务"),
    (BridgeRole.CITIZEN, "来电群众"),
    (LinkState.DOWN, "中断"),
    (LinkState.SYNCING, "正在对账"),
    (LinkState.UP, "正常"),
)
LABELS: Final[dict[tuple[type[StrEnum], str], str]] = {(type(word), str(word)): text for word, text in _PAIRS}


def label(word: StrEnum) -> str:
    """The Chinese a screen shows for a word; the word itself where it is Chinese already."""
    return LABELS.get((type(word), str(word)), str(word))
