"""The hotline on PostgreSQL: a call, a conference, and a database that goes away in the middle of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.phone import ScriptedPhone
from ops.smoke_bridge import TONES_HZ, sounds
from tests.e2e.bridge_house import BridgeHouse, kill_api, open_house
from tests.e2e.hearing import only_hear
from tests.e2e.hotline import wait_for
from tests.e2e.instances import aside
from tests.fakes.postgres_server import PostgresServer

EVERYBODY = {name: set(TONES_HZ) - {name} for name in TONES_HZ}
CALLERS = {"plain": "13800006101", "restart": "13800006102"}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One of our own: it is killed here."""
    made = PostgresServer()
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, server: PostgresServer) -> Iterator[BridgeHouse]:
    url = server.url(aside(server.create))
    aside(server.keep_promises, url)
    with open_house(tmp_path_factory.mktemp("postgres"), db_url=url) as made:
        assert made.settings.db_url == url
        yield made


def finished(house: BridgeHouse, call_id: str) -> dict[str, Any]:
    """The call once it is over and its recording whole."""

    def look() -> dict[str, Any] | None:
        house.hotline.supervisor.tick()
        try:
            call = house.leader.get(f"/api/calls/{call_id}")
        except httpx.TransportError:
            return None
        whole = call["state"] == "ended" and (call["recording"] or {}).get("state") == "joined"
        return call if whole else None

    return wait_for(f"{call_id} to be over and whole", look, 60)


def test_a_call_and_its_conference_live_there_and_through_the_death_of_a_process(
    house: BridgeHouse, tmp_path: Path
) -> None:
    with (
        house.outside(tmp_path),
        ScriptedPhone.seat(house.settings, 1, auto_answer=True, **sounds(tmp_path, "seat")) as seat,
        ScriptedPhone.citizen(house.settings, CALLERS["plain"], **sounds(tmp_path, "caller")) as caller,
    ):
        house.on_duty()
        house.talk(caller, seat)
        pressed = house.press("on-postgres")
        assert house.press("on-postgres")["id"] == pressed["id"], "the same key, the same conference"
        house.until(pressed["id"], **dict.fromkeys(TONES_HZ, "joined"))
        kill_api(house)
        house.until(pressed["id"], 60, **dict.fromkeys(TONES_HZ, "joined"))
        only_hear(tmp_path, EVERYBODY, TONES_HZ)
        assert len(house.carrier.invites) == len(house.place.numbers), "nobody was called twice"
        call_id = house.bridge(pressed["id"])["call_id"]
        house.operator.post(f"/api/v1/bridges/{pressed['id']}/end")
        caller.wait_ended()
    call = finished(house, call_id)
    assert call["ticket_id"] is not None
    ticket = house.operator.get(f"/api/tickets/{call['ticket_id']}/bridges")
    assert [row["id"] for row in ticket["bridges"]] == [pressed["id"]]


def test_a_database_that_goes_away_costs_no_call_and_no_row(
    house: BridgeHouse, server: PostgresServer, tmp_path: Path
) -> None:
    with (
        ScriptedPhone.seat(house.settings, 1, auto_answer=True, **sounds(tmp_path, "seat")) as seat,
        ScriptedPhone.citizen(house.settings, CALLERS["restart"], **sounds(tmp_path, "caller")) as caller,
        ScriptedPhone.citizen(house.settings, "13800006103", **sounds(tmp_path, "grid_worker")) as second,
    ):
        house.on_duty()
        house.talk(caller, seat)
        call_id = house.operator.seat(1)["call_id"]
        server.kill()
        try:
            only_hear(tmp_path, {"caller": {"seat"}, "seat": {"caller"}}, TONES_HZ)
            second.call(house.settings.asterisk.hotline_number)  # who calls now is greeted and queued
            second.wait("media")
            caller.hang_up()  # nobody can write this down now
            caller.wait_ended()
        finally:
            server.start()
        assert finished(house, call_id)["ended_at"] is not None
        house.on_duty()
        seat.wait("state", state="CONFIRMED", skip=1, timeout_s=60)
        house.operator.seat_is(1, "talking")
        second_id = house.operator.seat(1)["call_id"]
        assert second_id != call_id
        second.hang_up()
        second.wait_ended()
    finished(house, second_id)
