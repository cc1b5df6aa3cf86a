"""Why a call is treated otherwise than the rest, read from its row, in the words of screens and reports."""

from __future__ import annotations

from core.routing_words import WHY_LABELS, Priority, Why
from db.models.call import Call
from telephony.call_states import WAITS_AGAIN


def reasons(call: Call) -> list[Why]:
    """Why this call is treated otherwise than the rest, the strongest first."""
    lost = call.answered_at is not None and call.state in WAITS_AGAIN
    found = (
        (Why.EMERGENCY_KEY, call.urgent_at is not None),
        (Why.SEAT_LOST, lost),
        (Why.CUT_OFF, call.after_cut_off),
        (Why.OWN_SEAT, call.own_seat_id is not None),
        (Why.FLOOD, call.flood),
    )
    return [why for why, so in found if so]


def priority_of(call: Call) -> Priority:
    """Whose turn a waiting caller's is."""
    found = reasons(call)
    for why, priority in (
        (Why.EMERGENCY_KEY, Priority.EMERGENCY),
        (Why.SEAT_LOST, Priority.SEAT_LOST),
        (Why.CUT_OFF, Priority.CUT_OFF),
    ):
        if why in found:
            return priority
    return Priority.NORMAL


def why_json(call: Call) -> list[dict[str, str]]:
    """The reasons as screens show them; the own seat with its number."""
    return [{"word": why, "label": _label(why, call)} for why in reasons(call)]


def _label(why: Why, call: Call) -> str:
    text = WHY_LABELS[why]
    return f"{text}{call.own_seat_id}号" if why is Why.OWN_SEAT else text
