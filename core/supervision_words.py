"""The closed lists of words of a shift leader's ear: listen, whisper, barge, take over."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Mode(StrEnum):
    """What a shift leader asked for."""

    LISTEN = "listen"
    """Hears both, is heard by nobody."""
    WHISPER = "whisper"
    """Hears both, is heard by the operator."""
    BARGE = "barge"
    """Hears both, is heard by both."""
    TAKE_OVER = "take_over"
    """Talks to the caller; the operator is let go."""


class SupervisionState(StrEnum):
    """Where a leader's ear is."""

    ORDERED = "ordered"
    """Asterisk was asked, or is about to be; nothing was seen of it yet."""
    RINGING = "ringing"
    LISTENING = "listening"
    WHISPERING = "whispering"
    BARGED = "barged"
    TAKEN_OVER = "taken_over"
    OVER = "over"


class SupervisionEnd(StrEnum):
    """Why it is over."""

    CALL_ENDED = "call_ended"
    BY_LEADER = "by_leader"
    NO_ANSWER = "no_answer"
    """The leader's phone did not take the call."""
    SECRET = "secret"  # noqa: S105  the ticket became secret
    GONE = "gone"
    """Found to be over after a gap."""


STATE_OF: Final[dict[Mode, SupervisionState]] = {
    Mode.LISTEN: SupervisionState.LISTENING,
    Mode.WHISPER: SupervisionState.WHISPERING,
    Mode.BARGE: SupervisionState.BARGED,
    Mode.TAKE_OVER: SupervisionState.TAKEN_OVER,
}
MODE_LABELS: Final[dict[Mode, str]] = {
    Mode.LISTEN: "监听",
    Mode.WHISPER: "耳语",
    Mode.BARGE: "插话",
    Mode.TAKE_OVER: "接管",
}
STATE_LABELS: Final[dict[SupervisionState, str]] = {
    SupervisionState.ORDERED: "正在接入",
    SupervisionState.RINGING: "正在接入",
    SupervisionState.LISTENING: "监听中",
    SupervisionState.WHISPERING: "耳语中",
    SupervisionState.BARGED: "插话中",
    SupervisionState.TAKEN_OVER: "接管通话中",
    SupervisionState.OVER: "已结束",
}
END_LABELS: Final[dict[SupervisionEnd, str]] = {
    SupervisionEnd.CALL_ENDED: "通话已结束",
    SupervisionEnd.BY_LEADER: "班长已退出",
    SupervisionEnd.NO_ANSWER: "班长话机没有接通",
    SupervisionEnd.SECRET: "工单已标为保密，监听已终止",
    SupervisionEnd.GONE: "已中断",
}
