"""One key at a seat in a real browser: three phones outside ring, press 1, and the cards tell of it, live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone
from ops.smoke_bridge import CATEGORY
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.pages import window
from tests.e2e.test_seat_in_the_browser import begin_duty, shoot

OUTSIDE = ("grid_worker", "internet_office", "handling_unit")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("bridge-page")) as made:
        yield made


@pytest.fixture
def seat_page(browser: Browser, house: BridgeHouse) -> Iterator[Page]:
    with window(browser, house.hotline.url) as opened:
        yield opened


def test_one_key_three_cards_and_the_seat_may_end_it(
    house: BridgeHouse, seat_page: Page, tmp_path: Path
) -> None:
    page = seat_page
    begin_duty(page, house.hotline, "op02", 2)
    with (
        house.outside(tmp_path) as outside,
        ScriptedPhone.citizen(house.settings, "13812340000") as caller,
    ):
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.keyboard.press("F1")
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        form = page.get_by_test_id("ticket-form")
        form.locator("[name=category_code]").select_option(value=CATEGORY)
        form.locator("[name=town_code]").select_option(value=house.place.town)
        form.locator("[name=village_id]").select_option(value=str(house.place.village))
        page.keyboard.press("Alt+s")
        expect(page.locator("#said")).to_be_visible()
        page.keyboard.press("F9")
        page.keyboard.press("F9")
        for role in OUTSIDE:
            expect(page.get_by_test_id(f"leg-{role}")).to_contain_text("已接通")
        shoot(page, "bridge-joined")
        assert len(house.carrier.invites) == len(OUTSIDE)
        page.get_by_test_id("leg-grid_worker").get_by_text("静音").click()
        expect(page.get_by_test_id("leg-grid_worker")).to_contain_text("已静音")
        outside["internet_office"].hang_up()
        expect(page.get_by_test_id("leg-internet_office")).to_contain_text("已离开")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_test_id("bridge-end").click()
        expect(page.get_by_test_id("bridge-state")).to_contain_text("已结束")
        shoot(page, "bridge-ended")
        caller.hang_up()
        caller.wait_ended()
