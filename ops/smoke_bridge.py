"""`minsheng smoke --bridge`: one press with real SIP phones; who hears whom, and how long it took."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import tomli_w
from sqlalchemy import select

from core.clock import SystemClock
from core.config import Settings, settings_file
from core.errors import HotlineError
from core.vocabulary import BridgeRole
from db.models import Grid
from db.repositories import directory
from db.session import make_engine, make_sessions, transaction
from ops.bridge_check import check
from ops.carrier import Carrier
from ops.instance import ensure_settings, write_private
from ops.phone import PhoneDidNot, ScriptedPhone, tone, tone_power, wait_until
from ops.setup_steps import prepare
from ops.smoke import Desk, SmokeFailed
from ops.supervisor import Supervisor

ROLES: Final = (BridgeRole.GRID_WORKER, BridgeRole.INTERNET_OFFICE, BridgeRole.HANDLING_UNIT)
TONES_HZ: Final[Mapping[str, float]] = {
    "caller": 440.0,
    "seat": 630.0,
    "grid_worker": 850.0,
    "internet_office": 1130.0,
    "handling_unit": 1510.0,
}
CATEGORY: Final = "0101"
HEARD: Final = 0.04
"""Share of the energy: four tones are mixed in what each party hears."""
LISTEN_S: Final = 20.0
"""How long at most: a busy machine carries sound late."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is said to have happened, and the first number of each role there."""

    town: str
    village: int
    numbers: dict[str, str]


def run_bridge_smoke(say: Callable[[str], None]) -> dict[str, Any]:
    """The whole stack in a temporary folder, one press, all stopped."""
    folder = Path(tempfile.mkdtemp(prefix="minsheng-bridge-"))
    supervisor: Supervisor | None = None
    try:
        with Carrier() as carrier:
            settings = prepare_with(carrier, folder / "instance", say)
            supervisor = Supervisor(settings, say)
            supervisor.start()
            if not supervisor.wait_ready(60):
                raise SmokeFailed(步骤="启动")
            desk = Desk(settings, supervisor.base_url())
            desk.sign_in("op01")
            result = _one_press(settings, carrier, desk, folder)
    except (HotlineError, PhoneDidNot, httpx.HTTPError) as error:
        return {"ok": False, "reason": str(error)}
    finally:
        if supervisor is not None:
            supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return result


def prepare_with(
    carrier: Carrier, folder: Path, say: Callable[[str], None], *, transcribed: bool = False
) -> Settings:
    """An instance whose trunk is the stand-in carrier; nothing is transcribed unless asked for."""
    ensure_settings(folder, free_ports=True)
    file = settings_file(folder)
    kept = tomllib.loads(file.read_text(encoding="utf-8"))
    host, port = carrier.address
    trunk = kept["asterisk"].setdefault("trunk", {})
    trunk["server"], trunk["addresses"] = f"{host}:{port}", [f"{host}/32"]
    # Where it is transcribed, a machine that is busy with phones as well must not make it give up
    kept.setdefault("transcription", {}).update(enabled=transcribed, live_until_s=120.0, nice=0)
    write_private(file, tomli_w.dumps(kept))
    return prepare(folder, say).settings


def find_place(settings: Settings) -> Place:
    """A place of the directory where each role has a number. Raises SmokeFailed."""
    return asyncio.run(_find_place(settings))


async def _find_place(settings: Settings) -> Place:
    engine = make_engine(settings.db_url)
    try:
        async with transaction(make_sessions(engine)) as session:
            grids = await session.scalars(select(Grid).where(Grid.village_id.is_not(None)).order_by(Grid.id))
            for grid in grids:
                matter = directory.Matter(CATEGORY, grid.town_code, grid.village_id)
                now = SystemClock().now()
                found = {str(role): await directory.candidates(session, role, matter, now) for role in ROLES}
                if all(found.values()) and grid.village_id is not None:
                    numbers = {role: lines[0].digits for role, lines in found.items()}
                    return Place(grid.town_code, grid.village_id, numbers)
    finally:
        await engine.dispose()
    raise SmokeFailed(步骤="通讯录", 原因="没有一处三方都有号码")


@contextmanager
def call_with_seat(
    settings: Settings, desk: Desk, files: Path, *, tones: bool = True
) -> Generator[tuple[ScriptedPhone, ScriptedPhone]]:
    """A citizen and seat 1 who talk, each with a tone of its own."""
    with (
        ScriptedPhone.seat(settings, 1, auto_answer=True, **sounds(files, "seat", on=tones)) as seat,
        ScriptedPhone.citizen(settings, **sounds(files, "caller", on=tones)) as caller,
    ):
        desk.post("/api/seats/1/take", {"phone": "desk"})
        desk.post("/api/seats/1/start")
        caller.call(settings.asterisk.hotline_number)
        caller.wait_answered()
        seat.wait_answered(30)
        wait_until("the call on the board", lambda: desk.get("/api/board")["talking"])
        yield caller, seat


def sounds(files: Path, name: str, *, on: bool = True) -> dict[str, Any]:
    """What a phone plays and where it records."""
    if not on:
        return {}
    said = tone(files / f"{name}-says.wav", hz=TONES_HZ[name], seconds=10)
    return {"play": str(said), "loop": True, "record": str(files / f"{name}-hears.wav")}


def press(desk: Desk, key: str, place: Place, **body: Any) -> dict[str, Any]:
    """Press the key."""
    where = {"category": CATEGORY, "town_code": place.town, "village_id": place.village}
    return desk.post("/api/v1/bridges", {**where, **body}, {"Idempotency-Key": key})


def joined(desk: Desk, bridge_id: int) -> dict[str, Any] | None:
    """The conference if every party is in the room, else None."""
    bridge: dict[str, Any] = desk.get(f"/api/v1/bridges/{bridge_id}")
    return bridge if all(leg["state"] == "joined" for leg in bridge["legs"]) else None


def who_hears_whom(files: Path, names: Mapping[str, float]) -> dict[str, list[str]]:
    """For each party whose tones it hears."""
    return {
        name: [
            other
            for other, hz in names.items()
            if other != name and tone_power(files / f"{name}-hears.wav", hz) > HEARD
        ]
        for name in names
    }


def listen(files: Path) -> dict[str, list[str]]:
    """Until everybody has heard everybody, or for long enough; who hears whom."""
    until = time.monotonic() + LISTEN_S
    while True:
        hears = who_hears_whom(files, TONES_HZ)
        if all(len(found) == len(TONES_HZ) - 1 for found in hears.values()) or time.monotonic() > until:
            return hears
        time.sleep(0.5)


def _one_press(settings: Settings, carrier: Carrier, desk: Desk, files: Path) -> dict[str, Any]:
    place = find_place(settings)
    key = f"smoke-{time.time_ns()}"
    with ExitStack() as stack:
        for role, number in place.numbers.items():
            phone = ScriptedPhone.outside(
                carrier, settings, number, auto_answer=True, keys="1", **sounds(files, role)
            )
            stack.enter_context(phone)
        caller, seat = stack.enter_context(call_with_seat(settings, desk, files))
        began, clock = time.monotonic(), time.time()
        bridge = press(desk, key, place)
        done = wait_until("everybody in the room", lambda: joined(desk, bridge["id"]), 20)
        again = press(desk, key, place)
        hears = listen(files)
        dropped = [
            phone for phone in (caller, seat) if any(e.get("state") == "DISCONNECTED" for e in phone.events)
        ]
        desk.post(f"/api/v1/bridges/{bridge['id']}/end")
        caller.wait_ended()
    problems = check(settings.asterisk_dir / "log" / "cel.csv", settings.state_dir / "minsheng.db", [key])
    deaf = [f"{name} hears only {found}" for name, found in hears.items() if len(found) < len(TONES_HZ) - 1]
    return {
        "invites_s": round(max(invite.t for invite in carrier.invites) - began, 3),
        "all_talking_s": round(max(map(_moment, done["legs"])) - clock, 3),
        "legs": len(done["legs"]),
        "invites": len(carrier.invites),
        "problems": problems + deaf,
        "ok": not (problems or deaf or dropped) and again["id"] == bridge["id"] and len(carrier.invites) == 3,
    }


def _moment(leg: dict[str, Any]) -> float:
    return dt.datetime.fromisoformat(leg["joined_at"]).timestamp()
