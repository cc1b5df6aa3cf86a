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
from tests.e2e.screen_checks import screen
from tests.e2e.test_seat_in_the_browser import begin_duty, leave, shoot, sign_in

OUTSIDE = ("grid_worker", "internet_office", "handling_unit")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("bridge-page")) as made:
        yield made


@pytest.fixture
def seat_page(browser: Browser, house: BridgeHouse) -> Iterator[Page]:
    with window(browser, house.hotline.url) as opened:
        yield opened


def take_down(page: Page, house: BridgeHouse, caller: ScriptedPhone) -> None:
    """The caller calls, is answered, and what and where stand in his ticket."""
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


def seen_by_the_leader(browser: Browser, house: BridgeHouse) -> None:
    """Pictures of the leader's screens while the conference runs."""
    with window(browser, house.hotline.url, name="leader") as leader:
        sign_in(leader, house.hotline, "leader")
        leader.wait_for_url("**/calls")
        shows = {
            "calls": "#rows tr",
            "wall": "[data-testid=wall-seat-2]",
            "supervisor": "[data-testid=lead-seat-2]",
        }
        for name, place in shows.items():
            leader.goto(f"/{name}")
            expect(leader.locator(place).first).to_contain_text("通话中")
            screen(leader, f"{name}-in-a-conference")


def test_one_key_three_cards_and_the_seat_may_end_it(
    house: BridgeHouse, seat_page: Page, tmp_path: Path
) -> None:
    page = seat_page
    begin_duty(page, house.hotline, "op02", 2)
    with (
        house.outside(tmp_path) as outside,
        ScriptedPhone.citizen(house.settings, "13812340000") as caller,
    ):
        take_down(page, house, caller)
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
    leave(page)


def test_the_cards_are_worked_without_the_mouse_and_never_while_somebody_writes(
    house: BridgeHouse, seat_page: Page, tmp_path: Path
) -> None:
    page = seat_page
    begin_duty(page, house.hotline, "op02", 2)
    with house.outside(tmp_path), ScriptedPhone.citizen(house.settings, "13812340009") as caller:
        take_down(page, house, caller)
        page.keyboard.press("F9")
        cards = {role: page.get_by_test_id(f"leg-{role}") for role in ("caller", *OUTSIDE)}
        for role in OUTSIDE:
            expect(cards[role]).to_contain_text("已接通")
        words = page.get_by_test_id("ticket-form").locator("[name=content]")
        words.press_sequentially("mrM3")
        words.press("Delete")
        expect(words).to_have_value("mrM3")
        expect(page.locator(".party:focus")).to_have_count(0)

        words.press("Alt+w")
        expect(cards["caller"]).to_be_focused()
        page.keyboard.press("3")
        expect(cards["grid_worker"]).to_be_focused()
        page.keyboard.press("m")
        expect(cards["grid_worker"]).to_contain_text("已静音")
        expect(cards["grid_worker"]).to_be_focused()  # the cards were drawn anew
        screen(page, "seat-card-keys", fills=True)
        page.keyboard.press("ArrowRight")
        expect(cards["internet_office"]).to_be_focused()
        page.keyboard.press("Delete")
        expect(cards["internet_office"]).to_contain_text("已移出")
        for role in ("caller", "grid_worker", "handling_unit"):
            expect(cards[role]).to_contain_text("已接通")
        page.keyboard.press("r")
        expect(cards["internet_office"]).to_contain_text("已接通")
        page.keyboard.press("F10")
        expect(page.get_by_test_id("help")).to_contain_text("在卡片上：静音或取消静音，重拨，移出")
        page.keyboard.press("F10")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_test_id("bridge-end").click()
        caller.wait_ended()
    leave(page)


def test_whoever_pressed_two_is_a_card_and_a_line_that_say_who_it_was(
    house: BridgeHouse, browser: Browser, seat_page: Page, tmp_path: Path
) -> None:
    page = seat_page
    begin_duty(page, house.hotline, "op02", 2)
    with (
        house.outside(tmp_path, handling_unit={"keys": "2"}),
        ScriptedPhone.citizen(house.settings, "13812340001") as caller,
    ):
        take_down(page, house, caller)
        page.keyboard.press("F9")
        for role in ("grid_worker", "internet_office"):
            expect(page.get_by_test_id(f"leg-{role}")).to_contain_text("已接通")
        expect(page.get_by_test_id("party-callback")).to_contain_text("已列入回拨列表")
        expect(page.get_by_test_id("bridge-end")).to_be_in_viewport(ratio=1)
        expect(page.get_by_test_id("party-callback")).to_be_in_viewport(ratio=1)
        screen(page, "seat-conference", fills=True)
        mute = page.get_by_test_id("leg-grid_worker").get_by_role("button", name="静音")
        mute.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("leg-grid_worker")).to_contain_text("已静音")
        expect(mute).to_have_accessible_name("取消静音")
        expect(mute).to_be_focused()
        seen_by_the_leader(browser, house)
        page.keyboard.press("Alt+k")
        expect(page.get_by_test_id("callback-line")).to_contain_text("承办单位")
        expect(page.get_by_test_id("callback-who")).to_contain_text("承办单位")
        screen(page, "callbacks-of-a-party", fills=True)
        page.keyboard.press("Escape")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_test_id("bridge-end").click()
        expect(page.get_by_test_id("bridge-state")).to_contain_text("已结束")
        caller.hang_up()
        expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
        screen(page, "seat-after-a-conference", fills=True)
    leave(page)


def test_who_is_added_is_looked_for_by_the_ticket_and_the_caller_only_when_he_is_gone(
    house: BridgeHouse, seat_page: Page
) -> None:
    page, number, grid = seat_page, "13812340002", house.place.numbers["grid_worker"]
    begin_duty(page, house.hotline, "op02", 2)
    with (
        ScriptedPhone.outside(house.carrier, house.settings, "119", auto_answer=True),
        ScriptedPhone.outside(house.carrier, house.settings, grid, auto_answer=True, keys="1"),
        ScriptedPhone.outside(house.carrier, house.settings, number, auto_answer=True, keys="1") as again,
        ScriptedPhone.citizen(house.settings, number) as caller,
    ):
        take_down(page, house, caller)
        page.keyboard.press("Alt+e")
        page.get_by_test_id("handover-119").click()
        expect(page.get_by_test_id("leg-emergency-119")).to_contain_text("已接听")
        add = page.get_by_text("＋ 加人")
        add.click()
        expect(page.get_by_test_id("add-citizen")).to_have_count(0)  # he is here
        screen(page, "bridge-add")
        page.get_by_test_id("add-grid_worker").click()
        expect(page.get_by_test_id("leg-grid_worker")).to_contain_text("已接通")
        caller.hang_up()
        expect(page.get_by_test_id("leg-caller")).to_contain_text("已离开")
        add.click()
        page.get_by_test_id("add-citizen").click()
        expect(page.get_by_test_id("leg-citizen")).to_contain_text("已接通")
        again.wait("pressed")
        screen(page, "bridge-citizen-called-back")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_test_id("bridge-end").click()
        expect(page.get_by_test_id("bridge-state")).to_contain_text("已结束")
    leave(page)
