"""An operator's call in a real browser, with a real caller."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ops.phone import ScriptedPhone, read_wav, recorded_s, tone, tone_power
from tests.e2e.hearing import both_sides
from tests.e2e.hotline import Hotline, Person, wait_for

SHOTS = Path(__file__).resolve().parents[2] / "var" / "screenshots"


def shoot(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to look."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def sign_in(page: Page, hotline: Hotline, login: str) -> None:
    page.goto("/login")
    form = page.get_by_test_id("login-form")
    form.locator("input[name=login]").fill(login)
    form.locator("input[name=password]").fill(hotline.password)
    form.locator("button[type=submit]").click()


def begin_duty(page: Page, hotline: Hotline, login: str, seat: int) -> None:
    """Sign in, take the seat, pass the headset check, start."""
    sign_in(page, hotline, login)
    page.wait_for_url("**/seat")
    page.get_by_test_id(f"seat-tile-{seat}").click()
    page.get_by_test_id("check-pass").click()
    page.get_by_test_id("start-duty").click()
    expect(page.get_by_test_id("state-word")).to_contain_text("就绪")


def leave(page: Page) -> None:
    """Finish the wrap-up and sign off."""
    expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
    page.get_by_test_id("wrapup-finish").click()
    expect(page.get_by_test_id("state-word")).to_contain_text("就绪")
    page.get_by_test_id("sign-off").click()
    expect(page.get_by_test_id("seat-tile-1")).to_be_visible()


@pytest.fixture
def caller_tone(tmp_path: Path) -> Path:
    return tone(tmp_path / "caller.wav", hz=440, seconds=60)


def test_a_call_is_answered_in_the_browser_heard_both_ways_and_becomes_a_ticket(
    page: Page, hotline: Hotline, caller_tone: Path, tmp_path: Path
) -> None:
    begin_duty(page, hotline, "op01", 1)
    heard = tmp_path / "heard.wav"
    with ScriptedPhone.citizen(hotline.settings, play=str(caller_tone), record=str(heard)) as caller:
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        expect(page.get_by_test_id("caller-number")).to_have_text("138 0000 1234")
        shoot(page, "seat-ringing")
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        wait_for("the operator's tone at the caller", lambda: tone_power(heard, 660) > 0.5)
        form = page.get_by_test_id("ticket-form")
        form.locator("textarea[name=content]").fill("枫琴水岸六楼下水管堵塞")
        page.keyboard.press("Alt+s")
        expect(page.locator("#said")).to_be_visible()
        shoot(page, "seat-talking")
        page.keyboard.press("F8")
        caller.wait_ended()
    leader = hotline.sign_in("leader")
    call = finished(leader)
    number = leader.get(f"/api/tickets/{call['ticket_id']}")
    assert number["content"] == "枫琴水岸六楼下水管堵塞"
    assert number["status"] == "draft"
    leave(page)
    sound_plays(page, hotline, call)


def finished(leader: Person) -> dict[str, object]:
    """The newest call, once it is over and its recording is joined."""

    def look() -> dict[str, object] | None:
        newest = leader.call(leader.get("/api/calls")["calls"][0]["id"])
        return (
            newest
            if newest["state"] == "ended" and newest["recording"] and newest["recording"]["ready"]
            else None
        )

    return wait_for("the recording", look)


def sound_plays(page: Page, hotline: Hotline, call: dict[str, object]) -> None:
    """The call's page plays its recording in ranges; both tones are in it, one a channel."""
    page.context.clear_cookies()
    sign_in(page, hotline, "leader")
    page.wait_for_url("**/calls")
    page.goto(f"/calls/{call['id']}")
    player = page.get_by_test_id("player")
    expect(player).to_be_visible()
    player.evaluate("player => player.play()")
    wait_for("the recording to play", lambda: player.evaluate("player => player.currentTime > 0.5"))
    shoot(page, "call")


def test_a_withheld_number_is_said_and_not_waited_for(page: Page, hotline: Hotline) -> None:
    begin_duty(page, hotline, "op01", 1)
    with ScriptedPhone.citizen(hotline.settings, "anonymous") as caller:
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        expect(page.get_by_test_id("caller-number")).to_have_text("号码未显示")
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        expect(page.locator("#history")).to_have_text("号码未显示，查不到以前的来电")
        expect(page.get_by_test_id("draft-missing")).to_contain_text("电话")
        page.keyboard.press("F8")
        caller.wait_ended()
        expect(page.locator("#timer")).to_contain_text("已结束")
        expect(page.get_by_test_id("caller-number")).to_have_text("号码未显示")
        expect(page.locator("#history")).to_have_text("号码未显示，查不到以前的来电")
        expect(page.get_by_test_id("draft-missing")).to_contain_text("电话")
        page.get_by_test_id("ticket-form").locator("input[name=contact_number]").fill("13900001111")
        expect(page.get_by_test_id("draft-missing")).not_to_contain_text("电话")
        shoot(page, "seat-withheld")
    leave(page)


def test_a_click_counts_though_the_tiles_are_drawn_anew_under_the_pressed_button(
    page: Page, hotline: Hotline
) -> None:
    sign_in(page, hotline, "op01")
    page.wait_for_url("**/seat")
    page.get_by_test_id("seat-tile-1").hover()
    page.mouse.down()
    other = hotline.sign_in("op02")
    other.post("/api/seats/2/take", {"phone": "desk"})
    expect(page.get_by_test_id("seat-tile-2")).to_be_disabled()
    page.mouse.up()
    expect(page.get_by_test_id("check-leave")).to_be_visible()
    page.get_by_test_id("check-leave").click()
    expect(page.get_by_test_id("seat-tile-1")).to_be_visible()
    other.post("/api/seats/2/sign-off")


def test_a_reloaded_page_does_not_drop_the_caller(
    page: Page, hotline: Hotline, caller_tone: Path, tmp_path: Path
) -> None:
    begin_duty(page, hotline, "op02", 1)
    heard = tmp_path / "heard.wav"
    with ScriptedPhone.citizen(
        hotline.settings, "13900005678", play=str(caller_tone), record=str(heard)
    ) as caller:
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.get_by_test_id("answer").click()
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        page.on("dialog", lambda dialog: dialog.accept())
        page.reload()
        expect(page.get_by_test_id("mute")).to_be_visible()
        expect(page.get_by_test_id("mute")).to_be_enabled()
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        assert not [event for event in caller.events if event.get("state") == "DISCONNECTED"]
        again = recorded_s(heard)
        wait_for("the page's tone again", lambda: tone_power(heard, 660, from_s=again + 3) > 0.5)
        page.get_by_test_id("hangup").click()
        caller.wait_ended()
    leave(page)
    # After the reload too: the page's second leg numbers its sound anew
    said, told = recorded(hotline, tmp_path)
    assert tone_power(said, 440, from_s=recorded_s(said) - 2) > 0.5
    assert tone_power(told, 660, from_s=recorded_s(told) - 2) > 0.5


def recorded(hotline: Hotline, folder: Path) -> tuple[Path, Path]:
    """What the newest caller said, and what he heard, by his call's recording."""
    call = finished(hotline.sign_in("leader"))
    sides = both_sides(hotline.settings, str(call["id"]), folder)
    return sides["said"], sides["heard"]


def test_a_seat_that_dies_leaves_its_caller_to_music_and_then_to_a_colleague(
    page: Page, hotline: Hotline, caller_tone: Path, tmp_path: Path
) -> None:
    begin_duty(page, hotline, "op02", 1)
    heard = tmp_path / "heard.wav"
    others_tone = tone(tmp_path / "other.wav", hz=850, seconds=60)
    colleague = hotline.sign_in("op03")
    with (
        ScriptedPhone.seat(hotline.settings, 3, play=str(others_tone)) as seat,
        ScriptedPhone.citizen(
            hotline.settings, "13900005679", play=str(caller_tone), record=str(heard)
        ) as caller,
    ):
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.get_by_test_id("answer").click()
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        colleague.post("/api/seats/3/take", {"phone": "desk"})
        colleague.post("/api/seats/3/start")
        wait_for("the seat's tone", lambda: tone_power(heard, 660) > 0.5)
        page.close()
        begins = len(read_wav(heard)[0])
        seat.wait("incoming", timeout_s=40)
        after = read_wav(heard)[0][begins:]
        quiet = [abs(after[at : at + 16000]).max() < 80 for at in range(16000, len(after) - 16000, 16000)]
        assert quiet.count(True) <= 1, quiet
        seat.answer()
        colleague.seat_is(3, "talking")
        assert not [event for event in caller.events if event.get("state") == "DISCONNECTED"]
        wait_for("the colleague's tone", lambda: tone_power(heard, 850) > 0.5)
        # So long that a second of the recording holds nothing but the colleague, who is less loud
        since = recorded_s(heard)
        wait_for("a second and a half of talk", lambda: recorded_s(heard) > since + 1.5)
        caller.hang_up()
        caller.wait_ended()
        both_leave(hotline, colleague)
    said, told = recorded(hotline, tmp_path)
    assert tone_power(said, 440) > 0.5
    assert min(tone_power(told, 660), tone_power(told, 850)) > 0.5


def both_leave(hotline: Hotline, colleague: Person) -> None:
    """The colleague at seat 3, and the dead seat 1."""
    colleague.seat_is(3, "wrap_up")
    colleague.post("/api/seats/3/wrap-up/finish")
    colleague.post("/api/seats/3/sign-off")
    mine = hotline.sign_in("op02")
    wait_for("the dead seat to be left", lambda: left(mine, 1))


def left(person: Person, seat: int) -> bool:
    """Signed off as soon as its state allows."""
    person.http.post(f"/api/seats/{seat}/sign-off", json={}, headers={"X-CSRF-Token": person.csrf})
    return bool(person.seat(seat)["state"] == "empty")


def test_asterisk_killed_and_started_again_leaves_a_seat_that_answers(page: Page, hotline: Hotline) -> None:
    begin_duty(page, hotline, "op02", 1)
    leader = hotline.sign_in("leader")
    supervisor = hotline.supervisor
    with ScriptedPhone.citizen(hotline.settings, "13900005680") as cut_off:
        cut_off.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        supervisor.asterisk.kill()
        assert supervisor.wait_ready(120), hotline.logs()
    wait_for("nobody to talk", lambda: not leader.get("/api/board")["talking"])
    expect(page.get_by_test_id("phone-state")).to_contain_text("话机就绪", timeout=60_000)
    leave_wrap_up(page)
    with ScriptedPhone.citizen(hotline.settings, "13900005681") as caller:
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        page.keyboard.press("F8")
        caller.wait_ended()
    leave(page)


def leave_wrap_up(page: Page) -> None:
    """The after-call work of the call that was cut off."""
    expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
    page.get_by_test_id("wrapup-finish").click()
    expect(page.get_by_test_id("state-word")).to_contain_text("就绪")


def test_the_demo_telephone_reaches_the_queue_and_the_wall_shows_it(page: Page, hotline: Hotline) -> None:
    sign_in(page, hotline, "leader")
    page.wait_for_url("**/calls")
    phone = page.context.new_page()
    begin = hotline.sign_in("op03")
    with ScriptedPhone.seat(hotline.settings, 3) as seat:
        begin.post("/api/seats/3/take", {"phone": "desk"})
        begin.post("/api/seats/3/start")
        phone.goto("/demo/phone")
        phone.get_by_test_id("demo-call").click()
        page.goto("/wall")
        page.set_viewport_size({"width": 1920, "height": 1080})
        expect(page.get_by_test_id("waiting-item")).to_be_visible()
        seat.wait("incoming")
        seat.answer()
        expect(page.get_by_test_id("wall-seat-3")).to_contain_text("通话中")
        shoot(page, "wall")
        shoot(phone, "demo-phone")
        phone.get_by_test_id("demo-hangup").click()
        begin.seat_is(3, "wrap_up")
        begin.post("/api/seats/3/wrap-up/finish")
        begin.post("/api/seats/3/sign-off")
