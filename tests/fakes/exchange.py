"""An Asterisk in memory for conferences: it obeys, keeps records, and can lose orders."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.bridge_words import LegAim
from core.errors import ActionRefused, SwitchboardUnavailable
from telephony.bridge_names import LegName
from telephony.bridge_switch import Dial
from telephony.bridge_translate import Heard, Sign


@dataclass
class Channel:
    """One channel that lives."""

    name: str
    uniqueid: str
    leg: LegName | None
    up: bool = False
    room: int | None = None
    music: int | None = None
    """The room whose music it hears."""
    queued: bool = False
    last: int = 0
    """The room it was in, or heard the music of, last."""


def _context(channel: Channel) -> str:
    if channel.music is None:
        return "hotline-wait"
    return "bridge-hold" if channel.leg is None else "bridge-aside"


@dataclass
class Exchange:
    """The port of `BridgeSwitch`; `lost` orders raise before (`before`) or after they were carried out."""

    cel: Path
    channels_by_id: dict[str, Channel] = field(default_factory=dict[str, Channel])
    signs: list[Heard] = field(default_factory=list[Heard])
    dialled: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """(digits, channel id) of each channel that really began."""
    thanked: list[str] = field(default_factory=list[str])
    """Where each caller was who was sent away with thanks."""
    faults: list[str] = field(default_factory=list[str])
    """What happens to the next orders: `before`, `after` or `none`."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def bring(self, name: str) -> None:
        """A caller or a seat that talks already."""
        self.channels_by_id[f"own-{name}"] = Channel(name, f"own-{name}", None, up=True)

    def _fault(self, when: str) -> None:
        if self.faults and self.faults[0] == when:
            self.faults.pop(0)
            raise SwitchboardUnavailable
        if when == "after" and self.faults:
            self.faults.pop(0)

    async def move(
        self, bridge_id: int, caller: str | None, seat: str | None, *, held: bool = False, announce: str = ""
    ) -> None:
        self._fault("before")
        both = [self._named(name) for name in (caller, seat) if name]
        if None in both and (len(both) == 1 or "PJSIP/lead" in (seat or "")):
            raise ActionRefused(answer="Channel does not exist")  # as Asterisk: both or nobody
        for name in (caller, seat):
            channel = self._named(name or "")
            if channel is not None and held and name == caller:
                self._hold(channel, bridge_id)
            elif channel is not None:
                self._enter(channel, bridge_id)
        if seat is None and caller is not None:
            self._let_go_of_the_seat()
        self._fault("after")

    async def send(self, bridge_id: int, places: Sequence[tuple[str, LegAim]]) -> None:
        self._fault("before")
        for name, aim in places:
            channel = self._named(name)
            if channel is not None:
                (self._hold if aim is LegAim.MUSIC else self._enter)(channel, bridge_id)
                if channel.leg is None:
                    self._let_go_of_the_seat()
        self._fault("after")

    async def requeue(self, caller: str) -> None:
        self._fault("before")
        channel = self._named(caller)
        if channel is not None:
            self._leave(channel)
            channel.queued = True
            self.signs.append(Heard(Sign.GONE, channel.last, None, channel.name))
            self._let_go_of_the_seat()
        self._fault("after")

    async def dial(self, order: Dial) -> None:
        self._fault("before")
        uniqueid = order.leg.channel_id
        if uniqueid in self.channels_by_id:  # the real one refuses it too
            self.signs.append(Heard(Sign.NEVER_BEGAN, order.leg.bridge_id, order.leg, ""))
        else:
            name = f"PJSIP/outbound-{next(self._numbers):08x}"
            self.channels_by_id[uniqueid] = Channel(name, uniqueid, order.leg)
            self.dialled.append((order.digits, uniqueid))
            self._write(uniqueid, "CHAN_START", name)
            self.signs.append(Heard(Sign.BEGAN, order.leg.bridge_id, order.leg, name))
        self._fault("after")

    async def mute(self, bridge_id: int, channel: str, *, muted: bool) -> None:
        found = self._named(channel)
        if found is not None:
            sign = Sign.MUTED if muted else Sign.UNMUTED
            self.signs.append(Heard(sign, bridge_id, found.leg, channel))

    async def hang_up(self, channel: str) -> None:
        self._fault("before")
        found = self.channels_by_id.get(channel) or self._named(channel)
        if found is not None:
            self.end(found, 16)
        self._fault("after")

    async def say_goodbye(self, caller: str) -> None:
        found = self._named(caller)
        if found is not None:
            self.thanked.append("room" if found.room is not None else "music" if found.music else "elsewhere")
        await self.hang_up(caller)

    async def channels(self) -> list[dict[str, str]]:
        return [
            {
                "Channel": one.name,
                "Uniqueid": one.uniqueid,
                "ChannelState": "6" if one.up else "5",
                "Context": _context(one),
                "Exten": str(one.music or "s"),
            }
            for one in self.channels_by_id.values()
        ]

    async def in_room(self, bridge_id: int) -> list[dict[str, str]]:
        return [{"Channel": one.name} for one in self.channels_by_id.values() if one.room == bridge_id]

    # --- what the phones do -------------------------------------------------------------------------

    def legs(self, *, up: bool | None = None) -> list[Channel]:
        """The dialled channels that live, oldest first."""
        return [one for one in self.channels_by_id.values() if one.leg and up in (None, one.up)]

    def answer(self, channel: Channel) -> None:
        """Somebody, or something, picks up."""
        if channel.leg is not None and not channel.up:
            channel.up = True
            self.signs.append(Heard(Sign.PICKED_UP, channel.leg.bridge_id, channel.leg, channel.name))

    def join(self, channel: Channel) -> None:
        """Key 1."""
        if channel.leg is not None and channel.up and channel.room is None and channel.music is None:
            self._enter(channel, channel.leg.bridge_id)

    def end(self, channel: Channel, cause: int) -> None:
        """The channel is no more."""
        bridge_id = channel.room or (channel.leg.bridge_id if channel.leg else channel.last)
        del self.channels_by_id[channel.uniqueid]
        if channel.leg is None and "trunk" in channel.name:
            self.signs.append(Heard(Sign.GONE, bridge_id or 1, None, channel.name))
            self._let_go_of_the_seat()
        if channel.room is not None:
            self.signs.append(Heard(Sign.WENT_OUT, bridge_id, channel.leg, channel.name))
        if channel.leg is not None:
            self.signs.append(Heard(Sign.HUNG_UP, bridge_id, channel.leg, channel.name, cause))
            self._write(channel.uniqueid, "HANGUP", channel.name, extra=f'{{""hangupcause"":{cause}}}')

    def _let_go_of_the_seat(self) -> None:
        """A caller who is taken out of his talk with a seat leaves that seat with nobody: it is hung up."""
        for one in list(self.channels_by_id.values()):
            if one.leg is None and "seat" in one.name and one.room is None:
                self.end(one, 16)

    def _leave(self, channel: Channel) -> None:
        if channel.room is not None:
            self.signs.append(Heard(Sign.WENT_OUT, channel.room, channel.leg, channel.name))
        channel.room = channel.music = None
        channel.queued = False

    def _hold(self, channel: Channel, bridge_id: int) -> None:
        self._leave(channel)
        channel.music = channel.last = bridge_id
        self.signs.append(Heard(Sign.HELD, bridge_id, channel.leg, channel.name))

    def _enter(self, channel: Channel, bridge_id: int) -> None:
        if channel.leg is None or channel.room or channel.music:
            self._leave(channel)
        channel.room = channel.last = bridge_id
        if channel.leg is not None:
            self._write(channel.uniqueid, "APP_START", channel.name, app="ConfBridge")
        self.signs.append(Heard(Sign.ENTERED, bridge_id, channel.leg, channel.name))

    def _named(self, name: str) -> Channel | None:
        return next((one for one in self.channels_by_id.values() if one.name == name), None)

    def _write(self, uniqueid: str, event: str, channel: str, *, app: str = "", extra: str = "") -> None:
        head = f'"{event}","1764000000.0","{uniqueid}","{uniqueid}","{channel}"'
        line = f'{head},"","s","x","{app}","","","{extra}",""'
        with self.cel.open("a", encoding="utf-8") as out:
            out.write(line + "\n")
