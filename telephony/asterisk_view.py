"""What Asterisk itself says is going on now: channels, queue, contacts. Read through the `act` link."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.ids import CallId, SeatId, parse_call_id
from core.vocabulary import CallState, PauseReason
from telephony.ami_client import AmiLink
from telephony.ami_protocol import AmiMessage
from telephony.channel_names import (
    is_caller_channel,
    pause_reason,
    safe_number,
    seat_of_channel,
    seat_of_device,
)
from telephony.supervision_names import PHONES
from telephony.switchboard import QUEUE

_MESSAGE: Final = "message"
_UP: Final = "6"


@dataclass(frozen=True, slots=True)
class SeenCall:
    """One caller's channel and what is evidently being done with it; `state` None = cannot be told."""

    call_id: CallId
    channel: str
    number: str
    dialled: str
    age_s: float
    state: CallState | None
    seat_id: SeatId | None
    seat_channel: str | None


@dataclass(frozen=True, slots=True)
class SeenMember:
    """One member of the queue."""

    seat_id: SeatId
    phone: str
    paused: bool
    reason: PauseReason
    penalty: str


@dataclass(frozen=True, slots=True)
class View:
    """One look. `channels` are (name, uniqueid, linkedid) of all, to prime the translator."""

    calls: dict[CallId, SeenCall]
    members: dict[SeatId, SeenMember]
    contacts: dict[str, frozenset[str]]
    channels: tuple[tuple[str, str, str], ...]


async def look(link: AmiLink, seats: int) -> View:
    """Ask for channels, queue and contacts, in this order. Raises as `AmiLink.listing`."""
    channels = await link.listing("CoreShowChannels")
    queue = await link.listing("QueueStatus", {"Queue": QUEUE})
    return View(
        calls=_calls(channels, {row["Uniqueid"] for row in queue if row["Event"] == "QueueEntry"}),
        members=_members(queue),
        contacts=await contacts(link, seat_phones(seats)),
        channels=tuple((row["Channel"], row["Uniqueid"], row["Linkedid"]) for row in channels),
    )


def seat_phones(seats: int) -> list[str]:
    """The endpoints at which the phones of these seats register."""
    return [f"{phone}{number}" for number in range(1, seats + 1) for phone in ("seat", "desk")]


def lead_phones(leads: int) -> list[str]:
    """The same of leaders' phones."""
    return [f"{phone}{number}" for number in range(1, leads + 1) for phone in PHONES]


async def contacts(link: AmiLink, names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Contact addresses of those of these phones that are registered. Raises as `AmiLink.action`.

    Asked through a dialplan function: the list of contacts needs class `system`, which `act` must not have.
    """
    found: dict[str, frozenset[str]] = {}
    for name in names:
        answer = await link.action("Getvar", {"Variable": f"PJSIP_DIAL_CONTACTS({name})"})
        uris = frozenset(part for part in answer["Value"].split("&") if part)
        if uris:
            found[name] = uris
    return found


def _calls(channels: list[AmiMessage], waiting: set[str]) -> dict[CallId, SeenCall]:
    seen: dict[CallId, SeenCall] = {}
    for row in channels:
        if not is_caller_channel(row["Channel"]):
            continue
        try:
            call_id = parse_call_id(row["Uniqueid"])
        except ValueError:
            continue
        seat = _seat_leg(row, channels)
        seen[call_id] = SeenCall(
            call_id=call_id,
            channel=row["Channel"],
            number=safe_number(row["CallerIDNum"]),
            dialled=row["Exten"][:40],
            age_s=_seconds(row["Duration"]),
            state=_state(row, seat, waiting),
            seat_id=seat_of_channel(seat["Channel"]) if seat else None,
            seat_channel=seat["Channel"] if seat else None,
        )
    return seen


def _seat_leg(caller: AmiMessage, channels: list[AmiMessage]) -> AmiMessage | None:
    """The seat's channel in the caller's bridge, else one that rings for this call."""
    legs = [row for row in channels if seat_of_channel(row["Channel"]) is not None]
    bridge = caller.get("BridgeId")
    for row in legs:
        if bridge and row.get("BridgeId") == bridge:
            return row
    for row in legs:
        if row["Linkedid"] == caller["Uniqueid"] and row["ChannelState"] != _UP:
            return row
    return None


def _state(caller: AmiMessage, seat: AmiMessage | None, waiting: set[str]) -> CallState | None:
    if seat is not None:
        return CallState.TALKING if seat["ChannelState"] == _UP else CallState.RINGING
    if caller["Uniqueid"] in waiting:
        return CallState.QUEUED
    if caller["Context"] == _MESSAGE:
        return CallState.LEAVING_MESSAGE
    return None


def _members(queue: list[AmiMessage]) -> dict[SeatId, SeenMember]:
    members: dict[SeatId, SeenMember] = {}
    for row in queue:
        found = seat_of_device(row["Location"]) if row["Event"] == "QueueMember" else None
        if found is not None:
            seat_id, phone = found
            reason = pause_reason(row.get("PausedReason", ""))
            members[seat_id] = SeenMember(seat_id, phone, row["Paused"] == "1", reason, row["Penalty"])
    return members


def _seconds(duration: str) -> float:
    hours, minutes, seconds = (int(part) for part in duration.split(":"))
    return hours * 3600 + minutes * 60 + seconds
