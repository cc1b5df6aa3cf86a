"""Whom the key 一键三方 would call if it were pressed now, asked of the press itself: no two answers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.bridge_caller import AskerHere
from api.bridge_ports import HouseDirectory
from api.routes.bridges import PressBody, press_of
from api.state import house_of
from core.bridge_words import role_label
from db.session import reading
from telephony.bridge_limits import may_dial, read_limits
from telephony.snapshot import masked

router = APIRouter(prefix="/api/v1/bridges")


@router.get("/preview")
async def preview(request: Request, asker: AskerHere, body: Annotated[PressBody, Query()]) -> dict[str, Any]:
    """Each role with its numbers in the order in which they would be dialled; nothing is dialled."""
    house = house_of(request)
    async with reading(house.sessions, urgent=True) as session:
        press = await press_of(session, asker, "preview", body)
        limits = await read_limits(session)
    directory = HouseDirectory(house.sessions, house.clock)
    where = (press.category, press.town, press.village)
    found = {**await directory.numbers_of(press.roles, *where), **press.given}
    return {
        "roles": [
            {
                "role": role,
                "label": role_label(role),
                "numbers": [
                    {"name": one.name, "label": one.label, "masked": masked(one.digits)}
                    for one in may_dial(found.get(role, ()), limits)
                ],
            }
            for role in press.roles
        ]
    }
