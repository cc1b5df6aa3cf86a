"""What a line of a ticket's history says where no person wrote it. Code is English, labels are Chinese."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class TicketStep(StrEnum):
    """Why a line stands in the history; where a person was asked for a reason, his own words do."""

    OPENED = "opened"
    EDITED = "edited"
    ACCEPTED = "accepted"
    """Nobody had it; it is theirs whom the line names."""
    TRANSFERRED = "transferred"
    """Handed over with its caller, to the one whom the line names."""
    CALLED_BACK = "called_back"
    PICKED_UP = "picked_up"
    """A phone was picked up: that is not that somebody was spoken to."""
    JOINED = "joined"
    TAKEN_IN = "taken_in"
    PARTED = "parted"
    GIVEN_BACK = "given_back"


STEP_LABELS: Final[dict[str, str]] = {
    TicketStep.OPENED: "建立",
    TicketStep.EDITED: "修改",
    TicketStep.ACCEPTED: "受理",
    TicketStep.TRANSFERRED: "随来电转入",
    TicketStep.CALLED_BACK: "回拨接通",
    TicketStep.PICKED_UP: "回拨已摘机（未确认是否本人）",
    TicketStep.JOINED: "并入",
    TicketStep.TAKEN_IN: "收进",
    TicketStep.PARTED: "拆出自",
    TicketStep.GIVEN_BACK: "拆出",
}
