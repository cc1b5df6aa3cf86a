"""转接 by keyboard at a seat's page: a colleague is asked, hears the caller's story, and takes him over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import open_house
from tests.e2e.pages import lose_answer, window
from tests.e2e.screen_checks import screen
from tests.e2e.test_seat_in_the_browser import begin_duty, sign_in
from tests.e2e.transfer_house import TransferHouse

STORY = "滨江路路灯不亮三天了"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferHouse]:
    with open_house(tmp_path_factory.mktemp("transfer-page"), TransferHouse) as made:
        yield made


@pytest.fixture
def pages(browser: Browser, house: TransferHouse) -> Iterator[tuple[Page, Page]]:
    """Two operators, each with a browser."""
    url = house.hotline.url
    with window(browser, url, name="first") as first, window(browser, url, name="second") as second:
        yield first, second


def answer(page: Page, caller: ScriptedPhone) -> None:
    """The caller calls, this page takes it."""
    caller.call("56564444")
    expect(page.get_by_test_id("answer")).to_be_enabled()
    page.keyboard.press("F1")
    expect(page.get_by_test_id("state-word")).to_contain_text("通话中")


def test_ask_a_colleague_by_keyboard_and_hand_over(house: TransferHouse, pages: tuple[Page, Page]) -> None:
    first, second = pages
    begin_duty(first, house.hotline, "op01", 1)
    with ScriptedPhone.citizen(house.settings, "13812340000") as caller:
        answer(first, caller)
        begin_duty(second, house.hotline, "op02", 2)
        expect(first.get_by_test_id("ticket-number")).not_to_be_empty()
        first.get_by_test_id("ticket-form").locator("[name=content]").fill(STORY)
        first.keyboard.press("Alt+s")
        expect(first.locator("#said")).to_be_visible()

        first.keyboard.press("F4")
        expect(first.get_by_test_id("transfer-dialog")).to_be_visible()
        expect(first.get_by_test_id("transfer-seat-2")).to_have_text("2号席 王芳就绪")
        screen(first, "transfer-list")
        first.get_by_test_id("transfer-search").fill("2号")
        first.keyboard.press("Enter")
        expect(first.get_by_test_id("leg-colleague")).to_contain_text("振铃")
        expect(first.get_by_test_id("room-line")).to_contain_text("听音乐")
        colleague_knows_before_the_answer(second)
        second.keyboard.press("F1")
        hand_over(first, second)
        second.keyboard.press("F8")
        caller.wait_ended()
        expect(second.get_by_test_id("state-word")).to_contain_text("话后整理")


def colleague_knows_before_the_answer(page: Page) -> None:
    """Who asks, whose call it is, and what has been written."""
    expect(page.get_by_test_id("answer")).to_be_enabled()
    expect(page.get_by_test_id("caller-number")).to_have_text("138 1234 0000")
    expect(page.get_by_test_id("consult-by")).to_contain_text("坐席 1")
    expect(page.get_by_test_id("ticket-form").locator("[name=content]")).to_have_value(STORY)
    screen(page, "consult-rings")


def hand_over(first: Page, second: Page) -> None:
    """Private talk, three, private again, away."""
    expect(first.get_by_test_id("leg-colleague")).to_contain_text("已接通")
    expect(first.get_by_test_id("leg-caller")).to_contain_text("听音乐")
    expect(first.get_by_test_id("room-line")).to_contain_text("您与 坐席 2 王芳 通话中")
    screen(first, "consult-private")
    change_between_the_two(first, second)
    first.keyboard.press("Alt+3")
    expect(first.get_by_test_id("leg-caller")).to_contain_text("已接通")
    first.keyboard.press("F3")
    expect(first.get_by_test_id("leg-caller")).to_contain_text("听音乐")
    first.keyboard.press("F4")
    expect(first.get_by_test_id("state-word")).to_contain_text("话后整理")
    expect(second.get_by_test_id("state-word")).to_contain_text("通话中")
    expect(second.get_by_test_id("leg-caller")).to_contain_text("已接通")
    expect(second.get_by_test_id("transfer")).to_be_enabled()  # and may be given on
    expect(first.locator("#seat-problem")).to_be_empty()
    screen(second, "consult-taken")
    expect(first.get_by_test_id("consult-by")).to_have_text("已转接 → 坐席 2 王芳")
    screen(first, "consult-given")


def change_between_the_two(first: Page, second: Page) -> None:
    """轮流通话, there and back, with one key."""
    first.keyboard.press("F7")
    expect(first.get_by_test_id("leg-caller")).to_contain_text("已接通")
    expect(first.get_by_test_id("leg-colleague")).to_contain_text("听音乐")
    expect(first.get_by_test_id("room-line")).to_contain_text("您与来电通话中 · 坐席 2 王芳 听音乐")
    expect(first.get_by_test_id("room-swap")).to_contain_text("换到对方")
    expect(second.get_by_test_id("consult-by")).to_contain_text("正与来电通话，请稍候")
    screen(first, "consult-swapped")
    first.keyboard.press("F7")
    expect(first.get_by_test_id("leg-caller")).to_contain_text("听音乐")
    expect(first.get_by_test_id("leg-colleague")).to_contain_text("已接通")


def test_a_call_given_outside_is_said_on_every_screen(house: TransferHouse, pages: tuple[Page, Page]) -> None:
    """已转接 → whom: at the seat, on the wall without a number, in lists, on call and ticket."""
    page, second = pages
    begin_duty(page, house.hotline, "op04", 4)
    masked = f"{house.outside_number[:3]}****{house.outside_number[-4:]}"
    with (
        ScriptedPhone.outside(
            house.carrier, house.settings, house.outside_number, auto_answer=True, keys="1"
        ),
        ScriptedPhone.citizen(house.settings, "13812340004") as caller,
    ):
        answer(page, caller)
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        call_id = house.leader.seat(4)["call_id"]
        house.consult(house.hotline.sign_in("op04"), number_id=house.outside_id)
        expect(page.get_by_test_id("leg-extra-1")).to_contain_text("已接通", timeout=20_000)
        page.keyboard.press("F4")
        expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
        expect(page.get_by_test_id("consult-by")).to_contain_text("已转接 → ")
        expect(page.get_by_test_id("consult-by")).to_contain_text(masked)
        screen(page, "given-outside-seat")
        the_leader_reads(second, house, masked)
        second.goto("/wall")
        expect(second.locator("#alerts")).to_contain_text("4号席 已转接 → 外线")
        expect(second.locator("#alerts")).not_to_contain_text(masked)
        screen(second, "given-wall")
        caller.hang_up()
        expect(second.locator("#alerts")).not_to_contain_text("已转接", timeout=20_000)
    second.goto(f"/calls/{call_id}")
    expect(second.locator("#facts")).to_contain_text("已转接 → 外线")
    screen(second, "given-call")
    second.goto(f"/tickets/{house.leader.call(call_id)['ticket_id']}")
    expect(second.get_by_test_id("bridges")).to_contain_text("4号席 已转接 → 外线")
    screen(second, "given-ticket")


def the_leader_reads(page: Page, house: TransferHouse, masked: str) -> None:
    """The list of calls, and the page of the shift."""
    sign_in(page, house.hotline, "leader")
    page.wait_for_url("**/calls")
    told = page.get_by_text("已转接 → 外线").first
    expect(told).to_contain_text(masked)
    screen(page, "given-call-list")
    page.goto("/supervisor")
    expect(page.locator("#taken")).to_be_visible()
    expect(page.locator("#taken")).to_contain_text("4号席 已转接 → 外线")
    expect(page.locator("#taken")).to_contain_text(masked)
    screen(page, "given-supervisor")


def test_nobody_answers_and_one_key_takes_the_caller_back(
    house: TransferHouse, pages: tuple[Page, Page]
) -> None:
    page = pages[0]
    begin_duty(page, house.hotline, "op03", 3)
    with (
        ScriptedPhone.outside(house.carrier, house.settings, house.outside_number, refuse=486),
        ScriptedPhone.citizen(house.settings, "13812340001") as caller,
    ):
        answer(page, caller)
        house.consult(house.hotline.sign_in("op03"), number_id=house.outside_id)
        expect(page.get_by_test_id("room-line")).to_contain_text("忙，请接回来电")
        screen(page, "consult-busy")
        page.keyboard.press("F3")
        expect(page.get_by_test_id("leg-caller")).to_contain_text("已接通")
        expect(page.get_by_test_id("room-line")).to_contain_text("您与来电通话中")
        caller.hang_up()
        expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")


def ask(page: Page, words: str, wanted: str) -> None:
    """Choose whom to consult in the list, with the keyboard but for the line itself."""
    page.keyboard.press("F4")
    page.get_by_test_id("transfer-search").fill(words)
    page.get_by_role("option").filter(has_text=wanted).first.click()
    page.keyboard.press("Enter")


def test_a_consultation_whose_answer_was_lost_does_not_swallow_the_next_one(
    house: TransferHouse, pages: tuple[Page, Page]
) -> None:
    page, second = pages
    begin_duty(page, house.hotline, "op05", 5)
    with (
        ScriptedPhone.outside(
            house.carrier, house.settings, house.outside_number, auto_answer=True, keys="1"
        ) as outside,
        ScriptedPhone.citizen(house.settings, "13812340005") as caller,
    ):
        answer(page, caller)
        if house.colleague.seat(2)["state"] != "empty":  # what an earlier test left
            house.colleague.post("/api/seats/2/sign-off")
            house.colleague.seat_is(2, "empty")
        begin_duty(second, house.hotline, "op02", 2)
        lose_answer(page, "/api/v1/bridges/consult")
        ask(page, "2号", "2号席")
        expect(second.get_by_test_id("answer")).to_be_enabled()  # the server has taken it
        expect(page.get_by_test_id("leg-colleague")).to_contain_text("振铃")
        page.keyboard.press("F3")
        expect(page.get_by_test_id("leg-caller")).to_contain_text("已接通")
        expect(page.get_by_test_id("transfer")).to_be_enabled()
        ask(page, house.outside_name, house.outside_number[-4:])
        outside.wait("incoming")
        expect(page.get_by_test_id("leg-extra-1")).to_contain_text("已接通")
        expect(page.get_by_test_id("leg-caller")).to_contain_text("听音乐")
        expect(page.locator("#seat-problem")).to_be_empty()
        page.keyboard.press("F3")
        expect(page.get_by_test_id("transfer")).to_be_enabled()
        ask(page, "2号", "2号席")  # the first one once more is a new question too
        expect(second.get_by_test_id("answer")).to_be_enabled()
        page.keyboard.press("F3")
        caller.hang_up()
        caller.wait_ended()
