"""Callers in vain and the seat that calls them back: what the tests of the call-back list share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hotline import wait_for
from tests.e2e.pages import window
from tests.e2e.test_seat_in_the_browser import begin_duty


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("call-back")) as made:
        yield made


@pytest.fixture(scope="module")
def page(browser: Browser, house: BridgeHouse) -> Iterator[Page]:
    with window(browser, house.hotline.url) as opened:
        begin_duty(opened, house.hotline, "op02", 2)
        yield opened


def give_up(house: BridgeHouse, number: str) -> dict[str, Any]:
    """A caller who hangs up while the seat rings; returns the line."""
    with ScriptedPhone.citizen(house.settings, number) as caller:
        caller.call(house.settings.asterisk.hotline_number)
        house.leader.seat_is(2, "ringing", 30)
        caller.hang_up()
        caller.wait_ended()
    house.leader.seat_is(2, "ready")
    return wait_for("the line", lambda: line_of(house, number), 20)


def line_of(house: BridgeHouse, number: str, *, closed: bool = False) -> dict[str, Any] | None:
    lines = house.leader.get("/api/v1/callbacks")["closed" if closed else "open"]
    return next((line for line in lines if line["number"].endswith(number[-4:])), None)


def ready(page: Page) -> None:
    """Ready again: at once where the own phone had not picked up yet, else after the after-call work."""
    word = page.get_by_test_id("state-word")
    expect(word).to_have_text(re.compile("就绪|话后整理"), timeout=20_000)
    if "整理" in (word.text_content() or ""):
        page.keyboard.press("Alt+j")
    expect(word).to_contain_text("就绪")


def choose(page: Page, number: str) -> None:
    """Open the list and go to this line with the arrow keys."""
    page.keyboard.press("Alt+k")
    lines = page.get_by_test_id("callback-line")
    expect(page.locator("#callbacks .back-line:focus")).to_have_count(1)
    wanted = page.get_by_test_id("callback-line").filter(has_text=number[-4:])
    for _ in range(lines.count()):
        if wanted.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    expect(wanted).to_be_focused()
