"""The board of seats and waiting callers, and the health of the house."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request

from api.bridge_view import emergencies_now
from api.disk_view import disk_json
from api.security import Operator, anybody
from api.state import house_of
from core.vocabulary import label
from db.session import reading
from telephony.given_view import given_now
from telephony.snapshot import board

router = APIRouter()


@router.get("/api/board")
async def get_board(request: Request, person: Operator) -> dict[str, Any]:
    """Everything a screen needs to begin with; the stream continues after `seq`."""
    del person
    house = house_of(request)
    async with reading(house.sessions) as session:
        rows = await board(session, house.clock)
        given = await given_now(session)
        emergencies = await emergencies_now(session)
    state = house.control.link_state
    return {
        **rows,
        "given": given,
        "emergencies": emergencies,
        "link": {"state": state, "label": label(state)},
        "engine": house.engine,
        "disk": disk_json(house.settings),
        "demo": house.settings.demo,
    }


@router.get("/healthz", dependencies=[Depends(anybody)])
async def health(request: Request) -> dict[str, Any]:
    """Alive; `link` is the control link to Asterisk. Nothing else is told to strangers."""
    return {"ok": True, "link": house_of(request).control.link_state}
