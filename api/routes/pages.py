"""The pages. Each loads its data through the JSON API, so a page holds little."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from api.routes.seats import sip_account
from api.security import GridWorker, Operator, Person, ShiftLeader, anybody, person_of
from api.state import House, house_of
from core.config import PROJECT_ROOT
from core.emergency_words import SERVICES
from core.errors import NotFound
from core.vocabulary import Role, label

router = APIRouter()
templates = Jinja2Templates(directory=PROJECT_ROOT / "web" / "templates")
templates.env.filters["label"] = label


@router.get("/", dependencies=[Depends(anybody)])
async def home(request: Request) -> Response:
    """Where this person works."""
    person = await person_of(request)
    if person is None:
        return RedirectResponse("/login", 303)
    places = {Role.GRID_WORKER: "/grid", Role.OPERATOR: "/seat"}
    return RedirectResponse(places.get(person.role, "/calls"), 303)


@router.get("/login", dependencies=[Depends(anybody)])
async def login_page(request: Request) -> Response:
    """Sign in."""
    return _page(request, "login", None)


@router.get("/seat")
async def seat_page(request: Request, person: Operator) -> Response:
    """The operator's console."""
    return _page(request, "seat", person)


@router.get("/wall")
async def wall_page(request: Request, person: Operator) -> Response:
    """Five seats and the waiting callers, for the wall."""
    return _page(request, "wall", person)


@router.get("/calls")
async def calls_page(request: Request, person: ShiftLeader) -> Response:
    """All calls."""
    return _page(request, "calls", person)


@router.get("/supervisor")
async def supervisor_page(request: Request, person: ShiftLeader) -> Response:
    """The shift leader's page."""
    return _page(request, "supervisor", person)


@router.get("/calls/{call_id}")
async def call_page(
    request: Request, person: Operator, call_id: Annotated[str, Path(max_length=80)]
) -> Response:
    """One call: recording and transcript."""
    return _page(request, "call", person, call_id=call_id)


@router.get("/tickets")
async def tickets_page(request: Request, person: Operator) -> Response:
    """All tickets."""
    return _page(request, "tickets", person)


@router.get("/tickets/{ticket_id}")
async def ticket_page(request: Request, person: Operator, ticket_id: Annotated[int, Path(ge=1)]) -> Response:
    """One ticket."""
    return _page(request, "ticket", person, ticket_id=ticket_id)


@router.get("/grid")
async def grid_page(request: Request, person: GridWorker) -> Response:
    """The grid worker's telephone."""
    return _page(request, "grid", person, services=SERVICES)


@router.get("/directory")
async def directory_page(request: Request, person: Operator) -> Response:
    """Whom to call: units, people, grids, roster, rules."""
    return _page(
        request,
        "directory",
        person,
        edits=person.at_least(Role.CENTRE_HEAD),
        keys=person.at_least(Role.ADMINISTRATOR),
    )


@router.get("/demo/phone", dependencies=[Depends(anybody)])
async def demo_phone(request: Request) -> Response:
    """A citizen's telephone in a browser tab; demo mode only."""
    _demo_only(request)
    return _page(request, "demo_phone", None)


@router.get("/api/demo/sip", dependencies=[Depends(anybody)])
async def demo_sip(request: Request, response: Response) -> dict[str, str]:
    """The demo telephone's SIP account; it can reach the hotline and nothing else."""
    house = _demo_only(request)
    response.headers["Cache-Control"] = "no-store"
    asterisk = house.settings.asterisk
    account = sip_account(request, house, "demo", asterisk.seat_secrets["demo"].get_secret_value())
    return {**account, "target": f"sip:{asterisk.hotline_number}@{asterisk.sip_address}"}


def _demo_only(request: Request) -> House:
    house = house_of(request)
    if not house.settings.demo:
        raise NotFound(what="页面")
    return house


def _page(request: Request, name: str, person: Person | None, **data: Any) -> Response:
    house = house_of(request)
    context = {
        "me": person,
        "csrf": person.csrf if person else "",
        "demo": house.settings.demo,
        "engine": house.engine,
        "hotline": house.settings.asterisk.hotline_number,
        "label": label,
        **data,
    }
    return templates.TemplateResponse(request, f"pages/{name}.html", context)
