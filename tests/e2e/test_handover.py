"""移交 119 with real phones: no key asked, the caller kept, the operator leaves, the ticket knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ops.phone import ScriptedPhone, tone_power
from ops.smoke_bridge import sounds
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hotline import wait_for
from tests.e2e.test_bridge_in_the_browser import seat_page
from tests.e2e.test_seat_in_the_browser import begin_duty, shoot

__all__ = ["seat_page"]

FIRE = "119"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("handover")) as made:
        yield made


@pytest.mark.timeout(400)
def test_one_key_calls_119_which_presses_nothing_and_the_operator_may_leave(
    house: BridgeHouse, seat_page: Page, tmp_path: Path
) -> None:
    page = seat_page
    begin_duty(page, house.hotline, "op02", 2)
    fire = sounds(tmp_path, "handling_unit")
    with (
        ScriptedPhone.outside(house.carrier, house.settings, FIRE, auto_answer=True, **fire) as service,
        ScriptedPhone.citizen(house.settings, "13812341119", **sounds(tmp_path, "caller")) as caller,
    ):
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.keyboard.press("F1")
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        expect(page.get_by_test_id("handover")).to_be_enabled()
        page.keyboard.press("Alt+e")
        expect(page.get_by_test_id("handover-119")).to_be_visible()  # nothing was said: a person chooses
        shoot(page, "handover-choice")
        page.keyboard.press("2")
        expect(page.get_by_test_id("leg-emergency")).to_contain_text("已接通")
        expect(page.get_by_test_id("leg-caller")).to_contain_text("已接通")
        hears = tmp_path / "handling_unit-hears.wav"
        wait_for("119 to hear the caller", lambda: tone_power(hears, 440) > 0.1)
        shoot(page, "handover-joined")
        expect(page.get_by_test_id("handover")).to_contain_text("已移交")
        page.keyboard.press("Alt+e")
        expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
        heard = tmp_path / "caller-hears.wav"
        wait_for("the caller to hear 119", lambda: tone_power(heard, 1510) > 0.1)
        assert not [
            one for one in (caller, service) if any(e.get("state") == "DISCONNECTED" for e in one.events)
        ]
        service.hang_up()
        caller.wait_ended()
    assert [invite.number for invite in house.carrier.invites] == [FIRE]
    assert not [event for event in service.events if event["event"] == "pressed"]
    kept_on_the_ticket(house)


def kept_on_the_ticket(house: BridgeHouse) -> None:
    """Most urgent, who took it, and what was said is recorded."""
    call = house.leader.get("/api/calls")["calls"][0]
    ticket_id = house.leader.get(f"/api/calls/{call['id']}")["ticket_id"]
    told = wait_for("the ticket's row", lambda: handed_over(house, ticket_id))
    assert "119" in told
    assert house.leader.get(f"/api/tickets/{ticket_id}")["urgency"] == "特急"
    wait_for("its recording", lambda: recorded(house))


def handed_over(house: BridgeHouse, ticket_id: int) -> str | None:
    events = house.leader.get(f"/api/tickets/{ticket_id}")["events"]
    return next((event["reason"] for event in events if "移交" in event["reason"]), None)


def recorded(house: BridgeHouse) -> bool:
    with closing(sqlite3.connect(house.settings.state_dir / "minsheng.db", timeout=10)) as rows:
        query = "SELECT duration_s FROM bridge_attempts WHERE sha256 IS NOT NULL"
        found = rows.execute(query).fetchall()
    return bool(found) and found[0][0] > 0.5
