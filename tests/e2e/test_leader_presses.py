"""A shift leader who took a talk of two over presses the key himself: real telephones, and his page."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone
from ops.smoke_bridge import CATEGORY, sounds
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.conference_house import OUTSIDE, TONES, Conference, ended, talk_of_two, waiting
from tests.e2e.hotline import Person, wait_for
from tests.e2e.pages import window
from tests.e2e.screen_checks import screen
from tests.e2e.test_seat_in_the_browser import sign_in

LONG_MS = 60_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    # Nobody is offered a call by a wrap-up that ran out: tests say who is ready
    with open_house(tmp_path_factory.mktemp("leader-key"), wrap_up_s=600) as made:
        made.viewer = made.leader
        yield made


def press(house: BridgeHouse, key: str, who: Person | None = None) -> httpx.Response:
    """What the leader's page sends."""
    person = who or house.leader
    where = {"category": CATEGORY, "town_code": house.place.town, "village_id": house.place.village}
    headers = {"X-CSRF-Token": person.csrf, "Idempotency-Key": key}
    body = {"presser": "leader_call", **where}
    return person.http.post("/api/v1/bridges", json=body, headers=headers, timeout=30)


def until_answered(house: BridgeHouse, key: str) -> int:
    """A page that hears nothing, or that the link is gone, asks again with the same key."""

    def once() -> int | None:
        house.hotline.supervisor.tick()
        try:
            answer = press(house, key)
        except httpx.TransportError:
            return None
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])

    return wait_for(f"the press {key} to be answered", once, 60)


def takes_over(house: BridgeHouse, phones: dict[str, Any]) -> Conference:
    """Of the two who talk the seat is let go."""
    room: Conference = phones["room"]
    assert room.order("take_over") == 200
    room.until("taken_over")
    phones["seat"].wait_ended()
    house.operator.seat_is(1, "wrap_up")
    return room


def is_in(house: BridgeHouse, room: Conference, bridge_id: int) -> None:
    """All five talk, each with one channel."""
    room.id = bridge_id
    house.until(bridge_id, 60, caller="joined", leader="joined", **dict.fromkeys(OUTSIDE, "joined"))
    room.all_hear(set(TONES) - {"seat"})
    assert len(room.leader_channels()) == 1


def test_all_hear_each_other_once_and_it_is_his_conference(house: BridgeHouse, tmp_path: Path) -> None:
    with talk_of_two(house, tmp_path, "13800004601") as phones:
        early = press(house, "leader-too-early")
        assert early.status_code == 409, early.text
        room = takes_over(house, phones)
        for who in (house.operator, house.hotline.sign_in("op02")):
            assert press(house, "not-his-call", who).status_code == 403
        with ThreadPoolExecutor(3) as all_at_once:  # a double press, and a key of another press
            keys = ["leader-press", "leader-press", "leader-again"]
            pressed = list(all_at_once.map(lambda key: press(house, key), keys))
        assert [one.status_code for one in pressed] == [200] * 3
        (bridge_id,) = {one.json()["id"] for one in pressed}
        is_in(house, room, bridge_id)
        bridge = house.leader.get(f"/api/v1/bridges/{bridge_id}")
        assert (bridge["presser"], bridge["seat_id"]) == ("leader_call", None)
        wait_for("its ticket", lambda: house.leader.get(f"/api/v1/bridges/{bridge_id}")["ticket_id"])
        assert house.leader.call(bridge["call_id"])["operator_name"] == "冉班长"

        house.leader.post(f"/api/v1/bridges/{bridge_id}/hold")  # the keys are his
        house.until(bridge_id, caller="held")
        house.leader.post(f"/api/v1/bridges/{bridge_id}/join")
        house.until(bridge_id, caller="joined")
        phones["lead"].hang_up()  # he goes, the others go on
        house.until(bridge_id, leader="left", caller="joined")
        room.all_hear({"caller", *OUTSIDE})
        assert not ended(phones["caller"])
        for role in OUTSIDE:
            phones[role].hang_up()
        phones["caller"].wait_ended()
    assert house.problems() == []


def test_a_link_that_is_cut_as_he_presses_leaves_one_conference(house: BridgeHouse, tmp_path: Path) -> None:
    with talk_of_two(house, tmp_path, "13800004602") as phones:
        room = takes_over(house, phones)
        house.link.down = True
        house.link.cut()
        house.keys.append("leader-cut")
        bridge_id = until_answered(house, "leader-cut")
        house.link.down = False
        assert until_answered(house, "leader-cut") == bridge_id
        is_in(house, room, bridge_id)
        assert not ended(phones["caller"])
        house.leader.post(f"/api/v1/bridges/{bridge_id}/end")
        phones["lead"].wait_ended()
        phones["caller"].wait_ended()
        wait_for("no channel of the leader", lambda: not room.leader_channels())
    assert house.problems() == []


@pytest.mark.parametrize("way", ["puts_down", "end", "give_back", "dies"])
def test_he_leaves_in_the_moment_of_his_press(house: BridgeHouse, tmp_path: Path, way: str) -> None:
    number = {
        "puts_down": "13800004603",
        "end": "13800004604",
        "give_back": "13800004605",
        "dies": "13800004606",
    }
    with talk_of_two(house, tmp_path, number[way]) as phones:
        room = takes_over(house, phones)
        (channel,) = room.leader_channels()

        def leaves() -> None:
            if way == "puts_down":
                phones["lead"].hang_up()
            elif way == "dies":
                house.hotline.supervisor.asterisk.rx(f"channel request hangup {channel}")
            else:
                house.leader.post("/api/supervision/end", {"give_back": way == "give_back"})

        with ThreadPoolExecutor(2) as both:
            left, pressed = both.submit(leaves), both.submit(press, house, f"leader-{way}")
            left.result()
            answer = pressed.result()
        assert answer.status_code in (200, 409), answer.text
        room.until("over")
        phones["lead"].wait_ended()
        assert not room.leader_channels()
        if answer.status_code == 200:
            house.keys.append(f"leader-{way}")
        is_kept_or_let_go_by_the_rules(house, phones, way, answer)
    assert house.problems() == []


def is_kept_or_let_go_by_the_rules(
    house: BridgeHouse, phones: dict[str, Any], way: str, answer: httpx.Response
) -> None:
    """With a conference he is in it or, given back, in the queue; without one he is thanked, or queued."""
    made = answer.status_code == 200
    if way == "give_back" or (way == "dies" and not made):
        wait_for("the caller in the queue", lambda: waiting(house) == 1)
        assert not ended(phones["caller"])
    elif made:
        house.until(answer.json()["id"], 60, caller="joined", **dict.fromkeys(OUTSIDE, "joined"))
        phones["room"].all_hear({"caller", *OUTSIDE})
    else:
        phones["caller"].wait_ended()


def test_the_key_on_his_page(browser: Browser, house: BridgeHouse, tmp_path: Path) -> None:
    with (
        window(browser, house.hotline.url, name="leader") as page,
        house.outside(tmp_path) as outside,
        ScriptedPhone.seat(house.settings, 1, auto_answer=True, **sounds(tmp_path, "seat")) as seat,
        ScriptedPhone.citizen(house.settings, "13800004607", **sounds(tmp_path, "caller")) as caller,
    ):
        sign_in(page, house.hotline, "leader")
        page.wait_for_url("**/calls")
        page.goto("/supervisor")
        expect(page.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
        house.on_duty()
        house.talk(caller, seat)
        says_what_it_is_about(house)
        page.keyboard.press("1")
        page.keyboard.press("F1")
        expect(page.get_by_test_id("mine")).to_contain_text("监听中", timeout=LONG_MS)
        page.keyboard.press("F9")  # not his call: there is no such key yet
        expect(page.get_by_test_id("lead-press")).to_have_count(0)
        page.once("dialog", lambda dialog: dialog.accept())
        page.keyboard.press("F4")
        expect(page.get_by_test_id("mine")).to_contain_text("接管通话中", timeout=LONG_MS)
        seat.wait_ended()
        expect(page.get_by_test_id("lead-press")).to_be_visible()
        who = page.get_by_test_id("bridge-who")
        for words in ("网格员", "网信部门", "承办单位"):
            expect(who).to_contain_text(words)
        screen(page, "supervisor-press")
        presses_twice(page, outside)
        page.once("dialog", lambda dialog: dialog.accept())
        page.keyboard.press("Alt+e")
        caller.wait_ended()
        expect(page.get_by_test_id("lead-room")).to_be_hidden(timeout=LONG_MS)
    assert house.problems() == []


def presses_twice(page: Page, outside: dict[str, ScriptedPhone]) -> None:
    """Everybody comes, as a card each; the conference's keys are there, and the key is not any more."""
    page.keyboard.press("F9")
    page.keyboard.press("F9")
    for role in ("caller", "leader", *outside):
        expect(page.get_by_test_id(f"leg-{role}")).to_have_attribute("data-state", "joined", timeout=LONG_MS)
    expect(page.get_by_test_id("lead-press")).to_have_count(0)
    expect(page.get_by_test_id("leg-leader")).to_contain_text("冉班长")
    expect(page.get_by_test_id("room-hold")).to_be_visible()
    screen(page, "supervisor-pressed")


def says_what_it_is_about(house: BridgeHouse) -> None:
    """The operator has matter and place in the ticket already."""
    operator = house.operator
    ticket_id = operator.get(f"/api/calls/{operator.seat(1)['call_id']}")["ticket_id"]
    version = operator.get(f"/api/tickets/{ticket_id}")["version"]
    place = {"town_code": house.place.town, "village_id": house.place.village, "category_code": CATEGORY}
    answer = operator.http.put(
        f"/api/tickets/{ticket_id}",
        json={"version": version, **place},
        headers={"X-CSRF-Token": operator.csrf},
    )
    assert answer.status_code == 200, answer.text
