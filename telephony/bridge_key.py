"""The key 一键三方 as it is pressed: from where, about what, who is to come. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.bridge_words import CALLER, SEAT, BridgeKind, Presser
from core.errors import InvalidField, KeyUsedOtherwise
from telephony.ports import Number

_KEY: Final = re.compile(r"[A-Za-z0-9._:-]{8,100}\Z")
_ROLE: Final = re.compile(r"[a-z][a-z0-9_-]{1,23}\Z")
_ABOUT: Final = re.compile(r"[0-9]{2,8}\Z")


@dataclass(frozen=True, slots=True)
class Press:
    """One press of the key. The same `key` is the same press, however often it comes."""

    key: str
    presser: Presser
    roles: Sequence[str]
    kind: BridgeKind = BridgeKind.EMERGENCY
    account_id: int | None = None
    seat_id: int | None = None
    call_id: str | None = None
    ticket_id: int | None = None
    category: str | None = None
    town: str | None = None
    village: int | None = None
    given: Mapping[str, Sequence[Number]] = field(default_factory=dict[str, Sequence[Number]])
    """Numbers of roles that the house itself has looked up: the presser's own, the citizen's."""
    seats: Mapping[str, int] = field(default_factory=dict[str, int])
    """Roles that are other seats, dialled at their phones."""
    blind: bool = False
    """A consultation that nobody waits for: the seat is out at once."""
    asks: bool = True
    """Whether those outside are asked for key 1 before they join."""
    supervision_id: int | None = None
    """By what a shift leader took the call over; he presses without a seat."""
    announce: str = ""
    """The service, 110 for instance, that the caller is told is being called."""
    asked: str = ""
    """What was asked for, as a hash: the same `key` with another is no retry. Empty, nobody compares."""

    def check(self) -> None:
        """Raises InvalidField."""
        if not _KEY.match(self.key):
            raise InvalidField(field="key", reason="幂等键应为 8 到 100 个字母、数字或 . _ : -")
        if not self.roles or len(set(self.roles)) != len(self.roles):
            raise InvalidField(field="roles", reason="角色不能为空，也不能重复")
        if any(not _ROLE.match(role) or role in (CALLER, SEAT) for role in self.roles):
            raise InvalidField(field="roles", reason="没有这个角色")
        if self.category and not _ABOUT.match(self.category):
            raise InvalidField(field="category", reason="分类编号不正确")
        alone = self.presser is Presser.SEAT_CALL and len(self.roles) == 1
        if self.kind is BridgeKind.CONSULT and not alone:
            raise InvalidField(field="roles", reason="咨询转接只能在通话中发起，每次一方")
        if self.presser is Presser.SEAT_CALL and (self.call_id is None or self.seat_id is None):
            raise InvalidField(field="call_id", reason="请指明正在通话的来电")
        if self.presser is Presser.LEADER_CALL and (self.call_id is None or self.supervision_id is None):
            raise InvalidField(field="call_id", reason="请指明接管的来电")


def check_same(before: str | None, asked: str) -> None:
    """A room answers its own press only. Raises KeyUsedOtherwise."""
    if before and asked and before != asked:
        raise KeyUsedOtherwise


@dataclass(frozen=True, slots=True)
class Ask:
    """Whom to ask in a room that runs: a seat, a role, or numbers; `blind`, without waiting for an answer."""

    seat_id: int | None = None
    role: str | None = None
    numbers: Sequence[Number] = ()
    blind: bool = False
