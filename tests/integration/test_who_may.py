"""Who may press, listen, and see numbers: one explicit table over every route of conferences and call-backs.

The walk over all routes compares each with the role that it declares itself; this table is written by hand:
a route that is opened by mistake is not asked for its own opinion. Whose call it is stands in it too.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from core.bridge_words import BridgeState, LegState, Presser
from core.callback_words import CallbackSource, CallbackState
from core.vocabulary import BridgeRole, CallState, NumberKind, RecordingState, SeatState, UnitKind
from db.models import Bridge, BridgeAttempt, BridgeLeg, BridgeNumber, Callback, PhoneNumber, Unit
from db.repositories import api_keys, seats
from db.session import transaction
from tests.fakes.ear import FakeEar
from tests.fakes.web_house import IDS, NOW, a_call, a_ticket

WATCHED = (
    "/api/v1/bridges",
    "/api/v1/handovers",
    "/api/v1/outbound",
    "/api/v1/grid",
    "/api/v1/callbacks",
    "/api/supervision",
    "/api/tickets/{ticket_id}/bridges",
    "/api/v1/directory/who",
    "/api/v1/directory/choices",
)
EVERYBODY = ("stranger", "key", "grid", "op02", "op01", "leader", "head", "admin")
LEADERS = "leader head admin"
MINE = f"op01 {LEADERS}"
"""Whose conference, call or call-back it is, and who leads the shift."""
PARTY, WANTED, LISTED, MINE_TOO = "13912345678", "13700007777", "13900006666", "13700008888"
NUMBERS = (PARTY, WANTED, LISTED, MINE_TOO)
HERE = {"bridge_id": "1", "leg_id": "2", "call_id": "ms-1", "callback_id": "1"}
KEY = {"Idempotency-Key": "who-may-press-1"}


@dataclass(frozen=True)
class Door:
    """One route: who gets in, who is told that he sits nowhere, and who is shown which whole number."""

    method: str
    path: str
    may: str
    idle: str = ""
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    shows: dict[str, str] = field(default_factory=dict[str, str])
    ids: dict[str, str] = field(default_factory=dict[str, str])

    def url(self) -> str:
        """With the ids of rows that are there."""
        path = self.path
        for name, value in {**HERE, **self.ids}.items():
            path = path.replace(f"{{{name}}}", value)
        return path


def of_conferences() -> list[Door]:
    """Pressing, ordering in a conference, hearing what was said in it; consulting; handing over."""
    bridges = "/api/v1/bridges"
    return [
        # 一键三方: whoever is in the call; another system as itself; a grid worker has a page of his own
        Door("POST", bridges, "op01", f"op02 key {LEADERS}"),
        Door("GET", f"{bridges}/preview", "op01", f"op02 key {LEADERS}"),
        Door("GET", bridges, f"op02 key {MINE}"),
        Door("GET", f"{bridges}/{{bridge_id}}", MINE),
        Door("POST", f"{bridges}/{{bridge_id}}/legs", MINE, body={"role": "handling_unit"}),
        Door("POST", f"{bridges}/{{bridge_id}}/legs/{{leg_id}}/mute", MINE),
        Door("POST", f"{bridges}/{{bridge_id}}/legs/{{leg_id}}/remove", MINE),
        Door("POST", f"{bridges}/{{bridge_id}}/legs/{{leg_id}}/redial", MINE),
        Door("POST", f"{bridges}/{{bridge_id}}/end", MINE),
        Door("GET", f"{bridges}/{{bridge_id}}/transcript", MINE),
        Door("GET", f"{bridges}/{{bridge_id}}/attempts/{{attempt_id}}/audio", MINE, ids={"attempt_id": "5"}),
        Door("GET", "/api/tickets/{ticket_id}/bridges", MINE, ids={"ticket_id": "7"}),
        # Consulting and handing over
        Door("POST", f"{bridges}/consult", "op01", f"op02 key {LEADERS}", body={"seat_id": 2}),
        *(
            Door("POST", f"{bridges}/{{bridge_id}}/{order}", MINE)
            for order in ("join", "complete", "back", "hold", "swap")
        ),
        Door("GET", "/api/v1/handovers/{call_id}", MINE),
        Door("POST", "/api/v1/handovers", "op01", f"op02 {LEADERS}", body={"service": "119"}),
        # Nobody of them is in this room: who is in it leaves it (test_handover.py)
        Door("POST", "/api/v1/handovers/{bridge_id}/done", "", MINE),
    ]


def of_calls_out() -> list[Door]:
    """Calling out and calling back."""
    callbacks = "/api/v1/callbacks"
    return [
        Door("GET", "/api/v1/outbound", f"op02 {MINE}"),
        Door("POST", "/api/v1/outbound", "", f"op02 {MINE}", {"number_id": 1}),
        Door("GET", callbacks, f"op02 {MINE}", shows={"op01": MINE_TOO}),
        Door(
            "POST",
            f"{callbacks}/{{callback_id}}/claim",
            "op01",
            f"op02 {LEADERS}",
            ids={"callback_id": "2"},
            shows={"op01": WANTED},
        ),
        Door("POST", f"{callbacks}/{{callback_id}}/release", MINE),
        Door("POST", f"{callbacks}/{{callback_id}}/assign", LEADERS, body={"account_id": IDS["op01"]}),
        Door("POST", f"{callbacks}/{{callback_id}}/result", MINE, body={"outcome": "busy"}),
        Door(
            "POST",
            f"{callbacks}/{{callback_id}}/reveal",
            MINE,
            body={"reason": "核对"},
            shows=dict.fromkeys(MINE.split(), MINE_TOO),
        ),
    ]


def of_others() -> list[Door]:
    """The grid worker's telephone, the shift leader's ear, and whom a press would call."""
    listen = "/api/supervision"
    return [
        Door("GET", "/api/v1/grid/start", f"op02 grid {MINE}"),
        Door("POST", "/api/v1/grid/bridges", "", f"op02 grid {MINE}", {"category": "0101"}),
        Door("GET", "/api/v1/grid/bridges/{bridge_id}", "grid", ids={"bridge_id": "2"}),
        Door("POST", "/api/v1/grid/bridges/{bridge_id}/legs/{leg_id}/redial", "grid", ids={"bridge_id": "2"}),
        Door("POST", "/api/v1/grid/bridges/{bridge_id}/end", "grid", ids={"bridge_id": "2"}),
        Door("POST", "/api/v1/grid/reports", f"op02 grid {MINE}", body={"content": "路灯不亮"}),
        # The shift leader's ear
        Door("GET", listen, LEADERS),
        Door("GET", f"{listen}/words", LEADERS),
        Door("GET", f"{listen}/calls", LEADERS),
        Door("GET", f"{listen}/sip", LEADERS),
        Door("POST", listen, "", LEADERS, body={"seat": 1, "mode": "listen"}),
        Door("POST", f"{listen}/end", LEADERS),
        Door("POST", f"{listen}/keep", "", LEADERS),
        Door("POST", f"{listen}/release", LEADERS),
        # Whom a press would call: masked
        Door("GET", "/api/v1/directory/who", f"op02 {MINE}"),
        Door("GET", "/api/v1/directory/choices", f"op02 {MINE}"),
    ]


TABLE = [*of_conferences(), *of_calls_out(), *of_others()]


class Recorder:
    """The ports of conferences and consultations: writes down that something was ordered."""

    def __init__(self) -> None:
        self.ordered: list[str] = []
        self.pressed = 1
        """The conference that a press is answered with."""

    def __getattr__(self, name: str) -> Any:
        async def order(*_: Any, **__: Any) -> int:
            self.ordered.append(name)
            return self.pressed

        return order


@pytest.fixture
async def there(house):
    """op01 talks at seat 1 in a conference and has a call-back; a grid worker has a conference of his own."""
    house.rooms = house.app.state.bridges = house.app.state.consults = Recorder()
    listening = house.app.state.supervision
    listening._parts = dataclasses.replace(listening._parts, ear=FakeEar("PJSIP/trunk-00000001"))
    await house.add(
        a_call("ms-1", state=CallState.TALKING, seat_id=1, seat_channel="PJSIP/seat1-0000000a", caller=PARTY),
        a_ticket(7, "op01", call_id="ms-1"),
        Unit(id=1, code="119", name="消防", kind=UnitKind.EMERGENCY, aliases="", active=True, confirmed=True),
        PhoneNumber(id=1, unit_id=1, kind=NumberKind.DUTY, number=LISTED),
        *a_conference(1, "op01", Presser.SEAT_CALL, call_id="ms-1", ticket_id=7, seat_id=1),
        *a_conference(2, "grid", Presser.GRID),
        a_line(1, MINE_TOO, "op01"),
        a_line(2, WANTED, None),
    )
    await house.sit("op01", 1, "ms-1")
    async with transaction(house.sessions) as session:
        (await seats.get_for_update(session, 1)).state = SeatState.TALKING
    (house.recordings_dir / "capture").mkdir()
    (house.recordings_dir / "capture" / "leg.wav16").write_bytes(b"RIFF" + bytes(60))
    return house


def a_conference(bridge_id: int, login: str, presser: Presser, **more: Any) -> list[object]:
    """One that runs; a dispatcher and a grid worker are in it."""
    key = f"p{IDS[login]}:press-{bridge_id}"
    frame = {"state": BridgeState.OPEN, "pressed_at": NOW, "about": "0101"}
    first = 10 * (bridge_id - 1)
    legs = [
        BridgeLeg(id=first + n, bridge_id=bridge_id, role=role, state=LegState.JOINED, since=NOW)
        for n, role in ((1, "seat"), (2, "grid_worker"), (3, str(BridgeRole.EMERGENCY)))
    ]
    heard = {
        "recording_file": "capture/leg.wav16",
        "sound_state": RecordingState.TRANSCRIBED,
        "sha256": "0" * 64,
        "duration_s": 1.0,
    }
    when = {"ordered_at": NOW, "joined_at": NOW, "ended_at": NOW}
    return [
        Bridge(id=bridge_id, key=key, presser=presser, account_id=IDS[login], **frame, **more),
        *legs,
        BridgeNumber(leg_id=first + 2, place=0, digits=PARTY, label="手机", name="王五"),
        BridgeAttempt(
            id=first + 5, leg_id=first + 2, number=1, place=0, channel_id=f"br-{bridge_id}", **heard, **when
        ),
    ]


def a_line(line_id: int, number: str, login: str | None) -> Callback:
    """Somebody to be called back; whose it is, if anybody's."""
    return Callback(
        id=line_id,
        number=number,
        open_number=number,
        state=CallbackState.CLAIMED if login else CallbackState.WAITING,
        source=CallbackSource.ABANDONED_QUEUE,
        times=1,
        tries=0,
        first_at=NOW,
        last_at=NOW,
        due_at=NOW + dt.timedelta(minutes=30),
        owner_id=IDS[login] if login else None,
        lease_until=NOW + dt.timedelta(minutes=10) if login else None,
    )


async def knock(house: Any, who: str, door: Door) -> Any:
    """Knock as somebody; another system has a key for conferences, and no session."""
    browser = await house.browser() if who in ("stranger", "key") else await house.as_(who)
    headers = dict(KEY)
    if who == "key":
        async with transaction(house.sessions) as session:
            _, secret = await api_keys.create(session, "应急平台", ("bridges",), 1, house.clock.now())
        headers["X-API-Key"] = secret
    house.rooms.pressed = 2 if "/grid/" in door.path else 1
    asked = {"json": door.body} if door.method != "GET" else {}
    return await browser.request(door.method, door.url(), headers=headers, **asked)


@pytest.mark.parametrize("door", TABLE, ids=lambda door: f"{door.method} {door.path}")
async def test_who_gets_in_and_which_numbers_are_seen(there, door: Door) -> None:
    """Those who are refused knock first; of those who may, the first finds things as they were."""
    may, idle = door.may.split(), door.idle.split()
    first = True
    for who in sorted(EVERYBODY, key=lambda one: (one in may, one in idle)):
        answer = await knock(there, who, door)
        told = f"{who} {door.method} {door.path}: {answer.status_code} {answer.text[:300]}"
        if who in may:
            # What the first did may be no more to be done: but nobody is told that it is not his business
            assert answer.status_code == 200 or (not first and answer.status_code in (409, 422)), told
            first = False
        elif who in idle:
            assert answer.status_code in (409, 422), told
        else:
            assert answer.status_code in (401, 403), told
        assert may == [] or who in may or there.rooms.ordered == [], told
        seen = {number for number in NUMBERS if number in answer.text}
        assert seen <= {door.shows.get(who)}, told
        assert who not in door.shows or answer.status_code != 200 or seen, told


def test_the_table_names_every_route_that_there_is(house) -> None:
    known = {(door.method, door.path) for door in TABLE}
    walked = {
        (method, str(route.path))
        for route in iter_route_contexts(house.app.routes)
        if isinstance(route.original_route, APIRoute) and str(route.path).startswith(WATCHED)
        for method in route.methods or ()
    }
    assert walked == known
