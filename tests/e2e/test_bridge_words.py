"""Outside parties have words: live at the seat with role and name, on the ticket, on the call's page."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone
from ops.smoke_bridge import CATEGORY
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hotline import wait_for
from tests.e2e.pages import window
from tests.e2e.test_bridge_in_the_browser import seat_page, take_down
from tests.e2e.test_seat_in_the_browser import begin_duty, shoot, sign_in

__all__ = ["seat_page"]

SAID = "오늘 아침부터 수돗물이 나오지 않습니다."
OUTSIDE = "[data-testid=line][data-speaker=outside]"


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a unit on duty says, in the language of the model that stands in."""
    folder = tmp_path_factory.mktemp("speech")
    raw, file = folder / "raw.wav", folder / "said.wav"
    subprocess.run(["espeak-ng", "-v", "ko", "-s", "150", "-w", raw, SAID], check=True)
    subprocess.run(["sox", raw, "-r", "16000", "-b", "16", file, "pad", "0.3", "2", "norm", "-6"], check=True)
    return file


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("bridge-words"), transcribed=True) as made:
        wait_for("the model", lambda: made.operator.get("/api/board")["engine"]["available"], 90)
        yield made


@pytest.fixture
def leader_page(browser: Browser, house: BridgeHouse) -> Iterator[Page]:
    with window(browser, house.hotline.url, name="leader") as opened:
        sign_in(opened, house.hotline, "leader")
        opened.wait_for_url("**/calls")
        yield opened


@pytest.mark.timeout(420)
def test_what_the_unit_on_duty_says_is_read_at_the_seat_and_heard_on_the_call(
    house: BridgeHouse, seat_page: Page, speech: Path, leader_page: Page
) -> None:
    page = seat_page
    begin_duty(page, house.hotline, "op02", 2)
    talks = only_the_unit(speech)
    with (
        house.outside(**talks) as outside,
        ScriptedPhone.citizen(house.settings, "13812340000") as caller,
    ):
        take_down(page, house, caller)
        page.keyboard.press("F9")
        expect(page.get_by_test_id("leg-handling_unit")).to_contain_text("已接通")
        expect(page.locator(OUTSIDE).filter(has_text="承办单位").first).to_be_visible(timeout=60_000)
        shoot(page, "bridge-words-live")
        outside["handling_unit"].hang_up()
        expect(page.get_by_test_id("leg-handling_unit")).to_contain_text("已离开")
        caller.hang_up()
        caller.wait_ended()
    leader = house.leader
    call = leader.get("/api/calls")["calls"][0]
    finals = wait_for("the second pass", lambda: finals_of(house, call["id"]), 200)
    assert all(line["leg_id"] and line["attempt_id"] for line in finals)
    read_on_pages(leader_page, house, call["id"])


def only_the_unit(speech: Path) -> dict[str, dict[str, object]]:
    """The others are busy: what is to be heard is one voice, on a machine that has more to do."""
    busy: dict[str, object] = {"refuse": 486}
    unit: dict[str, object] = {"play": str(speech), "loop": True}
    return {"handling_unit": unit, "grid_worker": busy, "internet_office": busy}


def finals_of(house: BridgeHouse, call_id: str) -> list[dict[str, object]]:
    found = house.leader.get(f"/api/calls/{call_id}/transcript")["lines"]
    unit = [line for line in found if line["speaker_label"].startswith("承办单位")]
    return [line for line in unit if line["source"] == "final" and line["speaker"] == "outside"]


def read_on_pages(page: Page, house: BridgeHouse, call_id: str) -> None:
    """The call's page plays the party's own sound; the ticket tells what happened, with the same sound."""
    page.goto(f"/calls/{call_id}")
    page.locator(OUTSIDE).filter(has_text="承办单位").first.click()
    player = page.get_by_test_id("player")
    wait_for("the party's sound", lambda: player.evaluate("player => player.currentTime > 0.5"))
    assert "/attempts/" in player.evaluate("player => player.currentSrc")
    expect(page.get_by_test_id("tracks").locator("[aria-pressed=true]")).to_contain_text("承办单位")
    shoot(page, "call-party")
    ticket = house.leader.get(f"/api/calls/{call_id}")["ticket_id"]
    page.goto(f"/tickets/{ticket}")
    told = page.get_by_test_id("bridges")
    for words in ("发起一键三方", "呼叫 承办单位", "进入通话", "已离开", "通话结束"):
        expect(told).to_contain_text(words)
    expect(told.locator("audio").first).to_be_visible()
    told.scroll_into_view_if_needed()
    shoot(page, "ticket-bridge")


@pytest.mark.timeout(300)
def test_a_conference_from_a_ticket_has_words_without_any_call(
    house: BridgeHouse, leader_page: Page, speech: Path
) -> None:
    page = leader_page
    talks = only_the_unit(speech)
    del talks["internet_office"]  # one alone would be let go at once
    where = {"category": CATEGORY, "town_code": house.place.town, "village_id": house.place.village}
    with house.outside(**talks):
        answer = house.leader.http.post(
            "/api/v1/bridges",
            json={"presser": "ticket", **where},
            headers={"X-CSRF-Token": house.leader.csrf, "Idempotency-Key": "words-of-a-ticket"},
        )
        assert answer.status_code == 200, answer.text
        pressed = answer.json()
        path = f"/api/v1/bridges/{pressed['id']}"
        ticket_id = wait_for("its ticket", lambda: house.leader.get(path)["ticket_id"])
        page.goto(f"/tickets/{ticket_id}")
        lines = page.get_by_test_id(f"bridge-{pressed['id']}").get_by_test_id("bridge-words")
        expect(lines).to_contain_text("承办单位", timeout=90_000)
        shoot(page, "ticket-bridge-live")
        house.leader.post(f"{path}/end")
    found = house.leader.get(f"{path}/transcript")["lines"]
    assert {line["speaker"] for line in found} == {"outside"}
