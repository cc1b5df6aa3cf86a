"""移交 119, then 120 too, real phones: no key asked, caller kept, operator leaves, the ticket knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ops.phone import ScriptedPhone, recorded_s, tone_power
from ops.smoke_bridge import sounds
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hotline import wait_for
from tests.e2e.screen_checks import screen
from tests.e2e.test_bridge_in_the_browser import seat_page
from tests.e2e.test_seat_in_the_browser import begin_duty, shoot

__all__ = ["seat_page"]

FIRE, AMBULANCE = "119", "120"
VOICES = {"caller": 440, FIRE: 1510, AMBULANCE: 1130}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("handover")) as made:
        yield made


@pytest.mark.timeout(400)
def test_a_fire_with_injured_people_119_and_then_120_join_one_conference_and_the_operator_may_leave(
    house: BridgeHouse, seat_page: Page, tmp_path: Path
) -> None:
    page = seat_page
    begin_duty(page, house.hotline, "op02", 2)
    fire, ill = sounds(tmp_path, "handling_unit"), sounds(tmp_path, "internet_office")
    with (
        ScriptedPhone.outside(house.carrier, house.settings, FIRE, auto_answer=True, **fire) as service,
        ScriptedPhone.outside(house.carrier, house.settings, AMBULANCE, auto_answer=True, **ill) as doctor,
        ScriptedPhone.citizen(house.settings, "13812341119", **sounds(tmp_path, "caller")) as caller,
    ):
        answered_and_handed_to_fire(page, caller, tmp_path)
        and_to_the_ambulance(page, tmp_path)
        page.keyboard.press("Alt+e")
        expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
        all_hear_each_other(tmp_path)
        phones = (caller, service, doctor)
        assert not [one for one in phones if any(e.get("state") == "DISCONNECTED" for e in one.events)]
        service.hang_up()
        heard = tmp_path / "caller-hears.wav"
        later = recorded_s(heard) + 1
        wait_for(
            "the caller still with 120", lambda: tone_power(heard, VOICES[AMBULANCE], from_s=later) > 0.04
        )
        assert not [event for event in caller.events if event.get("state") == "DISCONNECTED"]
        doctor.hang_up()
        caller.wait_ended()
    assert [invite.number for invite in house.carrier.invites] == [FIRE, AMBULANCE]
    assert not [event for one in (service, doctor) for event in one.events if event["event"] == "pressed"]
    kept_on_the_ticket(house)
    assert house.problems() == []


def answered_and_handed_to_fire(page: Page, caller: ScriptedPhone, tmp_path: Path) -> None:
    """The caller talks to the operator and to 119."""
    caller.call("56564444")
    expect(page.get_by_test_id("answer")).to_be_enabled()
    page.keyboard.press("F1")
    expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
    expect(page.get_by_test_id("handover")).to_be_enabled()
    page.keyboard.press("Alt+e")
    expect(page.get_by_test_id("handover-119")).to_be_visible()  # nothing was said: a person chooses
    shoot(page, "handover-choice")
    page.keyboard.press("2")
    expect(page.get_by_test_id("leg-emergency-119")).to_contain_text("已接通")
    expect(page.get_by_test_id("leg-caller")).to_contain_text("已接通")
    hears = tmp_path / "handling_unit-hears.wav"
    wait_for("119 to hear the caller", lambda: tone_power(hears, VOICES["caller"]) > 0.1)
    shoot(page, "handover-joined")
    expect(page.get_by_test_id("handover")).to_contain_text("已移交")


def and_to_the_ambulance(page: Page, tmp_path: Path) -> None:
    """One key and a digit more."""
    page.keyboard.press("Alt+o")
    expect(page.get_by_test_id("handover-120")).to_be_visible()
    expect(page.get_by_test_id("handover-119")).to_have_count(0)  # is here already
    shoot(page, "handover-one-more")
    page.keyboard.press("3")
    card = page.get_by_test_id("leg-emergency-120")
    expect(card).to_contain_text("120 急救")
    expect(card).to_contain_text("已接通")
    expect(page.get_by_test_id("leg-emergency-119")).to_contain_text("已接通")
    all_hear_each_other(tmp_path)
    shoot(page, "handover-both")
    screen(page, "handover-both")


def all_hear_each_other(files: Path) -> None:
    """Caller, 119 and 120, from now on."""
    names = {"caller": "caller", FIRE: "handling_unit", AMBULANCE: "internet_office"}
    for who, name in names.items():
        file = files / f"{name}-hears.wav"
        since = recorded_s(file)
        for other in names.keys() - {who}:
            wait_for(
                f"{who} to hear {other}",
                lambda f=file, s=since, o=other: tone_power(f, VOICES[o], from_s=s) > 0.04,
            )


def kept_on_the_ticket(house: BridgeHouse) -> None:
    """Most urgent, who took it, and what was said is recorded: of each service."""
    call = house.leader.get("/api/calls")["calls"][0]
    ticket_id = house.leader.get(f"/api/calls/{call['id']}")["ticket_id"]
    for service in (FIRE, AMBULANCE):
        wait_for(f"the ticket's row of {service}", lambda one=service: handed_over(house, ticket_id, one))
    assert house.leader.get(f"/api/tickets/{ticket_id}")["urgency"] == "特急"
    wait_for("its recording", lambda: recorded(house))


def handed_over(house: BridgeHouse, ticket_id: int, service: str) -> bool:
    events = house.leader.get(f"/api/tickets/{ticket_id}")["events"]
    return any("移交" in event["reason"] and service in event["reason"] for event in events)


def recorded(house: BridgeHouse) -> bool:
    with closing(sqlite3.connect(house.settings.state_dir / "minsheng.db", timeout=10)) as rows:
        query = "SELECT duration_s FROM bridge_attempts WHERE sha256 IS NOT NULL"
        found = rows.execute(query).fetchall()
    return len(found) == 2 and all(seconds > 0.5 for (seconds,) in found)
