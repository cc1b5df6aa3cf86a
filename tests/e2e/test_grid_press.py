"""A grid worker's red key with real phones: three people talk, the telephone's page shows each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone, tone
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.pages import window
from tests.e2e.test_directory_pages import shoot
from tests.e2e.test_seat_in_the_browser import sign_in

OWN_PHONE = "13800100014"
"""Of the demo account grid01, whose grid is 石马村."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("grid")) as made:
        made.place.numbers["grid_worker"] = OWN_PHONE
        yield made


@pytest.fixture
def telephone(browser: Browser, house: BridgeHouse) -> Iterator[Page]:
    """The grid worker's page, signed in."""
    with window(browser, house.hotline.url, width=360, height=740) as page:
        page.on("pageerror", lambda error: pytest.fail(f"the page threw: {error}"))
        page.on("dialog", lambda dialog: dialog.accept())
        sign_in(page, house.hotline, "grid01")
        page.wait_for_url("**/grid")
        expect(page.get_by_test_id("press")).to_be_enabled()
        yield page


def test_one_tap_and_three_people_talk(house: BridgeHouse, telephone: Page, tmp_path: Path) -> None:
    page = telephone
    their = {"play": str(tone(tmp_path / "services.wav", hz=1810.0, seconds=10)), "loop": True}
    with (
        house.outside(tmp_path),
        ScriptedPhone.outside(house.carrier, house.settings, "119", auto_answer=True, **their),
        ScriptedPhone.outside(house.carrier, house.settings, "120", auto_answer=True, **their),
    ):
        page.locator("#matter [name=category]").select_option("0101")
        page.get_by_label("119 火警").check()
        page.get_by_label("120 急救").check()
        shoot(page, "grid-services")
        page.get_by_test_id("press").dblclick()
        for role in ("grid_worker", "internet_office", "handling_unit", "emergency-119", "emergency-120"):
            card = page.get_by_test_id(f"leg-{role}")
            expect(card).to_have_attribute("data-state", "joined")
            expect(card).to_contain_text("已接通")
        expect(page.get_by_test_id("leg-grid_worker")).to_contain_text("谢网格员")
        expect(page.get_by_test_id("leg-grid_worker")).to_contain_text("138****0014")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        shoot(page, "grid-talking")
        # A page that is loaded again finds the conference where it was
        page.reload()
        expect(page.get_by_test_id("leg-handling_unit")).to_have_attribute("data-state", "joined")
        page.get_by_test_id("end").click()
        expect(page.get_by_test_id("bridge-title")).to_have_text("三方通话已结束")
    leader = house.hotline.sign_in("leader")
    tickets = leader.get("/api/tickets")["tickets"]
    assert len(tickets) == 1, "one press, however often it was tapped"
    assert house.problems() == []
    page.locator("#done").click()
    expect(page.get_by_test_id("press")).to_be_visible()


def test_nobody_answers_and_the_card_says_so_and_calls_again(house: BridgeHouse, telephone: Page) -> None:
    page = telephone
    with house.outside(internet_office={"refuse": 486}):
        page.locator("#matter [name=category]").select_option("0101")
        page.get_by_test_id("press").click()
        card = page.get_by_test_id("leg-internet_office")
        expect(card.get_by_role("button", name="重拨")).to_be_visible(timeout=60_000)
        shoot(page, "grid-no-answer")
        expect(page.get_by_test_id("leg-grid_worker")).to_have_attribute("data-state", "joined")
        page.get_by_test_id("end").click()
        expect(page.get_by_test_id("bridge-title")).to_have_text("三方通话已结束")


def test_a_grid_worker_sees_and_ends_only_what_was_pressed_here(house: BridgeHouse) -> None:
    grid = house.hotline.sign_in("grid01")
    with house.outside():
        other = house.press("by-the-operator-alone", presser="ticket")["id"]
        assert grid.http.get(f"/api/v1/grid/bridges/{other}").status_code == 403
        headers = {"X-CSRF-Token": grid.csrf}
        assert grid.http.post(f"/api/v1/grid/bridges/{other}/end", headers=headers).status_code == 403
        assert grid.http.get(f"/api/v1/bridges/{other}").status_code == 403
        assert house.bridge(other)["state"] != "ended"
        house.operator.post(f"/api/v1/bridges/{other}/end")
