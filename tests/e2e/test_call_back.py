"""Calling out in a browser: a caller in vain is called back by keyboard alone; why a call failed is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ops.phone import ScriptedPhone, recorded_s, tone, tone_power
from tests.e2e.bridge_house import BridgeHouse
from tests.e2e.call_back_house import choose, give_up, house, line_of, page, ready
from tests.e2e.hotline import wait_for
from tests.e2e.test_seat_in_the_browser import shoot

__all__ = ["house", "page"]


def test_a_caller_in_vain_is_called_back_and_both_hear_each_other(
    house: BridgeHouse, page: Page, tmp_path: Path
) -> None:
    number = "13812340001"
    line = give_up(house, number)
    expect(page.get_by_test_id("callbacks-open")).to_contain_text("回拨 1")
    heard = tmp_path / "citizen.wav"
    said = tone(tmp_path / "said.wav", hz=440, seconds=60)
    phone = ScriptedPhone.outside(house.carrier, house.settings, number, play=str(said), record=str(heard))
    with phone as citizen:
        choose(page, number)
        expect(page.get_by_test_id("callback-line").first).to_contain_text("138****0001")
        shoot(page, "callback-list")
        page.keyboard.press("Enter")
        citizen.wait("incoming")
        expect(page.get_by_test_id("outbound-state")).to_contain_text("振铃")
        expect(page.get_by_test_id("outbound-number")).to_have_text("138 1234 0001")
        house.leader.seat_is(2, "talking")
        shoot(page, "outbound-ringing")
        assert [invite.number for invite in house.carrier.invites].count(number) == 1
        citizen.answer()
        expect(page.get_by_test_id("outbound-state")).to_contain_text("已接通")
        wait_for("the operator's tone at the citizen", lambda: tone_power(heard, 660) > 0.3)
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        page.get_by_test_id("ticket-form").locator("textarea[name=content]").fill("回拨：下水管堵塞")
        page.keyboard.press("Alt+s")
        expect(page.locator("#said")).to_be_visible()
        shoot(page, "outbound-talking")
        page.keyboard.press("F8")
        citizen.wait_ended()
    ready(page)
    done = wait_for("the result", lambda: line_of(house, number, closed=True))
    assert (done["state"], done["call_id"]) == ("done", line["call_id"])
    confirmed(house, page, number, done)
    sound = wait_for("both sides' sound", lambda: recorded(house, done))
    assert all(seconds > 1 for seconds in sound)


def test_a_page_loaded_again_keeps_the_citizen_and_both_hear_each_other_again(
    house: BridgeHouse, page: Page, tmp_path: Path
) -> None:
    number = "13812340006"
    give_up(house, number)
    heard = tmp_path / "citizen.wav"
    said = tone(tmp_path / "said.wav", hz=440, seconds=60)
    phone = ScriptedPhone.outside(house.carrier, house.settings, number, play=str(said), record=str(heard))
    with phone as citizen, accepting(page):
        choose(page, number)
        page.keyboard.press("Enter")
        citizen.wait("incoming")
        citizen.answer()
        expect(page.get_by_test_id("outbound-state")).to_contain_text("已接通")
        page.reload()
        wait_for("the seat to be rung again", lambda: seat_leg(house)["attempt"] == 2, 30)
        wait_for("the seat to be back", lambda: seat_leg(house)["state"] == "joined", 30)
        back_at = recorded_s(heard)
        expect(page.get_by_test_id("outbound-state")).to_contain_text("已接通")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        wait_for("the operator's tone again", lambda: tone_power(heard, 660, from_s=back_at) > 0.3)
        shoot(page, "outbound-loaded-again")
        assert not [event for event in citizen.events if event.get("state") == "DISCONNECTED"]
        assert [invite.number for invite in house.carrier.invites].count(number) == 1
        page.keyboard.press("F8")
        citizen.wait_ended()
    ready(page)
    done = wait_for("the result", lambda: line_of(house, number, closed=True))
    assert done["label"] == "已摘机，未确认"


def seat_leg(house: BridgeHouse) -> dict[str, Any]:
    """Of the newest room, by its rows."""
    room = house.leader.get("/api/v1/bridges")["bridges"][0]
    return next(leg for leg in room["legs"] if leg["role"] == "seat")


@contextmanager
def accepting(page: Page) -> Iterator[None]:
    """A page with unsaved words asks before it is loaded again."""

    def accept(dialog: Any) -> None:
        dialog.accept()

    page.on("dialog", accept)
    try:
        yield
    finally:
        page.remove_listener("dialog", accept)


def confirmed(house: BridgeHouse, page: Page, number: str, done: dict[str, Any]) -> None:
    """That a person was spoken to is what the operator says, with a digit key."""
    assert (done["label"], done["result_label"]) == ("已摘机，未确认", "已摘机，未确认"), (
        "it may be a voicemail box"
    )
    assert "called_back" not in reasons(house, done)
    choose(page, number)
    shoot(page, "callback-unconfirmed")
    page.keyboard.press("1")
    wait_for("a person said so", lambda: line_of(house, number, closed=True)["result_label"] == "接通")
    page.keyboard.press("Escape")
    ticket = house.leader.get(f"/api/tickets/{done['ticket_id']}")
    assert (ticket["call_id"], ticket["content"]) == (done["call_id"], "回拨：下水管堵塞")
    assert {"picked_up", "called_back"} <= set(reasons(house, done))


def reasons(house: BridgeHouse, line: dict[str, Any]) -> list[str]:
    ticket = house.leader.get(f"/api/tickets/{line['ticket_id']}")
    return [event["reason"] for event in ticket["events"]]


def recorded(house: BridgeHouse, line: dict[str, Any]) -> list[float] | None:
    (bridge,) = house.leader.get(f"/api/v1/bridges?call_id={line['call_id']}")["bridges"]
    seconds = [leg["attempts"][-1]["recorded_s"] for leg in bridge["legs"]]
    return seconds if all(seconds) else None


@pytest.mark.parametrize(
    ("number", "code", "words", "label"),
    [("13812340002", 486, "对方忙", "忙"), ("13812340003", 603, "对方拒接", "拒接")],
)
def test_why_nothing_came_of_it_is_said_and_written_down(
    house: BridgeHouse, page: Page, number: str, code: int, words: str, label: str
) -> None:
    give_up(house, number)
    with ScriptedPhone.outside(house.carrier, house.settings, number, refuse=code):
        choose(page, number)
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("outbound-state")).to_have_text(words)
    expect(page.get_by_test_id("outbound-again")).to_be_visible()
    line = wait_for("the attempt", lambda: tried(house, number))
    assert (line["state"], line["tries"], line["attempts"][-1]["label"]) == ("waiting", 1, label)
    shoot(page, f"outbound-{code}")
    ready(page)


def tried(house: BridgeHouse, number: str) -> dict[str, Any] | None:
    line = line_of(house, number)
    return line if line and line["attempts"] and line["attempts"][-1]["outcome"] else None


def test_no_such_number_once_more_and_then_somebody_is_there(house: BridgeHouse, page: Page) -> None:
    number = "13812340004"
    give_up(house, number)
    choose(page, number)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("outbound-state")).to_have_text("空号或关机")
    wait_for("the attempt", lambda: tried(house, number))
    with ScriptedPhone.outside(house.carrier, house.settings, number, auto_answer=True) as citizen:
        page.get_by_test_id("outbound-again").click()
        expect(page.get_by_test_id("outbound-state")).to_contain_text("已接通")
        citizen.hang_up()
        expect(page.get_by_test_id("outbound-state")).to_contain_text("已结束")
    ready(page)
    done = wait_for("the result", lambda: line_of(house, number, closed=True))
    assert [one["label"] for one in done["attempts"]] == ["空号或关机", "已摘机，未确认"]


def test_a_call_outside_that_ended_unheard_of_does_not_bar_the_next(house: BridgeHouse, page: Page) -> None:
    number = "13812340019"
    give_up(house, number)
    # No fact reaches the page: what it shows comes from its looks alone
    page.route("**/api/stream", lambda route: route.abort())
    page.reload()
    expect(page.get_by_test_id("phone-state")).to_contain_text("话机就绪")
    with ScriptedPhone.outside(house.carrier, house.settings, number, auto_answer=True) as citizen:
        choose(page, number)
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("outbound-state")).to_contain_text("已接通")
        citizen.hang_up()
    expect(page.get_by_test_id("outbound-state")).to_contain_text("已结束")
    expect(page.get_by_test_id("outbound-again")).to_be_enabled()
    page.unroute("**/api/stream")
    ready(page)


def test_a_typed_number_is_dialled_only_when_it_may_be(house: BridgeHouse, page: Page) -> None:
    questions: list[str] = []

    def accept(dialog: Any) -> None:
        questions.append(dialog.message)
        dialog.accept()

    page.on("dialog", accept)
    before = len(house.carrier.invites)
    page.keyboard.press("Alt+d")
    page.get_by_test_id("dial-number").fill("0086123456")
    shoot(page, "dial")
    page.keyboard.press("Enter")
    expect(page.locator("#seat-problem")).to_contain_text("不在允许外呼的范围内")
    assert len(house.carrier.invites) == before
    number = "13812340005"
    with ScriptedPhone.outside(house.carrier, house.settings, number, auto_answer=True) as citizen:
        page.keyboard.press("Alt+d")
        page.get_by_test_id("dial-number").fill("138 1234 0005")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("outbound-state")).to_contain_text("已接通")
        citizen.hang_up()
    assert "138 1234 0005" in questions[-1]
    ready(page)
    with ScriptedPhone.outside(house.carrier, house.settings, number) as citizen:
        page.keyboard.press("Alt+d")
        page.get_by_test_id("dial-recent").get_by_role("button").first.click()
        expect(page.get_by_test_id("outbound-state")).to_contain_text("振铃")
        citizen.wait("incoming")
        page.keyboard.press("F8")
        citizen.wait_ended()
        expect(page.get_by_test_id("outbound-state")).to_have_text("已取消")
    ready(page)
    page.remove_listener("dialog", accept)
