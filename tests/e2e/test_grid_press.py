"""A grid worker's red key with real phones: three people talk, the telephone's page shows each of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.carrier import Carrier
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.hotline import PATIENCE_S
from tests.e2e.test_directory_pages import shoot

OWN_PHONE = "13800100014"
"""Of the demo account grid01, whose grid is 石马村."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with Carrier() as carrier:
        # In a thread: Playwright's synchronous API keeps a loop in this one, and set-up runs its own
        with ThreadPoolExecutor(1) as aside:
            made = aside.submit(BridgeHouse, tmp_path_factory.mktemp("grid"), carrier).result()
        made.place.numbers["grid_worker"] = OWN_PHONE
        try:
            made.start()
            yield made
        finally:
            made.stop()


@pytest.fixture
def telephone(browser: Browser, house: BridgeHouse) -> Iterator[Page]:
    """The grid worker's page, signed in."""
    context = browser.new_context(
        base_url=house.hotline.url, viewport={"width": 360, "height": 740}, locale="zh-CN"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.on("pageerror", lambda error: pytest.fail(f"the page threw: {error}"))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/login")
    page.locator("input[name=login]").fill("grid01")
    page.locator("input[name=password]").fill(house.hotline.password)
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/grid")
    expect(page.get_by_test_id("press")).to_be_enabled()
    yield page
    context.close()


def test_one_tap_and_three_people_talk(house: BridgeHouse, telephone: Page, tmp_path: Path) -> None:
    page = telephone
    with house.outside(tmp_path):
        page.locator("#matter [name=category]").select_option("0101")
        page.get_by_test_id("press").dblclick()
        for role in ("grid_worker", "internet_office", "handling_unit"):
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
