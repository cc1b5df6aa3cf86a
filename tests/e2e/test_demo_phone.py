"""The citizen's telephone of the demo: a failed call says why, one that stands can say ready sentences."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.hotline import Hotline
from tests.e2e.screen_checks import screen, stopped

LONG_MS = 60_000


def test_the_demo_telephone_speaks_for_who_has_no_microphone(page: Page, hotline: Hotline) -> None:
    page.goto("/demo/phone")
    expect(page.get_by_test_id("demo-call")).to_be_enabled()
    screen(page, "demo-phone-ready", fills=True)
    switchboard = hotline.supervisor.asterisk.pid
    assert switchboard
    with stopped([switchboard]):
        page.get_by_test_id("demo-call").click()
        page.get_by_test_id("demo-hangup").click()
        expect(page.get_by_test_id("demo-status")).to_have_text("没有接通：已取消")
        screen(page, "demo-phone-failed", fills=True)
    expect(page.get_by_test_id("demo-call")).to_be_enabled(timeout=LONG_MS)
    page.get_by_test_id("demo-call").click()
    saying = page.get_by_test_id("saying-korean")
    saying.click(timeout=LONG_MS)
    expect(saying).to_have_attribute("aria-pressed", "true")
    screen(page, "demo-phone-talking", fills=True)
    page.get_by_test_id("demo-hangup").click()
    expect(page.get_by_test_id("demo-status")).to_have_text("通话结束")
    expect(saying).to_be_disabled()
