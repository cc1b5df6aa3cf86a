"""The shift leader's page at a call: its words, the conference he takes over, what is closed to him after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from core.vocabulary import Speaker
from ops.phone import ScriptedPhone
from ops.smoke_bridge import sounds
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.pages import window
from tests.e2e.screen_checks import screen
from tests.e2e.speech import Speech
from tests.e2e.test_seat_in_the_browser import sign_in

LONG_MS = 60_000
CLOSED = "这通电话的工单已标为保密，来电号码和通话内容只有经办人和中心负责人可以看和听。"
FIRST, SECOND, THIRD = "石马村的路断了", "多大一段", "大概二十米"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("leader-room")) as made:
        yield made


@pytest.fixture
def leader_page(browser: Browser, house: BridgeHouse) -> Iterator[Page]:
    with window(browser, house.hotline.url, name="leader") as opened:
        sign_in(opened, house.hotline, "leader")
        opened.wait_for_url("**/calls")
        opened.goto("/supervisor")
        expect(opened.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
        yield opened


def test_words_while_the_ear_is_there_and_the_conference_that_is_taken_over(
    leader_page: Page, house: BridgeHouse, tmp_path: Path
) -> None:
    page = leader_page
    with (
        house.outside(tmp_path) as outside,
        ScriptedPhone.seat(house.settings, 1, auto_answer=True, **sounds(tmp_path, "seat")) as seat,
        ScriptedPhone.citizen(house.settings, "13800006601", **sounds(tmp_path, "caller")) as caller,
    ):
        house.on_duty()
        house.talk(caller, seat)
        call_id = house.leader.seat(1)["call_id"]
        reads_along(page, house, Speech(house.hotline, call_id))
        ticket_id = house.operator.get(f"/api/calls/{call_id}")["ticket_id"]
        bridge_id = house.press("leader-room", roles=["grid_worker", "handling_unit"])["id"]
        for role in ("caller", "seat", "grid_worker", "handling_unit"):
            house.until(bridge_id, 30.0, **{role: "joined"})
        other = page.context.new_page()
        is_told_why_words_are_gone(other, house, call_id, ticket_id)
        other.close()
        looks_on_and_takes_over(page, house, bridge_id)
        seat.wait_ended()
        has_the_keys(page, house, bridge_id, outside)
        adds_a_party(page, house, bridge_id, outside)
        page.once("dialog", lambda dialog: dialog.accept())
        page.keyboard.press("Alt+e")
        caller.wait_ended()
    expect(page.get_by_test_id("lead-words")).to_be_hidden(timeout=LONG_MS)
    expect(page.get_by_test_id("lead-room")).to_be_hidden()
    assert house.problems() == []


def reads_along(page: Page, house: BridgeHouse, speech: Speech) -> None:
    """What was said before stands there, what is said appears; secret, offline and leaving clear it."""
    speech.say(FIRST)
    lines = page.get_by_test_id("line")
    expect(page.get_by_test_id("lead-words")).to_be_hidden()
    page.keyboard.press("1")
    page.keyboard.press("F1")
    expect(page.get_by_test_id("mine")).to_contain_text("监听中", timeout=LONG_MS)
    expect(lines).to_contain_text([FIRST])
    speech.say(SECOND, Speaker.SEAT)
    expect(lines).to_contain_text([FIRST, SECOND])
    screen(page, "supervisor-words")
    page.route("**/api/supervision/words", lambda route: route.abort())
    page.keyboard.press("F8")
    expect(page.get_by_test_id("lead-words")).to_be_hidden(timeout=LONG_MS)
    expect(lines).to_have_count(0)
    page.keyboard.press("F1")
    expect(page.get_by_test_id("words-problem")).to_contain_text("恢复后自动补上", timeout=LONG_MS)
    page.unroute("**/api/supervision/words")
    expect(lines).to_contain_text([FIRST, SECOND])
    expect(page.get_by_test_id("words-problem")).to_be_empty()
    ticket_id = house.operator.get(f"/api/calls/{house.operator.seat(1)['call_id']}")["ticket_id"]
    mark_secret(house, ticket_id)
    expect(page.get_by_test_id("mine")).to_contain_text("工单已标为保密", timeout=LONG_MS)
    speech.say(THIRD)
    expect(lines).to_have_count(0)
    page.keyboard.press("F1")
    expect(page.get_by_test_id("lead-problem")).to_contain_text("保密")
    mark_secret(house, ticket_id, secret=False)


def mark_secret(house: BridgeHouse, ticket_id: int, *, secret: bool = True) -> None:
    """The operator ticks the box, or takes it back."""
    operator = house.operator
    version = operator.get(f"/api/tickets/{ticket_id}")["version"]
    answer = operator.http.put(
        f"/api/tickets/{ticket_id}",
        json={"version": version, "secret": secret},
        headers={"X-CSRF-Token": operator.csrf},
    )
    assert answer.status_code == 200, answer.text


def looks_on_and_takes_over(page: Page, house: BridgeHouse, bridge_id: int) -> None:
    """Barged in he sees the cards; the question before taking over says who leaves and who stays."""
    page.keyboard.press("F6")
    expect(page.get_by_test_id("mine")).to_contain_text("插话中", timeout=LONG_MS)
    expect(page.get_by_test_id("line")).to_contain_text([FIRST, SECOND, THIRD])
    expect(page.get_by_test_id("leg-leader")).to_contain_text("冉班长")
    expect(page.get_by_test_id("leg-handling_unit")).to_have_attribute("data-state", "joined")
    expect(page.get_by_test_id("room-read-only")).to_be_visible()
    expect(page.get_by_test_id("legs").locator("button")).to_have_count(0)
    screen(page, "supervisor-room-barged")
    said: list[str] = []

    def agree(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.accept()

    page.once("dialog", agree)
    page.keyboard.press("F4")
    expect(page.get_by_test_id("mine")).to_contain_text("接管通话中", timeout=LONG_MS)
    house.until(bridge_id, leader="joined", seat="removed", caller="joined")
    assert "退出去整理" in said[0]
    assert "承办单位" in said[0]
    assert "不断线" in said[0]


def has_the_keys(page: Page, house: BridgeHouse, bridge_id: int, outside: dict[str, ScriptedPhone]) -> None:
    """By keyboard: hold and join, mute, remove, call again."""
    expect(page.get_by_test_id("room-hold")).to_be_visible()
    screen(page, "supervisor-room-taken-over")
    page.keyboard.press("F3")
    house.until(bridge_id, caller="held")
    expect(page.get_by_test_id("room-join")).to_be_visible()
    page.keyboard.press("F3")
    house.until(bridge_id, caller="joined")
    unit = page.get_by_test_id("leg-handling_unit")
    unit.focus()
    page.keyboard.press("m")
    expect(unit).to_contain_text("已静音")
    expect(unit).to_be_focused()
    page.keyboard.press("m")
    expect(unit).not_to_contain_text("已静音")
    page.keyboard.press("Delete")
    outside["handling_unit"].wait_ended()
    expect(unit).to_have_attribute("data-state", "removed")
    page.keyboard.press("r")
    house.until(bridge_id, handling_unit="joined")
    expect(unit).to_have_attribute("data-state", "joined")
    caller = page.get_by_test_id("leg-caller")
    expect(caller.get_by_role("button", name="移出")).to_have_count(0)


def adds_a_party(page: Page, house: BridgeHouse, bridge_id: int, outside: dict[str, ScriptedPhone]) -> None:
    """Alt+J asks whom, Escape takes the question back; Alt+W goes from card to card, past his own."""
    expect(page.get_by_test_id("leg-handling_unit")).to_be_focused()
    page.keyboard.press("Alt+w")
    expect(page.get_by_test_id("leg-caller")).to_be_focused()
    page.keyboard.press("Alt+j")
    expect(page.get_by_test_id("bridge-add")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("bridge-add")).to_be_hidden()
    page.keyboard.press("Alt+j")
    screen(page, "supervisor-room-add")
    page.get_by_test_id("add-internet_office").press("Enter")
    outside["internet_office"].wait("pressed")
    house.until(bridge_id, internet_office="joined")
    expect(page.get_by_test_id("leg-internet_office")).to_have_attribute("data-state", "joined")


def is_told_why_words_are_gone(page: Page, house: BridgeHouse, call_id: str, ticket_id: int) -> None:
    """Marked secret while he reads: a sentence stands for the words on the call's page, and the ticket's.

    Before he takes the call over: then it is his own, and its words are too.
    """
    page.goto("/calls")
    page.locator(f"[data-href='/calls/{call_id}']").click()
    expect(page.get_by_test_id("line")).to_contain_text([FIRST, SECOND, THIRD])
    expect(page.locator("#no-sound")).not_to_contain_text("保密")
    mark_secret(house, ticket_id)
    expect(page.locator("#no-sound")).to_have_text(CLOSED)
    expect(page.get_by_test_id("transcript")).to_have_text("保密")
    expect(page.get_by_test_id("player")).to_be_hidden()
    expect(page.get_by_test_id("call-dial")).to_be_hidden()
    screen(page, "call-in-confidence")
    page.reload()
    expect(page.locator("#no-sound")).to_have_text(CLOSED)
    expect(page.get_by_test_id("line")).to_have_count(0)
    page.goto(f"/tickets/{ticket_id}")
    expect(page.get_by_test_id("words-closed")).to_have_text(CLOSED)
    expect(page.get_by_test_id("bridge-words")).to_have_count(0)
    expect(page.locator("audio:visible")).to_have_count(0)
    expect(page.locator("input[name=contact_number]")).to_be_visible()
    expect(page.get_by_test_id("ticket-dial")).to_be_hidden()
    screen(page, "ticket-in-confidence")
    mark_secret(house, ticket_id, secret=False)
    expect(page.get_by_test_id("words-closed")).to_have_count(0)
