"""拨测: ring one number of the directory, say who calls, and ask whoever answers to press 1.

A test call is a life of its own: nothing of it is a citizen's call or a conference. Only the key confirms: a
voicemail box answers, is talked to, and presses nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from enum import StrEnum
from typing import Final

import structlog

from core.bridge_words import BridgeKind
from core.clock import SHANGHAI, Clock
from core.errors import HotlineError, IllegalTransition
from core.vocabulary import ProbeOutcome
from db.models.reference import Policy
from db.repositories import accounts
from db.session import SessionMaker, reading
from telephony.ami_protocol import AmiMessage
from telephony.bridge_limits import Limits, Wanted, check_caps, read_limits
from telephony.bridge_switch import BridgeSwitch
from telephony.probe_translate import ProbeHeard, ProbeSign, channel_id, read

log = structlog.get_logger(__name__)

ASKING_S: Final = 35.0
"""From the pick-up on: two askings with their pauses, and the thanks."""
BUSY_CAUSES: Final = frozenset({17, 21})
NO_ANSWER_CAUSES: Final = frozenset({18, 19})
PROBED: Final = "probe"
"""Whom a test call calls, as the caps see it: one outside, and no service that is called in need."""
DAY: Final = 100
"""Test calls a day, while the centre has set no other number."""


class TooManyProbes(HotlineError):
    """今天的拨测次数已达上限，请明天再试或人工拨打后登记。"""

    code = "too-many-probes"
    status = 429


class ProbeLost(HotlineError):
    """拨测期间与话务系统的连接中断，结果未知，请重新拨测。"""

    code = "probe-lost"
    status = 503


class ProbeState(StrEnum):
    """How far a test call has come; the outcomes are ends."""

    ORDERED = "ordered"
    DIALLED = "dialled"
    RINGING = "ringing"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    OVER = "over"


NEXT: Final[dict[tuple[ProbeState, ProbeSign], ProbeState]] = {
    (ProbeState.ORDERED, ProbeSign.BEGAN): ProbeState.DIALLED,
    # Only where there is no channel: of one that there is, the hang-up tells more
    (ProbeState.ORDERED, ProbeSign.NEVER_BEGAN): ProbeState.OVER,
    (ProbeState.DIALLED, ProbeSign.RANG): ProbeState.RINGING,
    (ProbeState.DIALLED, ProbeSign.PICKED_UP): ProbeState.ANSWERED,
    (ProbeState.RINGING, ProbeSign.PICKED_UP): ProbeState.ANSWERED,
    (ProbeState.ANSWERED, ProbeSign.CONFIRMED): ProbeState.CONFIRMED,
    **{(state, ProbeSign.HUNG_UP): ProbeState.OVER for state in ProbeState if state is not ProbeState.OVER},
}


def next_state(state: ProbeState, sign: ProbeSign) -> ProbeState:
    """What the test call becomes.

    Raises:
        IllegalTransition: this cannot happen now.
    """
    try:
        return NEXT[state, sign]
    except KeyError:
        raise IllegalTransition(state=state, fact=sign) from None


def outcome_of(before: ProbeState, cause: int) -> ProbeOutcome:
    """What is to be said of a test call that ended in `before` (the state before the end)."""
    if before is ProbeState.CONFIRMED:
        return ProbeOutcome.CONFIRMED
    if before is ProbeState.ANSWERED:
        return ProbeOutcome.NO_KEY
    if cause in BUSY_CAUSES:
        return ProbeOutcome.BUSY
    if before is ProbeState.RINGING or cause in NO_ANSWER_CAUSES:
        return ProbeOutcome.NO_ANSWER
    return ProbeOutcome.UNREACHABLE


class _Running:
    """One test call under way."""

    def __init__(self) -> None:
        self.state = ProbeState.ORDERED
        self.outcome: asyncio.Future[ProbeOutcome] = asyncio.get_running_loop().create_future()

    def take(self, heard: ProbeHeard) -> None:
        before = self.state
        self.state = next_state(before, heard.sign)
        if self.state is ProbeState.CONFIRMED:
            self._tell(ProbeOutcome.CONFIRMED)
        elif self.state is ProbeState.OVER:
            self._tell(outcome_of(before, heard.cause))

    def _tell(self, outcome: ProbeOutcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class Prober:
    """Test calls, each judged by what Asterisk shows of it."""

    def __init__(self, sessions: SessionMaker, clock: Clock, switch: BridgeSwitch) -> None:
        self._sessions = sessions
        self._clock = clock
        self._switch = switch
        self._running: dict[str, _Running] = {}

    def hear(self, event: AmiMessage) -> None:
        """One event of Asterisk."""
        heard = read(event)
        running = self._running.get(heard.token) if heard is not None else None
        if heard is None or running is None:
            return
        try:
            running.take(heard)
        except IllegalTransition as refusal:
            log.debug("probe_sign_refused", sign=heard.sign, reason=str(refusal))

    async def ring(self, number: str) -> ProbeOutcome:
        """Ring it now; at most a minute.

        Raises:
            NumberNotAllowed, TooManyBridges, TooManyProbes: the allow-list or a cap says no.
            SwitchboardUnavailable, ActionRefused, ActionTimedOut: it could not be ordered.
            ProbeLost: Asterisk was not heard to the end.
        """
        limits = await self._allowed(number)
        token = str(10**15 + secrets.randbelow(9 * 10**15))
        running = self._running[token] = _Running()
        try:
            await self._switch.probe(token, number, limits.ring_s)
            async with asyncio.timeout(limits.ring_s + ASKING_S):
                return await running.outcome
        except TimeoutError:
            await self._switch.hang_up(channel_id(token))
            raise ProbeLost from None
        finally:
            del self._running[token]

    async def _allowed(self, number: str) -> Limits:
        now = self._clock.now()
        midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        async with reading(self._sessions) as session:
            limits = await read_limits(session)
            limits.check_number(number)
            await check_caps(session, limits, now, Wanted(BridgeKind.EMERGENCY, (PROBED,)))
            row = await session.get(Policy, "probe_day")
            most = int(row.value) if row is not None and row.value.isdigit() else DAY
            if await accounts.audited_count(session, "number_tested", midnight) >= most:
                raise TooManyProbes
        return limits
