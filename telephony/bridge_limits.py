"""What may be dialled and how often: the allow-list and the caps, from policy rows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.bridge_words import BridgeKind
from core.clock import SHANGHAI
from core.emergency_words import is_emergency
from core.errors import HotlineError
from db.models.reference import Policy
from db.repositories import bridges
from telephony.ports import Number

log = structlog.get_logger(__name__)

ALLOWED: Final = "1NXXXXXXXXX NXXXXXXX 02XNXXXXXXX 0ZXXNXXXXXX 0ZXXNXXXXXXX 110 119 120 122"
"""While the policy has no row: mobiles, fixed lines of the county and with area code, emergency services."""
_KEYS: Final = (
    "bridge_allowed",
    "bridge_ring_s",
    "bridge_parties",
    "bridge_seat_day",
    "bridge_day",
    "bridge_presser_day",
    "outbound_seat_day",
    "outbound_day",
    "outbound_ring_s",
    "consult_seat_day",
    "consult_day",
    "service_day",
    "transfer_return_s",
)
_LETTERS: Final = {"X": "[0-9]", "N": "[2-9]", "Z": "[1-9]"}


class TooManyBridges(HotlineError):
    """今天的外呼次数已达上限，请联系班长。"""

    code = "too-many-bridges"
    status = 429


class TooManyCallsOut(HotlineError):
    """今天的外呼次数已达上限，请联系班长。"""

    code = "too-many-calls-out"
    status = 429


class NumberNotAllowed(HotlineError):
    """这个号码不在允许外呼的范围内。"""

    code = "number-not-allowed"
    status = 422


class NobodyToCall(HotlineError):
    """没有可以呼叫的号码，请先在通讯录中登记。"""

    code = "nobody-to-call"
    status = 422


@dataclass(frozen=True, slots=True)
class Limits:
    """The centre's numbers as they stand now."""

    allowed: re.Pattern[str]
    ring_s: float = 25
    outbound_ring_s: float = 45
    """A citizen is given longer: there is no next number."""
    parties: int = 8
    seat_day: int = 40
    consult_seat_day: int = 200
    return_s: float = 15
    """How long a caller whom nobody took rings at the seat that sent him."""
    day: int = 300
    """Attempts outside of all conferences in one day."""
    consult_day: int = 1000
    """Of all consultations."""
    service_day: int = 100
    """At 110, 119, 120 and 122, from wherever they are called."""
    presser_day: int = 90
    """How many attempts one may order who presses without a seat: a grid worker, another system."""
    outbound_seat_day: int = 120
    outbound_day: int = 1000

    def check_number(self, digits: str) -> None:
        """Raises NumberNotAllowed for anything that is not on the allow-list."""
        if not self.allowed.fullmatch(digits):
            raise NumberNotAllowed(pii_number=digits)


def allow_list(text: str) -> re.Pattern[str]:
    """Patterns between blanks as one: X any digit, N 2 to 9, Z 1 to 9. A strange one fits nothing."""
    patterns: list[str] = []
    for word in text.split():
        if re.fullmatch(r"[0-9XNZ]{3,15}", word):
            patterns.append("".join(_LETTERS.get(letter, letter) for letter in word))
        else:
            log.error("allow_list_not_understood", pattern=word[:20])
    return re.compile("|".join(patterns) or r"(?!)")


async def read_limits(session: AsyncSession) -> Limits:
    """The limits in force: a changed row counts at once."""
    found = await session.scalars(select(Policy).where(Policy.key.in_(_KEYS)))
    values = {row.key: row.value for row in found}
    return Limits(
        allowed=allow_list(values.get("bridge_allowed", ALLOWED)),
        ring_s=_number(values, "bridge_ring_s", 25),
        outbound_ring_s=_number(values, "outbound_ring_s", 45),
        parties=int(_number(values, "bridge_parties", 8)),
        seat_day=int(_number(values, "bridge_seat_day", 40)),
        consult_seat_day=int(_number(values, "consult_seat_day", 200)),
        consult_day=int(_number(values, "consult_day", 1000)),
        service_day=int(_number(values, "service_day", 100)),
        return_s=_number(values, "transfer_return_s", 15),
        day=int(_number(values, "bridge_day", 300)),
        presser_day=int(_number(values, "bridge_presser_day", 90)),
        outbound_seat_day=int(_number(values, "outbound_seat_day", 120)),
        outbound_day=int(_number(values, "outbound_day", 1000)),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is about to be dialled, and by whom."""

    kind: BridgeKind
    outside: Collection[str]
    """The roles that are no seat of ours: those cost nothing."""
    seat_id: int | None = None
    """Whose key it is; none where a room runs already."""
    presser: str | None = None


async def check_caps(session: AsyncSession, limits: Limits, now: dt.datetime, wanted: Wanted) -> None:
    """Where this seat or presser, or the house, has had enough.

    Conferences, consultations, calls out and the emergency services are counted each by itself: nothing
    ordinary may use up what a caller in need has.

    Raises:
        TooManyBridges, TooManyCallsOut.
    """
    kind, seat_id, presser = wanted.kind, wanted.seat_id, wanted.presser
    services = [role for role in wanted.outside if is_emergency(role)]
    others = len(services) < len(wanted.outside)
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = await bridges.counts_since(session, midnight, seat_id, kind)
    seat_day, day = {
        BridgeKind.EMERGENCY: (limits.seat_day, limits.day),
        BridgeKind.CONSULT: (limits.consult_seat_day, limits.consult_day),
        BridgeKind.OUTBOUND: (limits.outbound_seat_day, limits.outbound_day),
    }[kind]
    too_many = TooManyCallsOut if kind is BridgeKind.OUTBOUND else TooManyBridges
    if seat_id is not None and counts.pressed >= seat_day and (others or not services):
        raise too_many(seat_id=seat_id)
    if (others and counts.dialled >= day) or (services and counts.services >= limits.service_day):
        raise too_many
    if presser is None:
        return
    own = await bridges.dialled_by(session, midnight, presser)
    if (others and own.dialled >= limits.presser_day) or (services and own.services >= limits.presser_day):
        raise TooManyBridges(presser=presser)


def without_seat(key: str, seat_id: int | None) -> str | None:
    """Who pressed, as the press's key names them, where no seat's own cap holds.

    One telephone or key in wrong hands on the internet must not use up what the house may dial in a day.
    """
    return key.partition(":")[0] if seat_id is None else None


def _number(values: dict[str, str], key: str, default: float) -> float:
    try:
        return float(values[key]) if key in values else default
    except ValueError:
        log.error("policy_not_a_number", key=key)
        return default


def may_dial(numbers: Sequence[Number], limits: Limits) -> list[Number]:
    """Those on the allow-list, in their order, each once."""
    kept: dict[str, Number] = {}
    for number in numbers:
        try:
            limits.check_number(number.digits)
        except NumberNotAllowed:
            log.warning("number_not_allowed", pii_number=number.digits)
            continue
        kept.setdefault(number.digits, number)
    return list(kept.values())
