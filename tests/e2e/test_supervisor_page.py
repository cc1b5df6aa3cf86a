"""The shift leader's page in a real browser: an ear by keys, taking over, notes, forced pause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.hearing import HEARD, only_hear, voice
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.pages import window
from tests.e2e.screen_checks import screen
from tests.e2e.test_seat_in_the_browser import begin_duty, sign_in

LEADER_HZ = 660.0  # what the browser's microphone hears
CALLER_HZ = 440.0
FAR_HZ = 1130.0  # so that nothing of the seat's tone is taken for it
LONG_MS = 60_000
KEEP_STREAMS = """() => {
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  window.opened = [];
  devices.getUserMedia = async (wish) => {
    const stream = await open(wish);
    window.opened.push(stream);
    return stream;
  };
}"""
UNPLUG = """() => {
  for (const stream of window.opened) for (const track of stream.getTracks()) track.stop();
  for (let time = 0; time < 2; time += 1) navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""


@pytest.fixture
def leader_page(browser: Browser, hotline: Hotline) -> Iterator[Page]:
    with window(browser, hotline.url, name="leader") as opened:
        sign_in(opened, hotline, "leader")
        opened.wait_for_url("**/calls")
        opened.goto("/supervisor")
        yield opened


@contextmanager
def talk(hotline: Hotline, files: Path, number: str) -> Iterator[tuple[ScriptedPhone, ScriptedPhone]]:
    """A citizen and seat 1 on a desk phone, who talk."""
    operator = hotline.sign_in("op01")
    with (
        ScriptedPhone.seat(hotline.settings, 1, auto_answer=True, **voice(files, "seat", FAR_HZ)) as seat,
        ScriptedPhone.citizen(hotline.settings, number, **voice(files, "caller", CALLER_HZ)) as caller,
    ):
        operator.post("/api/seats/1/take", {"phone": "desk"})
        operator.post("/api/seats/1/start")
        caller.call(hotline.settings.asterisk.hotline_number)
        caller.wait("media")
        caller.dtmf("1")
        seat.wait_answered()
        operator.seat_is(1, "talking")
        try:
            yield caller, seat
        finally:
            caller.hang_up()

            def left() -> bool:
                operator.http.post("/api/seats/1/sign-off", json={}, headers={"X-CSRF-Token": operator.csrf})
                return bool(operator.seat(1)["state"] == "empty")

            wait_for("the seat to be left", left)


def hear(files: Path, *, least: float = HEARD, **wanted: set[str]) -> None:
    """Whom each of the two telephones hears: the other one, the leader's microphone, both or nobody."""
    only_hear(files, wanted, {"caller": CALLER_HZ, "seat": FAR_HZ, "leader": LEADER_HZ}, least=least)


def test_listen_whisper_and_barge_by_keys_and_take_over(
    leader_page: Page, hotline: Hotline, tmp_path: Path
) -> None:
    page = leader_page
    expect(page.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
    screen(page, "supervisor-quiet")
    with talk(hotline, tmp_path, "13800005501") as (caller, seat):
        expect(page.get_by_test_id("lead-seat-1")).to_contain_text("通话中")
        expect(page.get_by_test_id("lead-seat-1")).to_contain_text("138****5501")
        page.keyboard.press("1")
        page.keyboard.press("F1")
        expect(page.get_by_test_id("mine")).to_contain_text("监听中 · 1号席", timeout=LONG_MS)
        hear(tmp_path, caller={"seat"}, seat={"caller"})
        page.keyboard.press("F3")
        expect(page.get_by_test_id("mine")).to_contain_text("耳语中")
        hear(tmp_path, caller={"seat"}, seat={"caller", "leader"})
        page.keyboard.press("F6")
        expect(page.get_by_test_id("mine")).to_contain_text("插话中")
        hear(tmp_path, caller={"seat", "leader"}, seat={"caller", "leader"})
        screen(page, "supervisor-barged")
        mutes(page, tmp_path)
        page.once("dialog", lambda dialog: dialog.accept())
        page.keyboard.press("F4")
        expect(page.get_by_test_id("mine")).to_contain_text("接管通话中")
        expect(page.get_by_test_id("taken")).to_contain_text("冉班长 正在接听接管的来电")
        expect(page.get_by_test_id("lead-seat-1")).to_contain_text("话后整理")
        seat.wait_ended()
        hear(tmp_path, caller={"leader"}, least=0.5)
        screen(page, "supervisor-taken-over")
        page.keyboard.press("F8")
        caller.wait_ended()
    expect(page.get_by_test_id("mine")).to_contain_text("接管已结束：班长已退出")
    line = page.get_by_test_id("time-line").first
    expect(line).to_contain_text("138****5501")
    expect(line.locator("[data-kind=leader]")).to_have_count(1, timeout=LONG_MS)
    expect(page.get_by_test_id("sum-today")).to_contain_text("✓")
    line.click()
    page.wait_for_url("**/calls/*")


def mutes(page: Page, files: Path) -> None:
    """The leader who is heard by both is heard by nobody, and again."""
    page.keyboard.press("F2")
    expect(page.get_by_test_id("lead-mute")).to_have_attribute("aria-pressed", "true")
    hear(files, caller={"seat"}, seat={"caller"})
    page.keyboard.press("F2")
    expect(page.get_by_test_id("lead-mute")).to_have_attribute("aria-pressed", "false")
    hear(files, caller={"seat", "leader"}, seat={"caller", "leader"})


def test_a_call_that_was_taken_over_goes_back_to_the_queue_by_a_key(
    leader_page: Page, hotline: Hotline, tmp_path: Path
) -> None:
    page = leader_page
    expect(page.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
    with talk(hotline, tmp_path, "13800005502") as (caller, seat):
        expect(page.get_by_test_id("give-back")).to_be_hidden()
        expect(page.locator("#logout")).to_be_enabled()
        take_over(page)
        expect(page.get_by_test_id("give-back")).to_be_enabled()
        expect(page.locator("#logout")).to_be_disabled()
        screen(page, "supervisor-give-back")
        page.once("dialog", lambda dialog: dialog.accept())
        page.keyboard.press("Alt+G")
        expect(page.get_by_test_id("mine")).to_contain_text("接管已结束", timeout=LONG_MS)
        expect(page.get_by_test_id("give-back")).to_be_hidden()
        expect(page.locator("#logout")).to_be_enabled()
        hotline.sign_in("op01").post("/api/seats/1/resume")
        seat.wait("state", state="CONFIRMED", skip=1)
        hear(tmp_path, caller={"seat"}, seat={"caller"})
        assert not any(event.get("state") == "DISCONNECTED" for event in caller.events)


def take_over(page: Page) -> None:
    """The call of seat 1, by its key."""
    expect(page.get_by_test_id("lead-seat-1")).to_contain_text("通话中")
    page.keyboard.press("1")
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("F4")
    expect(page.get_by_test_id("mine")).to_contain_text("接管通话中", timeout=LONG_MS)


def test_a_headset_unplugged_and_plugged_in_again_leaves_the_caller_with_the_leader(
    leader_page: Page, hotline: Hotline, tmp_path: Path
) -> None:
    page = leader_page
    page.add_init_script(f"({KEEP_STREAMS})()")
    page.reload()
    expect(page.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
    with talk(hotline, tmp_path, "13800005503") as (caller, _seat):
        take_over(page)
        hear(tmp_path, caller={"leader"}, least=0.5)
        page.evaluate(UNPLUG)
        wait_for("another microphone", lambda: page.evaluate("window.opened.length > 1"))
        hear(tmp_path, caller={"leader"}, least=0.5)
        assert page.evaluate("window.opened.length") == 2, "opened once, however often the devices changed"
        assert not any(event.get("state") == "DISCONNECTED" for event in caller.events)
        page.keyboard.press("F8")
        caller.wait_ended()


def test_another_page_of_the_same_leader_brings_the_caller_back_to_a_seat(
    leader_page: Page, hotline: Hotline, tmp_path: Path
) -> None:
    page = leader_page
    expect(page.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
    with talk(hotline, tmp_path, "13800005504") as (caller, seat):
        take_over(page)
        hear(tmp_path, caller={"leader"}, least=0.5)
        second = page.context.new_page()
        second.goto("/supervisor")
        second.get_by_test_id("elsewhere-here").click()
        expect(page.get_by_test_id("elsewhere")).to_be_visible()
        expect(second.get_by_test_id("mine")).to_contain_text("接管已结束", timeout=LONG_MS)
        hotline.sign_in("op01").post("/api/seats/1/resume")
        seat.wait("state", state="CONFIRMED", skip=1)
        hear(tmp_path, caller={"seat"}, seat={"caller"})
        assert not any(event.get("state") == "DISCONNECTED" for event in caller.events)


def test_a_broadcast_and_a_forced_pause_reach_the_operators_screen(
    leader_page: Page, page: Page, hotline: Hotline
) -> None:
    begin_duty(page, hotline, "op02", 2)
    wall = page.context.new_page()
    wall.goto("/wall")
    leader_page.keyboard.press("Alt+n")
    leader_page.get_by_test_id("note-words").fill("<b>夔门</b>停水公告已播，按公告答复")
    leader_page.get_by_test_id("note-send").click()
    expect(page.get_by_test_id("note")).to_contain_text("<b>夔门</b>停水公告已播")
    expect(wall.get_by_test_id("wall-notes")).to_contain_text("夔门")
    wall.set_viewport_size({"width": 1920, "height": 1080})
    screen(wall, "wall-note", fills=True)
    screen(page, "seat-note", fills=True)
    expect(leader_page.get_by_test_id("lead-note")).to_contain_text("还没有人读")
    page.keyboard.press("Alt+m")
    expect(page.get_by_test_id("note")).to_be_hidden()
    expect(leader_page.get_by_test_id("lead-note")).to_contain_text("已读：王芳")

    leader_page.keyboard.press("Escape")
    leader_page.get_by_test_id("lead-seat-2").click()
    leader_page.keyboard.press("Alt+p")
    why = leader_page.get_by_test_id("force-why")
    expect(why).to_be_focused()
    screen(leader_page, "supervisor-force")
    why.fill("到会议室来一下")
    leader_page.keyboard.press("Enter")
    expect(leader_page.get_by_test_id("lead-seat-2")).to_contain_text("暂停")
    expect(page.get_by_test_id("note")).to_contain_text(
        "班长 冉班长 已将您的坐席置为暂停（小休）：到会议室来一下"
    )
    screen(page, "seat-forced", fills=True)
    page.keyboard.press("Alt+m")
    leader_page.keyboard.press("Alt+x")
    leader_page.get_by_test_id("force-why").fill("交班")
    leader_page.keyboard.press("Enter")
    expect(page.get_by_test_id("note")).to_contain_text("签出：交班")
    expect(page.get_by_test_id("seat-tile-2")).to_be_visible()
    leader_page.get_by_text("撤回").click()
    expect(wall.get_by_test_id("wall-notes")).to_be_empty()


def test_the_page_says_why_it_cannot_and_loads_again(leader_page: Page, hotline: Hotline) -> None:
    page = leader_page
    page.route("**/api/supervision", lambda route: route.abort())
    page.goto("/supervisor")
    expect(page.get_by_test_id("page-failed")).to_contain_text("网络中断")
    screen(page, "supervisor-failed")
    page.unroute("**/api/supervision")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("lead-seat-1")).to_be_visible()
    expect(page.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
    page.context.set_offline(True)
    expect(page.get_by_test_id("banner-link")).to_contain_text("与服务器的连接中断")
    page.context.set_offline(False)
    expect(page.get_by_test_id("banner-link")).to_be_hidden(timeout=60_000)
    expect(page.get_by_test_id("lead-problem")).to_be_empty()
    page.keyboard.press("F10")
    expect(page.get_by_test_id("help")).to_contain_text("耳语")
    screen(page, "supervisor-help")
    page.keyboard.press("F10")
    expect(page.get_by_test_id("help")).to_be_hidden()
    chooses_seats(page)
    page.keyboard.press("Alt+h")
    expect(page.locator("#devices")).to_be_visible()
    screen(page, "supervisor-devices")
    page.keyboard.press("Alt+h")
    expect(page.locator("#devices")).to_be_hidden()
    page.keyboard.press("Alt+l")
    page.wait_for_url("**/login")


def chooses_seats(page: Page) -> None:
    """By digits from anywhere, by arrows from seat to seat where the list has the keyboard."""
    page.locator("#seats").focus()
    for key, seat in (("4", 4), ("ArrowDown", 5), ("ArrowDown", 5), ("ArrowUp", 4), ("Home", 1), ("End", 5)):
        page.keyboard.press(key)
        expect(page.locator("#whom")).to_contain_text(f"对 {seat}号席")
        expect(page.get_by_test_id(f"lead-seat-{seat}")).to_have_attribute("aria-selected", "true")


def test_whoever_typed_a_wrong_password_too_often_is_on_the_leaders_page_and_let_in_by_one_press(
    leader_page: Page, page: Page, hotline: Hotline
) -> None:
    page.goto("/login")
    form = page.get_by_test_id("login-form")
    form.locator("input[name=login]").fill("op07")
    for word in ("wrong",) * 5 + (hotline.password,):
        form.locator("input[name=password]").fill(word)
        with page.expect_response("**/login"):
            form.locator("button[type=submit]").click()
    expect(page.locator("#problem")).to_contain_text("请班长在班长台解除")
    screen(page, "login-locked")
    lock = leader_page.get_by_test_id("login-lock")
    expect(lock).to_contain_text("op07")
    screen(leader_page, "supervisor-login-lock")
    lock.get_by_role("button").press("Enter")
    expect(leader_page.get_by_test_id("login-locks")).to_be_hidden()
    form.locator("button[type=submit]").click()
    page.wait_for_url("**/seat")
