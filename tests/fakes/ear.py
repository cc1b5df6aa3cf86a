"""An Asterisk in memory for leaders' ears: it obeys, keeps names apart, and can lose orders."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import SwitchboardUnavailable
from core.supervision_words import Mode
from telephony.ami_protocol import AmiMessage
from telephony.supervision_names import CALLER_CONTEXT, CONTEXTS, Target, channel_id
from telephony.supervision_translate import Heard, Sign


@dataclass
class Hanging:
    """A leader's channel that lives."""

    target: Target
    name: str
    mode: Mode
    up: bool = False


@dataclass
class FakeEar:
    """The port `Ear`; `faults` tell of the next orders: lost `before`, or their answer lost `after`."""

    caller: str = "PJSIP/trunk-00000001"
    channels_by_id: dict[int, Hanging] = field(default_factory=dict[int, Hanging])
    signs: list[Heard] = field(default_factory=list[Heard])
    rung: list[int] = field(default_factory=list[int])
    faults: list[str] = field(default_factory=list[str])
    in_room: int | None = None
    """The caller is in this leader's room."""
    given_back: int = 0
    spoken: list[tuple[int, Mode]] = field(default_factory=list[tuple[int, Mode]])

    def _fault(self, when: str) -> None:
        if self.faults and self.faults[0] == when:
            self.faults.pop(0)
            raise SwitchboardUnavailable
        if when == "after" and self.faults:
            self.faults.pop(0)

    async def ring(self, target: Target, phone: str, number: int, mode: Mode) -> None:
        self._fault("before")
        assert (target.token, phone in ("lead", "leaddesk"), mode) != ("", False, Mode.TAKE_OVER)
        key = target.supervision_id
        if key in self.channels_by_id:  # the real one refuses it too
            self.signs.append(Heard(Sign.NEVER_BEGAN, key))
        else:
            name = f"PJSIP/{phone}{number}-{key:08x}"
            self.channels_by_id[key] = Hanging(target, name, mode)
            self.rung.append(key)
            self.signs.append(Heard(Sign.RANG, key, name))
        self._fault("after")

    async def change(self, target: Target, mode: Mode) -> None:
        self._fault("before")
        found = self.channels_by_id.get(target.supervision_id)
        if found is not None and found.up:
            found.mode = mode
            self._hears(found)
        self._fault("after")

    async def take_over(self, supervision_id: int, caller: str) -> None:
        self._fault("before")
        assert caller == self.caller
        found = self.channels_by_id.get(supervision_id)
        if found is not None and found.up and self.in_room != supervision_id:
            found.mode, self.in_room = Mode.TAKE_OVER, supervision_id
            self.signs.append(Heard(Sign.CALLER_IN_ROOM, supervision_id, caller))
            self.signs.append(Heard(Sign.IN_ROOM, supervision_id, found.name))
        self._fault("after")

    async def hang_up(self, supervision_id: int) -> None:
        self._fault("before")
        self.end(supervision_id)
        self._fault("after")

    async def give_back(self, caller: str) -> None:
        self._fault("before")
        self.in_room = None
        self.given_back += 1
        self._fault("after")

    async def channels(self) -> list[AmiMessage]:
        rows: list[dict[str, str]] = []
        for key, one in self.channels_by_id.items():
            rows.append(
                {
                    "Channel": one.name,
                    "Uniqueid": channel_id(key),
                    "ChannelState": "6" if one.up else "5",
                    "Context": CONTEXTS[one.mode],
                    "Exten": one.target.token,
                    "Application": "ChanSpy" if one.up and one.mode is not Mode.TAKE_OVER else "",
                }
            )
        if self.in_room is not None:
            room = {"Context": CALLER_CONTEXT, "Exten": str(self.in_room), "ChannelState": "6"}
            rows.append({"Channel": self.caller, "Uniqueid": "ms-1764000000.1", **room})
        return [AmiMessage(row) for row in rows]

    # --- what people do -----------------------------------------------------------------------------

    def answer(self) -> None:
        """Every phone that rings picks up."""
        for one in self.channels_by_id.values():
            if not one.up:
                one.up = True
                self._hears(one)

    def leave(self) -> None:
        """Every leader puts down."""
        for key in list(self.channels_by_id):
            self.signs.append(Heard(Sign.LEAVES, key))
            self.end(key)

    def end(self, supervision_id: int) -> None:
        found = self.channels_by_id.pop(supervision_id, None)
        if found is not None:
            if self.in_room == supervision_id:
                self.in_room = None  # thanked, and then away unless somebody is quick
            self.signs.append(Heard(Sign.HUNG_UP, supervision_id, found.name))

    def _hears(self, one: Hanging) -> None:
        self.spoken.append((one.target.supervision_id, one.mode))
        spied = one.target.seat_channel
        self.signs.append(Heard(Sign.HEARS, one.target.supervision_id, one.name, one.mode, spied))
