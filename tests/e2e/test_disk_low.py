"""A disk with too little room: who leads is told on the pages, and calls are taken and recorded as ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ops.instance import change_settings
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.pages import window
from tests.e2e.screen_checks import screen
from tests.e2e.test_seat_in_the_browser import sign_in
from tests.e2e.test_supervisor_page import talk

NUMBER = "13800006601"


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[Hotline]:
    folder = tmp_path / "low"
    change_settings(folder, {"retention": {"disk_low_gb": 1_000_000}})
    made = Hotline(folder, transcribed=False)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_it_is_said_on_the_pages_of_who_leads_and_a_call_is_taken(
    hotline: Hotline, browser: Browser, tmp_path: Path
) -> None:
    leader = hotline.sign_in("leader")
    with window(browser, hotline.url) as page:
        sign_in(page, hotline, "leader")
        page.wait_for_url("**/calls")
        for address, name in (("/supervisor", "supervisor-disk"), ("/wall", "wall-disk")):
            page.goto(address)
            expect(page.get_by_test_id("banner-disk")).to_contain_text("来电照常接听")
            screen(page, name)
        with talk(hotline, tmp_path, NUMBER):
            pass
    wait_for("its recording", lambda: ((leader.call_of(NUMBER) or {})["recording"] or {}).get("ready"))
