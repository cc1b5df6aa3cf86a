"""Sign in, sign out, who am I."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from api.security import (
    COOKIE,
    PLAIN_TEXT,
    GridWorker,
    address_of,
    anybody,
    check_same_site,
    sign_in,
    sign_out,
)
from api.state import house_of
from core.vocabulary import label
from db.repositories import seats
from db.session import reading

router = APIRouter()


@router.post("/login", dependencies=[Depends(anybody)])
async def login(
    request: Request,
    login: Annotated[str, Form(max_length=40, pattern=PLAIN_TEXT)],
    password: Annotated[str, Form(max_length=200)],
) -> Response:
    """Open a session; the cookie is for HTTP only and for this site only."""
    check_same_site(request)
    house = house_of(request)
    token = await sign_in(house, login.strip(), password, address_of(request))
    if earlier := request.cookies.get(COOKIE):
        await sign_out(house, earlier)
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=house.settings.web.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=bool(house.settings.web.tls_cert),
        path="/",
    )
    return answer


@router.post("/logout")
async def logout(request: Request, response: Response, person: GridWorker) -> dict[str, bool]:
    """End the session; a seat that is still held stays held until it is signed off."""
    del person
    await sign_out(house_of(request), request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE, path="/")
    return {"ok": True}


@router.get("/api/me")
async def me(request: Request, person: GridWorker) -> dict[str, Any]:
    """The signed-in person."""
    async with reading(house_of(request).sessions) as session:
        seat = await seats.of_operator(session, person.id)
    return {
        "id": person.id,
        "name": person.name,
        "work_number": person.work_number,
        "role": person.role,
        "role_label": label(person.role),
        "seat_id": seat.id if seat else None,
        "csrf": person.csrf,
    }
