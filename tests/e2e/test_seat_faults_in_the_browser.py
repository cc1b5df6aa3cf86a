"""What a seat's page does when something is missing: a board behind the telephone, the SIP websocket."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, WebSocketRoute, expect

from ops.phone import ScriptedPhone, recorded_s, tone, tone_power
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.test_seat_in_the_browser import begin_duty, leave

SIP_SOCKET = "**/ws"


@pytest.fixture
def caller_tone(tmp_path: Path) -> Path:
    return tone(tmp_path / "caller.wav", hz=440, seconds=60)


class Cable:
    """Between the page and Asterisk's websocket; can be pulled and put back."""

    def __init__(self, page: Page) -> None:
        self._whole = True
        self._ends: list[WebSocketRoute] = []
        page.route_web_socket(SIP_SOCKET, self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        if not self._whole:
            socket.close()
            return
        self._ends += [socket, socket.connect_to_server()]

    def pull(self) -> None:
        self._whole = False
        for end in self._ends:
            end.close()
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True


def test_a_call_from_its_ring_to_its_end_asks_for_nothing_that_is_refused(
    page: Page, hotline: Hotline
) -> None:
    refused: list[str] = []

    def look(answer: Response) -> None:
        if answer.status in (401, 403, 404, 422):
            refused.append(f"{answer.status} {answer.request.method} {answer.url}")

    page.on("response", look)
    begin_duty(page, hotline, "op01", 1)
    for number in ("13800005511", "13800005512"):
        with ScriptedPhone.citizen(hotline.settings, number) as caller:
            caller.call("56564444")
            expect(page.get_by_test_id("answer")).to_be_enabled()
            expect(page.get_by_test_id("caller-number")).to_contain_text(number[-4:])
            expect(page.get_by_test_id("caller-history")).to_contain_text("第一次来电")
            page.keyboard.press("F1")
            expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
            expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
            page.keyboard.press("F8")
            caller.wait_ended()
        expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
        page.get_by_test_id("wrapup-finish").click()
        expect(page.get_by_test_id("state-word")).to_contain_text("就绪")
    with ScriptedPhone.citizen(hotline.settings, "13800005513") as caller:
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        expect(page.get_by_test_id("caller-history")).to_contain_text("第一次来电")
        # What it asks just as a caller gives up may be refused: his call is its own no more
        assert refused == []
        caller.hang_up()
    expect(page.get_by_test_id("no-call")).to_be_visible()
    page.get_by_test_id("sign-off").click()
    expect(page.get_by_test_id("seat-tile-1")).to_be_visible()


@pytest.mark.parametrize("loads_again", [False, True])
def test_a_hang_up_while_the_websocket_is_down_is_kept_and_ends_the_call_when_it_comes_back(
    page: Page, hotline: Hotline, caller_tone: Path, loads_again: bool
) -> None:
    cable = Cable(page)
    begin_duty(page, hotline, "op02", 1)
    with ScriptedPhone.citizen(hotline.settings, "13800005514", play=str(caller_tone)) as caller:
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        expect(page.get_by_test_id("hangup")).to_be_enabled()
        cable.pull()
        expect(page.get_by_test_id("phone-state")).to_contain_text("话机未连接")
        page.keyboard.press("F8")
        expect(page.locator("#call-note")).to_contain_text("恢复后自动挂断")
        if loads_again:
            page.reload()
            expect(page.get_by_test_id("phone-state")).to_contain_text("话机未连接")
        cable.mend()
        # The cable works only while Playwright does: wait on the page first
        expect(page.get_by_test_id("state-word")).to_contain_text("话后整理")
        caller.wait_ended()
    leave(page)


def test_another_page_of_the_same_operator_takes_the_call_along(
    page: Page, hotline: Hotline, caller_tone: Path, tmp_path: Path
) -> None:
    goodbyes: list[str] = []

    def look(frame: str | bytes) -> None:
        if isinstance(frame, str) and frame.startswith("BYE "):
            goodbyes.append(frame)

    page.on("websocket", lambda socket: socket.on("framesent", look))
    begin_duty(page, hotline, "op02", 1)
    heard = tmp_path / "heard.wav"
    with ScriptedPhone.citizen(
        hotline.settings, "13800005515", play=str(caller_tone), record=str(heard)
    ) as caller:
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        second = page.context.new_page()
        second.goto("/seat")
        second.get_by_test_id("elsewhere-here").click()
        expect(page.get_by_test_id("elsewhere")).to_be_visible()
        expect(second.get_by_test_id("mute")).to_be_enabled()
        expect(second.get_by_test_id("state-word")).to_contain_text("通话中")
        again = recorded_s(heard)
        wait_for("the new page's tone", lambda: tone_power(heard, 660, from_s=again + 3) > 0.5)
        # The control plane may catch a caller on his way to the thanks; nothing must depend on that
        assert goodbyes == []
        assert not [event for event in caller.events if event.get("state") == "DISCONNECTED"]
        second.keyboard.press("F8")
        caller.wait_ended()
    leave(second)
