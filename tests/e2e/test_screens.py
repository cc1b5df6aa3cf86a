"""Every screen in every state that a person meets: it loads, fits, goes by keyboard, keeps what was typed."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.config import PROJECT_ROOT
from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.screen_checks import (
    a_ticket,
    answered_after_it_was_sent_on,
    in_order,
    only_one_page,
    screen,
    stopped,
    tab_through,
)
from tests.e2e.test_seat_in_the_browser import begin_duty, sign_in

HOTLINE = "56564444"
LONG_MS = 60_000


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """A sentence in the language of the tests' model, said again and again."""
    file = tmp_path / "speech.wav"
    said = PROJECT_ROOT / "web" / "static" / "sayings" / "korean.flac"
    subprocess.run(["sox", said, file, "pad", "0", "1.5", "repeat", "20"], check=True)
    return file


def test_signing_in_says_what_was_wrong(page: Page, hotline: Hotline) -> None:
    page.goto("/login")
    screen(page, "login", fills=True)
    form = page.get_by_test_id("login-form")
    form.locator("input[name=login]").fill("nobody")
    form.locator("input[name=password]").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("不正确")
    screen(page, "login-refused", fills=True)


def test_a_page_that_cannot_load_offers_to_try_again(page: Page, hotline: Hotline) -> None:
    sign_in(page, hotline, "op04")
    page.wait_for_url("**/seat")
    for place, source in (("seat", "board"), ("tickets", "tickets?*"), ("wall", "board")):
        page.route(f"**/api/{source}", lambda route: route.abort())
        page.goto(f"/{place}")
        expect(page.get_by_test_id("page-failed")).to_contain_text("网络中断")
        screen(page, f"{place}-failed")
        page.unroute(f"**/api/{source}")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("page-failed")).to_be_hidden()
        expect(page.locator("[data-content]")).to_be_visible()


def test_the_seat_from_the_first_look_to_the_end_of_a_call(
    page: Page, hotline: Hotline, speech: Path
) -> None:
    sign_in(page, hotline, "op01")
    page.wait_for_url("**/seat")
    expect(page.get_by_test_id("seat-tile-1")).to_be_visible()
    screen(page, "seat-choose", fills=True)
    page.keyboard.press("1")
    expect(page.get_by_test_id("mic-heard")).to_contain_text("听到声音")
    screen(page, "seat-check", fills=True)
    page.get_by_test_id("check-pass").click()
    page.get_by_test_id("start-duty").click()
    expect(page.get_by_test_id("state-word")).to_contain_text("就绪")
    screen(page, "seat-ready", fills=True)
    dialogues(page)
    cut_off(page)
    with ScriptedPhone.citizen(hotline.settings, "13800001234", play=str(speech)) as caller:
        caller.call(HOTLINE)
        expect(page.get_by_test_id("answer")).to_be_enabled()
        expect(page.get_by_test_id("caller-number")).to_have_text("138 0000 1234")
        expect(page.locator("#waited")).to_contain_text("已等待")
        screen(page, "seat-ringing", fills=True)
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        talking(page, hotline)
        page.keyboard.press("F8")
        caller.wait_ended()
    expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
    screen(page, "seat-wrap-up", fills=True)
    page.keyboard.press("Alt+j")
    expect(page.get_by_test_id("state-word")).to_contain_text("就绪")
    expect(page.get_by_test_id("call-card")).to_be_hidden()
    expect(page.get_by_test_id("ticket-form")).to_be_hidden()
    only_one_page(page)
    page.keyboard.press("Alt+x")
    expect(page.get_by_test_id("seat-tile-1")).to_be_visible()


def cut_off(page: Page) -> None:
    """The network is away for a while: the seconds are counted, and it heals by itself."""
    page.context.set_offline(True)
    expect(page.get_by_test_id("banner-link")).to_contain_text("与服务器的连接中断")
    screen(page, "seat-offline", fills=True)
    page.context.set_offline(False)
    expect(page.get_by_test_id("banner-link")).to_be_hidden(timeout=LONG_MS)
    expect(page.locator("#seat-problem")).to_be_empty()


def dialogues(page: Page) -> None:
    """Help, headset and pause open and close by key; what is behind them is out of reach."""
    for key, dialogue in (("F10", "help"), ("?", "help"), ("Alt+h", "devices")):
        page.keyboard.press(key)
        expect(page.get_by_test_id(dialogue)).to_be_visible()
        if dialogue == "devices":
            expect(page.locator("#device-microphone option")).not_to_have_count(1)
            expect(page.get_by_role("dialog").get_by_role("meter")).not_to_have_attribute(
                "aria-valuenow", "0"
            )
        screen(page, f"seat-{dialogue}", fills=True)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id(dialogue)).to_be_hidden()
    page.keyboard.press("Alt+p")
    screen(page, "seat-pause-reasons", fills=True)
    page.keyboard.press("1")
    expect(page.get_by_test_id("state-word")).to_contain_text("暂停 · 小休")
    screen(page, "seat-paused", fills=True)
    page.keyboard.press("Alt+j")
    expect(page.get_by_test_id("state-word")).to_contain_text("就绪")


def talking(page: Page, hotline: Hotline) -> None:
    """Words, quality, mute, hold with its time, digits; and an order that waits for its fact."""
    expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
    expect(page.get_by_test_id("line").first).to_be_visible(timeout=2 * LONG_MS)
    expect(page.get_by_test_id("quality")).to_contain_text("质量")
    screen(page, "seat-talking", fills=True)
    order = tab_through(page, "pause")
    assert in_order(
        order, ["pause", "help-open", "hangup", "mute", "hold", "transcript", "kind", "ticket-save"]
    ), order
    page.keyboard.press("Alt+p")
    page.keyboard.press("2")
    expect(page.get_by_test_id("wish")).to_contain_text("话后暂停·用餐")
    page.keyboard.press("F2")
    expect(page.get_by_test_id("mute")).to_contain_text("取消静音")
    screen(page, "seat-muted-wish", fills=True)
    page.keyboard.press("F2")
    page.keyboard.press("Alt+j")
    expect(page.get_by_test_id("wish")).to_be_hidden()
    page.keyboard.press("F6")
    page.keyboard.press("5")
    expect(page.locator("#digits-sent")).to_have_text("5")
    screen(page, "seat-keypad", fills=True)
    page.keyboard.press("F6")
    with stopped(hotline.python_processes()):
        page.keyboard.press("F3")
        expect(page.get_by_test_id("hold")).to_contain_text("正在保持…")
        expect(page.get_by_test_id("waits-for")).to_contain_text("正在等待交换机确认保持")
        screen(page, "seat-hold-waits", fills=True)
    expect(page.get_by_test_id("held")).to_contain_text("保持中")
    screen(page, "seat-held", fills=True)
    page.keyboard.press("F3")
    expect(page.get_by_test_id("held")).to_be_hidden()


def test_a_missed_ring_leaves_no_stale_call_card(page: Page, hotline: Hotline) -> None:
    begin_duty(page, hotline, "op02", 1)
    with ScriptedPhone.citizen(hotline.settings, "13900005678") as caller:
        caller.call(HOTLINE)
        expect(page.get_by_test_id("call-card")).to_be_visible()
        expect(page.get_by_test_id("state-word")).to_contain_text("暂停 · 漏接", timeout=LONG_MS)
        expect(page.get_by_test_id("call-card")).to_be_hidden()
        expect(page.get_by_test_id("no-call")).to_contain_text("没有接听")
        expect(page.locator("#logout")).to_be_disabled()
        screen(page, "seat-missed", fills=True)
        caller.hang_up()
        caller.wait_ended()
    page.keyboard.press("Alt+j")
    expect(page.get_by_test_id("state-word")).to_contain_text("就绪")
    page.keyboard.press("Alt+x")
    expect(page.get_by_test_id("seat-tile-1")).to_be_visible()


def test_a_stale_ticket_keeps_what_was_typed_and_shows_the_difference(page: Page, hotline: Hotline) -> None:
    ticket_id = a_ticket(hotline)
    leader = hotline.sign_in("leader")
    sign_in(page, hotline, "op03")
    page.wait_for_url("**/seat")
    # Without the stream the page learns of the other's change only by the refusal
    page.route("**/api/stream", lambda route: route.abort())
    page.goto(f"/tickets/{ticket_id}")
    form = page.get_by_test_id("ticket-form")
    expect(form).to_be_visible()
    seen = leader.get(f"/api/tickets/{ticket_id}")
    leader.put(
        f"/api/tickets/{ticket_id}",
        {"version": seen["version"], "content": "对方的文字", "address": "永安街道"},
    )
    form.locator("textarea[name=content]").fill("我的文字")
    page.keyboard.press("Alt+s")
    expect(page.get_by_test_id("clash-content")).to_contain_text("对方的文字")
    expect(form.locator("textarea[name=content]")).to_have_value("我的文字")
    expect(form.locator("input[name=address]")).to_have_value("永安街道")
    screen(page, "ticket-clash")
    page.get_by_role("button", name="内容：保留我的").click()
    expect(page.get_by_test_id("ticket-clash")).to_be_hidden()
    wait_for("my words kept", lambda: leader.get(f"/api/tickets/{ticket_id}")["content"] == "我的文字")
    page.context.set_offline(True)
    form.locator("textarea[name=content]").fill("断网时写的")
    expect(page.locator("#ticket-problem")).to_contain_text("网络中断")
    page.context.set_offline(False)
    expect(page.locator("#ticket-saved")).to_have_text("已保存")
    wait_for(
        "words kept after the cut", lambda: leader.get(f"/api/tickets/{ticket_id}")["content"] == "断网时写的"
    )
    page.unroute("**/api/stream")
    answered_after_it_was_sent_on(page, leader, ticket_id)
    lists(page, hotline, ticket_id)


def lists(page: Page, hotline: Hotline, ticket_id: int) -> None:
    """Rows by arrow keys, Enter opens; nothing found is said."""
    page.context.clear_cookies()
    sign_in(page, hotline, "leader")
    page.wait_for_url("**/calls")
    expect(page.locator("#rows tr").first).to_be_visible()
    screen(page, "calls")
    page.goto("/tickets?q=没有这样的工单")
    expect(page.locator("#empty")).to_be_visible()
    screen(page, "tickets-empty")
    page.goto("/tickets")
    page.locator("#rows a").first.focus()
    rows = page.locator("#rows a").count()
    page.keyboard.press("End")
    expect(page.locator("#rows a").nth(rows - 1)).to_be_focused()
    page.keyboard.press("Home")
    screen(page, "tickets")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/*")
    expect(page.get_by_test_id("ticket-form")).to_be_visible()
    screen(page, "ticket")


def test_the_wall_draws_the_line_at_fifteen_seconds_and_says_when_it_is_blind(
    page: Page, hotline: Hotline
) -> None:
    operator = hotline.sign_in("op05")
    sign_in(page, hotline, "leader")
    page.wait_for_url("**/calls")
    page.goto("/wall")
    expect(page.get_by_test_id("wall-alerts")).to_contain_text("没有坐席在岗")
    screen(page, "wall-nobody", fills=True)
    with (
        ScriptedPhone.seat(hotline.settings, 5) as seat,
        ScriptedPhone.citizen(hotline.settings, "13700002222") as first,
        ScriptedPhone.citizen(hotline.settings, "13700003333") as second,
    ):
        operator.post("/api/seats/5/take", {"phone": "desk"})
        operator.post("/api/seats/5/start")
        first.call(HOTLINE)
        seat.wait("incoming")
        seat.answer()
        operator.seat_is(5, "talking")
        second.call(HOTLINE)
        late = page.get_by_test_id("waiting-item").and_(page.locator("[data-level=bad]"))
        expect(late).to_be_visible(timeout=LONG_MS)
        expect(page.get_by_test_id("goal-line")).to_be_visible()
        assert "1370" not in page.locator("body").inner_text()
        screen(page, "wall-waiting", fills=True)
        second.hang_up()
        first.hang_up()
        operator.seat_is(5, "wrap_up")
        operator.post("/api/seats/5/sign-off")
    blind(page, hotline)


def blind(page: Page, hotline: Hotline) -> None:
    """Asterisk silent: the link is down. The server gone: the seconds are counted. Both come back."""
    switchboard = hotline.supervisor.asterisk.pid
    assert switchboard
    with stopped([switchboard]):
        expect(page.get_by_test_id("banner-link")).to_contain_text("话务控制", timeout=LONG_MS)
        screen(page, "wall-link-down", fills=True)
    expect(page.get_by_test_id("banner-link")).to_be_hidden(timeout=LONG_MS)
    for pid in hotline.python_processes():
        os.kill(pid, signal.SIGKILL)
    expect(page.get_by_test_id("banner-link")).to_contain_text("与服务器的连接中断")
    screen(page, "wall-offline", fills=True)
    assert hotline.supervisor.wait_ready(120), hotline.logs()
    expect(page.get_by_test_id("banner-link")).to_be_hidden(timeout=LONG_MS)
