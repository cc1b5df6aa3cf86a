"""AMI words in, facts out: the only file that knows what Asterisk calls things.

An event is believed only where it fits what was seen before: a caller can write forged events into his
number (engineering notes, section 9). What does not fit is logged as `ami_suspicious` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from core.callback_events import CallBackAsked
from core.clock import Clock
from core.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallHeld,
    CallQueued,
    CallResumed,
    DutyStarted,
    Fact,
    MessageLeft,
    MessageStarted,
    SeatLeft,
    SeatMissed,
    SeatOffered,
    SeatPaused,
    SeatPhoneOffline,
    SeatPhoneOnline,
    SeatUnpaused,
)
from core.ids import SeatId, parse_call_id
from core.room_events import CallRequeued
from core.routing_events import CallTurnedAway, EmergencyKeyPressed
from core.vocabulary import EndedBy
from telephony.ami_protocol import AmiMessage
from telephony.channel_names import (
    is_caller_channel,
    pause_reason,
    safe_number,
    seat_of_channel,
    seat_of_device,
)
from telephony.dial_translate import dial_began, dial_ended
from telephony.known_legs import Known, Leg

log = structlog.get_logger(__name__)

_FROM_TRUNK: Final = "from-trunk"
_OF_CALLERS: Final = frozenset(
    {
        "MinshengMessageStarted",
        "MinshengMessageLeft",
        "MinshengUrgent",
        "MinshengTurnedAway",
        "MinshengCallBack",
        "MinshengRequeue",
    }
)
_GONE_STATES: Final = frozenset({"Removed", "Unreachable"})


class Translator:
    """Turns events into facts, in order. Not safe for use by two tasks at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.known = Known()
        self._readers: dict[str, Callable[[AmiMessage], Fact | None]] = {
            "Newchannel": self._new_channel,
            "QueueCallerJoin": self._joined,
            "AgentCalled": self._offered,
            "AgentRingNoAnswer": self._missed,
            "AgentConnect": self._connected,
            "DialBegin": lambda event: dial_began(event, self.known, self._clock.now()),
            "DialEnd": lambda event: dial_ended(event, self.known, self._clock.now()),
            "Hold": self._held,
            "Unhold": self._resumed,
            "UserEvent": self._told,
            "HangupRequest": self._hang_up_asked,
            "SoftHangupRequest": self._hang_up_ordered,
            "Hangup": self._hung_up,
            "QueueMemberAdded": self._member_added,
            "QueueMemberRemoved": self._member_removed,
            "QueueMemberPause": self._member_paused,
            "ContactStatus": self._contact,
        }

    @property
    def kinds(self) -> frozenset[str]:
        """The events that can mean anything here."""
        return frozenset(self._readers)

    def translate(self, event: AmiMessage) -> Fact | None:
        """The fact that an event tells, or None."""
        reader = self._readers.get(event["Event"])
        if reader is None:
            return None
        if event.doubled:
            return self._suspicious(event, "a header came twice")
        try:
            return reader(event)
        except (KeyError, ValueError) as error:
            return self._suspicious(event, f"{type(error).__name__}: {error}")

    def prime(self, channel: str, uniqueid: str, linkedid: str) -> None:
        """Learn of a channel from Asterisk's own list, after a gap."""
        seat_id = seat_of_channel(channel)
        if seat_id is not None or is_caller_channel(channel):
            self.known.remember(Leg(channel, uniqueid, parse_call_id(linkedid), seat_id))

    def forget_all(self) -> None:
        """The link was lost: what was known may be wrong."""
        self.known = Known()

    def _suspicious(self, event: AmiMessage, reason: str) -> None:
        log.warning("ami_suspicious", ami_event=event["Event"], reason=reason[:200])

    def _seat(self, text: str) -> SeatId:
        found = seat_of_device(text)
        if found is None:
            raise ValueError("no seat of ours")
        return found[0]

    def _new_channel(self, event: AmiMessage) -> Fact | None:
        channel, uniqueid, linkedid = event["Channel"], event["Uniqueid"], parse_call_id(event["Linkedid"])
        seat_id = seat_of_channel(channel)
        if uniqueid in self.known.legs:
            return None
        if seat_id is not None:
            self.known.remember(Leg(channel, uniqueid, linkedid, seat_id))
            return None
        if not is_caller_channel(channel):
            return None
        if event["Context"] != _FROM_TRUNK or uniqueid != linkedid:
            raise ValueError("a caller's channel in a strange place")
        self.known.remember(Leg(channel, uniqueid, linkedid, None))
        return CallArrived(
            at=self._clock.now(),
            call_id=linkedid,
            pii_caller=safe_number(event["CallerIDNum"]),
            dialled=event["Exten"][:40],
            channel=channel,
        )

    def _joined(self, event: AmiMessage) -> Fact:
        leg = self.known.caller(event)
        return CallQueued(at=self._clock.now(), call_id=leg.call_id, position=int(event["Position"]))

    def _offered(self, event: AmiMessage) -> Fact:
        leg = self.known.caller(event)
        return SeatOffered(at=self._clock.now(), call_id=leg.call_id, seat_id=self._seat(event["Interface"]))

    def _missed(self, event: AmiMessage) -> Fact:
        leg = self.known.caller(event)
        return SeatMissed(
            at=self._clock.now(),
            call_id=leg.call_id,
            seat_id=self._seat(event["Interface"]),
            ring_s=int(event["RingTime"]) / 1000,
        )

    def _connected(self, event: AmiMessage) -> Fact:
        leg = self.known.caller(event)
        seat_id = self._seat(event["Interface"])
        self.known.join(leg, event["DestUniqueid"], event["DestChannel"], seat_id)
        return CallAnswered(
            at=self._clock.now(),
            call_id=leg.call_id,
            seat_id=seat_id,
            wait_s=float(event["HoldTime"]),
            seat_channel=event["DestChannel"],
        )

    def _held(self, event: AmiMessage) -> Fact | None:
        leg = self.known.seat_leg(event)
        return CallHeld(at=self._clock.now(), call_id=leg.call_id) if leg else None

    def _resumed(self, event: AmiMessage) -> Fact | None:
        leg = self.known.seat_leg(event)
        return CallResumed(at=self._clock.now(), call_id=leg.call_id) if leg else None

    def _told(self, event: AmiMessage) -> Fact | None:
        what, now = event["UserEvent"], self._clock.now()
        if what not in _OF_CALLERS:
            return None
        call_id = self.known.caller(event).call_id
        if what == "MinshengCallBack":
            return CallBackAsked(at=now, call_id=call_id)
        if what == "MinshengMessageStarted":
            return MessageStarted(at=now, call_id=call_id, reason=event["Reason"][:40])
        if what == "MinshengUrgent":
            return EmergencyKeyPressed(at=now, call_id=call_id)
        if what == "MinshengTurnedAway":
            return CallTurnedAway(at=now, call_id=call_id, reason=event["Reason"][:40])
        if what == "MinshengRequeue":
            return CallRequeued(at=now, call_id=call_id)
        if what == "MinshengMessageLeft":
            name, seconds = event["File"][:120], float(event.get("Duration") or 0)
            return MessageLeft(at=now, call_id=call_id, file_name=name, duration_s=seconds)
        return None

    def _hang_up_asked(self, event: AmiMessage) -> None:
        leg = self.known.legs.get(event["Uniqueid"])
        if leg is not None:
            who = EndedBy.CALLER if leg.seat_id is None else EndedBy.SEAT
            self.known.ended_by.setdefault(leg.call_id, who)

    def _hang_up_ordered(self, event: AmiMessage) -> None:
        leg = self.known.legs.get(event["Uniqueid"])
        if leg is not None and leg.seat_id is None:
            self.known.ended_by.setdefault(leg.call_id, EndedBy.SYSTEM)

    def _hung_up(self, event: AmiMessage) -> Fact | None:
        leg = self.known.legs.pop(event["Uniqueid"], None)
        if leg is None or leg.seat_id is not None:
            return None
        if leg.channel != event["Channel"]:
            raise ValueError("a hang-up of another channel")
        return CallEnded(
            at=self._clock.now(),
            call_id=leg.call_id,
            cause=int(event["Cause"]),
            ended_by=self.known.ended_by.pop(leg.call_id, EndedBy.SYSTEM),
        )

    def _member_added(self, event: AmiMessage) -> Fact:
        return DutyStarted(at=self._clock.now(), seat_id=self._seat(event["Interface"]))

    def _member_removed(self, event: AmiMessage) -> Fact:
        return SeatLeft(at=self._clock.now(), seat_id=self._seat(event["Interface"]), reason="signed_off")

    def _member_paused(self, event: AmiMessage) -> Fact:
        seat_id, now = self._seat(event["Interface"]), self._clock.now()
        if event["Paused"] == "0":
            return SeatUnpaused(at=now, seat_id=seat_id)
        return SeatPaused(at=now, seat_id=seat_id, reason=pause_reason(event.get("PausedReason", "")))

    def _contact(self, event: AmiMessage) -> Fact | None:
        found = seat_of_device(event["EndpointName"])
        if found is None:
            return None
        seat_id, phone = found
        if phone != "seat":
            return None
        held = self.known.contacts.setdefault(event["EndpointName"], set())
        if event["ContactStatus"] in _GONE_STATES:
            held.discard(event["URI"])
        elif held and event["URI"] not in held:
            # A reloaded page: the new contact came before the old one went; the old leg is deaf
            held.clear()
            held.add(event["URI"])
            return SeatPhoneOffline(at=self._clock.now(), seat_id=seat_id)
        else:
            held.add(event["URI"])
        if held:
            return SeatPhoneOnline(at=self._clock.now(), seat_id=seat_id)
        return SeatPhoneOffline(at=self._clock.now(), seat_id=seat_id)
