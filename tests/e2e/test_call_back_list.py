"""The call-back list in a browser: results by digit, the leader who gives lines out, 拨打 on other pages."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.call_back_house import choose, give_up, house, line_of, page, ready
from tests.e2e.hotline import wait_for
from tests.e2e.pages import lose_answer
from tests.e2e.screen_checks import screen
from tests.e2e.test_prober import change
from tests.e2e.test_seat_in_the_browser import sign_in

__all__ = ["house", "page"]


def test_results_are_written_down_and_corrected_with_digits(house: BridgeHouse, page: Page) -> None:
    number = "13812340006"
    give_up(house, number)
    choose(page, number)
    page.keyboard.press("1")
    expect(page.locator("#callbacks-problem")).to_contain_text("先领取")
    page.get_by_test_id("callback-claim").click()
    expect(page.get_by_test_id("callback-line").filter(has_text="138 1234 0006")).to_be_focused()
    page.get_by_label("备注").fill("用值班手机联系上了")
    page.get_by_test_id("callback-line").filter(has_text="138 1234 0006").focus()
    page.keyboard.press("1")
    mine = page.get_by_test_id("callback-line").filter(has_text=number[-4:])
    expect(mine).to_have_attribute("data-state", "done")
    expect(mine).to_be_focused()
    screen(page, "callback-marked")
    # It was a machine after all
    page.keyboard.press("2")
    expect(page.get_by_test_id("callback-line").filter(has_text=number[-4:])).to_have_attribute(
        "data-state", "waiting"
    )
    page.keyboard.press("Escape")
    line = wait_for("the line", lambda: line_of(house, number))
    (attempt,) = line["attempts"]
    assert (attempt["label"], attempt["note"]) == ("无人接听", "用值班手机联系上了")


def test_ticket_and_call_pages_dial_from_the_operators_seat(
    house: BridgeHouse, browser: Browser, page: Page
) -> None:
    number = "13812340007"
    with ScriptedPhone.citizen(house.settings, number) as caller:
        caller.call(house.settings.asterisk.hotline_number)
        expect(page.get_by_test_id("state-word")).to_contain_text("振铃", timeout=30_000)
        page.keyboard.press("F1")
        caller.wait_answered(30)
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        call_id = house.leader.seat_is(2, "talking")["call_id"]
        page.keyboard.press("F8")
        caller.wait_ended()
    ready(page)
    ticket_id = house.leader.call(call_id)["ticket_id"]
    other = page.context.new_page()
    for path, button, said in (
        (f"/tickets/{ticket_id}", "ticket-dial", "#ticket-saved"),
        (f"/calls/{call_id}", "call-dial", "#call-dialled"),
    ):
        with ScriptedPhone.outside(house.carrier, house.settings, number, auto_answer=True) as citizen:
            other.goto(path)
            other.get_by_test_id(button).click()
            expect(other.locator(said)).to_contain_text("已从您的坐席拨出")
            expect(page.get_by_test_id("outbound-state")).to_contain_text("已接通", timeout=20_000)
            screen(other, f"{button}-dialled")
            other.get_by_test_id(button).click()
            expect(other.locator(said)).to_contain_text("不能外呼")
            citizen.hang_up()
        ready(page)
    other.close()


def test_a_ticket_that_would_be_refused_is_named_and_is_no_link(house: BridgeHouse, page: Page) -> None:
    """On the call's page and in the list, as in all other lists."""
    number = "13812340009"
    with ScriptedPhone.citizen(house.settings, "13812340010") as caller:
        caller.call(house.settings.asterisk.hotline_number)
        expect(page.get_by_test_id("state-word")).to_contain_text("振铃", timeout=30_000)
        page.keyboard.press("F1")
        caller.wait_answered(30)
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        call_id = house.leader.seat_is(2, "talking")["call_id"]
        page.keyboard.press("F8")
        caller.wait_ended()
    ready(page)
    ticket_id = house.leader.call(call_id)["ticket_id"]
    give_up(house, number)
    change(house, "UPDATE callbacks SET ticket_id = ? WHERE number = ?", ticket_id, number)
    of_call = page.context.new_page()
    of_call.goto(f"/calls/{call_id}")
    expect(of_call.get_by_test_id("ticket-link").locator("a")).to_have_attribute(
        "href", f"/tickets/{ticket_id}"
    )
    choose(page, number)
    expect(page.get_by_test_id("callback-ticket").locator("a")).to_have_count(1)
    page.keyboard.press("Escape")

    to = "UPDATE tickets SET operator_id = (SELECT id FROM accounts WHERE login = 'op01') WHERE id = ?"
    change(house, to, ticket_id)
    of_call.reload()
    expect(of_call.get_by_test_id("ticket-link")).to_be_visible()
    expect(of_call.get_by_test_id("ticket-link")).to_contain_text("经办")
    expect(of_call.get_by_test_id("ticket-link").locator("a")).to_have_count(0)
    screen(of_call, "call-ticket-of-another")
    of_call.close()
    choose(page, number)
    expect(page.get_by_test_id("callback-ticket")).to_contain_text("经办")
    expect(page.get_by_test_id("callback-ticket").locator("a")).to_have_count(0)
    screen(page, "callback-ticket-of-another")
    page.keyboard.press("Escape")


def test_the_leader_gives_a_line_to_an_operator(house: BridgeHouse, browser: Browser, page: Page) -> None:
    number = "13812340008"
    give_up(house, number)
    context = browser.new_context(
        base_url=house.hotline.url,
        viewport={"width": 1366, "height": 768},
        permissions=["microphone"],
        locale="zh-CN",
    )
    lead = context.new_page()
    sign_in(lead, house.hotline, "leader")
    lead.wait_for_url("**/calls")
    lead.goto("/supervisor")
    # The key does nothing before the page shows what it would open
    expect(lead.get_by_test_id("callbacks-open")).to_be_visible()
    choose(lead, number)
    expect(lead.get_by_test_id("callback-dial")).to_have_count(0)
    lead.get_by_test_id("callback-assign").select_option(label="2号席 王芳")
    expect(lead.get_by_test_id("callback-line").filter(has_text=number[-4:])).to_contain_text("王芳")
    screen(lead, "supervisor-callbacks")
    page.keyboard.press("Alt+k")
    line = page.get_by_test_id("callback-line").filter(has_text="138 1234 0008")
    expect(line).to_contain_text("王芳")
    line.click()
    page.keyboard.press("5")
    expect(line).to_have_count(0)
    page.keyboard.press("Escape")
    expect(lead.get_by_test_id("callback-line").filter(has_text=number[-4:])).to_contain_text("拨")
    assert (wait_for("the line", lambda: line_of(house, number)))["attempts"][-1]["label"] == "拒接"
    context.close()


def test_a_call_back_whose_answer_was_lost_does_not_swallow_the_next_one(
    house: BridgeHouse, page: Page
) -> None:
    first, second = "13812340011", "13812340012"
    for number in (first, second):
        give_up(house, number)
    with (
        ScriptedPhone.outside(house.carrier, house.settings, first, refuse=486),
        ScriptedPhone.outside(house.carrier, house.settings, second) as other,
    ):
        lose_answer(page, "/api/v1/outbound")
        choose(page, first)
        page.keyboard.press("Enter")
        wait_for(
            "the first one to be called in vain", lambda: (line_of(house, first) or {}).get("tries") == 1
        )
        ready(page)
        choose(page, second)
        page.keyboard.press("Enter")
        other.wait("incoming")
        expect(page.get_by_test_id("outbound-number")).to_have_text("138 1234 0012")
        expect(page.locator("#seat-problem")).to_be_empty()
        page.keyboard.press("F8")
        other.wait_ended()
    ready(page)
    assert [invite.number for invite in house.carrier.invites].count(first) == 1
