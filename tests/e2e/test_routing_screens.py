"""Operators and the wall see why somebody is answered first."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline
from tests.e2e.screen_checks import screen
from tests.e2e.test_seat_in_the_browser import begin_duty, leave, sign_in

REGULAR, URGENT = "13844440001", "13844440002"


def talk(page: Page, caller: ScriptedPhone) -> None:
    caller.call("56564444")
    expect(page.get_by_test_id("answer")).to_be_enabled()
    page.keyboard.press("F1")
    expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
    expect(page.get_by_test_id("hangup")).to_be_enabled()


def test_the_card_the_top_line_and_the_wall_say_why(page: Page, hotline: Hotline) -> None:
    begin_duty(page, hotline, "op05", 1)
    with ScriptedPhone.citizen(hotline.settings, REGULAR) as caller:
        talk(page, caller)
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        expect(page.get_by_test_id("why")).to_be_empty()
        page.keyboard.press("F8")
        caller.wait_ended()
    page.get_by_test_id("wrapup-finish").click()
    expect(page.get_by_test_id("state-word")).to_contain_text("就绪")
    with (
        ScriptedPhone.citizen(hotline.settings, REGULAR) as caller,
        ScriptedPhone.citizen(hotline.settings, URGENT) as urgent,
    ):
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        expect(page.get_by_test_id("why")).to_have_text("★ 回头客·原坐席1号")
        screen(page, "seat-regular-rings", fills=True)
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        urgent.call("56564444")
        urgent.wait_answered()
        urgent.dtmf("1")
        expect(page.get_by_test_id("queue-word")).to_contain_text("紧急键 1")
        screen(page, "seat-urgent-waits", fills=True)
        wall = page.context.new_page()
        wall.set_viewport_size({"width": 1920, "height": 1080})
        wall.goto("/wall")
        expect(wall.get_by_test_id("waiting-item").first).to_contain_text("▲ 紧急键")
        screen(wall, "wall-urgent-waits", fills=True)
        wall.close()
        for one in (urgent, caller):
            one.hang_up()
            one.wait_ended()
    leave(page)
    page.context.clear_cookies()
    sign_in(page, hotline, "leader")
    page.wait_for_url("**/calls")
    expect(page.get_by_text("回头客·原坐席1号").first).to_be_visible()
    screen(page, "calls-why")
