"""One press for nothing at the start: the first press of a life is then as quick as any other.

A statement is worked out when it is first asked, and some twenty of them took 150 ms of the first press; an
emergency is rare enough to be the first. Everything is rolled back and nothing is ordered.
"""

from __future__ import annotations

from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.bridge_view import bridge_json
from api.routes.bridges import DEFAULT_ROLES, Line
from core.bridge_words import BridgeKind, Presser
from core.clock import Clock
from db.repositories import accounts, bridges, calls, event_log, seats, tickets
from db.session import SessionMaker, transaction
from telephony.bridge_key import Press
from telephony.bridge_limits import Wanted, check_caps, read_limits
from telephony.bridge_press import look_up, new_bridge, write_rows
from telephony.bridge_step import Step
from telephony.ports import Directory

log = structlog.get_logger(__name__)

_NOBODY: Final = "rehearsal"
_PLACE: Final = ("01", "0", 0)
"""A category, a town and a village, so that every table is asked."""


class _Enough(Exception):
    """Ends the transaction; nothing of it stays."""


async def rehearse(sessions: SessionMaker, clock: Clock, directory: Directory) -> None:
    """Press, consult and look as a seat does, as far as the rows go."""
    category, town, village = _PLACE
    roles = [str(role) for role in DEFAULT_ROLES]
    press = Press(
        key=_NOBODY, presser=Presser.TICKET, roles=roles, category=category, town=town, village=village
    )
    await look_up(press, directory)
    try:
        async with transaction(sessions) as session:
            await _look(session, clock)
            for kind in (BridgeKind.CONSULT, BridgeKind.EMERGENCY):
                await _press(session, clock, press, kind)
            raise _Enough
    except _Enough:
        log.info("press_rehearsed")


async def _look(session: AsyncSession, clock: Clock) -> None:
    """What a route asks before it orders."""
    await accounts.signed_in(session, _NOBODY, clock.now())
    await seats.of_operator(session, 0)
    await seats.get(session, 0)
    await tickets.of_call(session, _NOBODY)
    await tickets.get(session, 0)
    await calls.get(session, _NOBODY)
    await bridges.by_key(session, _NOBODY)
    await bridges.open_of_call(session, _NOBODY)


async def _press(session: AsyncSession, clock: Clock, press: Press, kind: BridgeKind) -> None:
    now, limits = clock.now(), await read_limits(session)
    await bridges.of_press(session, press.key, None)
    await bridges.of_press(session, press.key, _NOBODY)
    await check_caps(session, limits, now, Wanted(kind, press.roles, 1))
    bridge = new_bridge(press, now)
    bridge.key, bridge.kind = f"{_NOBODY}-{kind}", kind
    session.add(bridge)
    await session.flush()
    step = Step(session, bridge, limits, now)
    await write_rows(step, press, {role: [Line("110", "", "")] for role in press.roles})
    await bridges.legs_of(session, bridge.id)
    await bridges.get_for_update(session, bridge.id)
    await event_log.append_all(session, step.change.facts)
    await accounts.audit(session, now, None, _NOBODY, _NOBODY)
    await bridge_json(session, bridge)
