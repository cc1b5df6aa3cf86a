"""拨测 with real telephones: who presses 1 confirms, a machine does not; the page says what came of it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hotline import Person
from tests.e2e.test_bridge_in_the_browser import seat_page
from tests.e2e.test_directory_pages import enter, shoot, tab

__all__ = ["seat_page"]

NUMBERS = "/api/v1/directory/numbers"
RING_S = 6


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("prober"), bridge_ring_s=RING_S) as made:
        made.head = made.hotline.sign_in("head")  # type: ignore[attr-defined]
        yield made


def change(house: BridgeHouse, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(house.settings.state_dir / "minsheng.db", timeout=10)) as rows, rows:
        return rows.execute(statement, values).fetchall()


def a_number(house: BridgeHouse) -> tuple[int, str]:
    """A number of the directory that nobody has tried."""
    query = (
        "SELECT n.id, n.number FROM phone_numbers n LEFT JOIN units u ON u.id = n.unit_id "
        "WHERE n.tested_at IS NULL AND coalesce(u.kind, '') != '紧急服务' "
        "AND n.number NOT IN (SELECT number FROM phone_numbers WHERE tested_at IS NOT NULL) LIMIT 1"
    )
    return change(house, query)[0]


@pytest.mark.parametrize(
    ("phone", "outcome"),
    [
        ({"auto_answer": True, "keys": "1"}, "已确认"),
        ({"auto_answer": True}, "接听未确认"),
        ({"auto_answer": True, "keys": "5"}, "接听未确认"),
        ({"refuse": 486}, "忙"),
        ({}, "无人接听"),
        (None, "无法接通"),
    ],
)
def test_what_came_of_it(house: BridgeHouse, phone: dict[str, Any] | None, outcome: str) -> None:
    head: Person = house.head  # type: ignore[attr-defined]
    number_id, digits = a_number(house)
    house.carrier.invites.clear()
    if phone is None:
        found = head.http.post(f"{NUMBERS}/{number_id}/test", headers={"X-CSRF-Token": head.csrf}, timeout=90)
    else:
        with ScriptedPhone.outside(house.carrier, house.settings, digits, **phone):
            found = head.http.post(
                f"{NUMBERS}/{number_id}/test", headers={"X-CSRF-Token": head.csrf}, timeout=90
            )
    assert found.status_code == 200, found.text
    assert found.json()["outcome"] == outcome
    assert bool(found.json()["verified_at"]) == (outcome == "已确认")
    assert [invite.number for invite in house.carrier.invites] == [digits]


def test_what_may_not_be_dialled_is_not_rung(house: BridgeHouse) -> None:
    head: Person = house.head  # type: ignore[attr-defined]
    number_id, _ = a_number(house)
    house.carrier.invites.clear()
    allowed = change(house, "SELECT value FROM policies WHERE key = 'bridge_allowed'")[0][0]
    for key, value, code in (
        ("bridge_allowed", "110", "number-not-allowed"),
        ("probe_day", "0", "too-many-probes"),
    ):
        change(house, "UPDATE policies SET value = ? WHERE key = ?", value, key)
        answer = head.http.post(f"{NUMBERS}/{number_id}/test", headers={"X-CSRF-Token": head.csrf})
        assert (answer.json()["error"]["code"], house.carrier.invites) == (code, [])
        change(house, "UPDATE policies SET value = ? WHERE key = 'bridge_allowed'", allowed)
    change(house, "UPDATE policies SET value = '100' WHERE key = 'probe_day'")


def test_the_button_of_the_directory_rings_and_the_page_says_so(house: BridgeHouse, seat_page: Page) -> None:
    page = seat_page
    enter(page, house.hotline, "head", "/directory")
    tab(page, "contacts")
    page.get_by_test_id("row-contacts").get_by_test_id("number").first.click()
    page.locator("#reveal-form [name=reason]").fill("拨测前核对")
    page.locator("#reveal-form button").click()
    expect(page.get_by_test_id("number-full")).to_have_text(re.compile(r"^[0-9 ]{8,}$"))
    digits = (page.get_by_test_id("number-full").text_content() or "").replace(" ", "")
    with ScriptedPhone.outside(house.carrier, house.settings, digits, auto_answer=True, keys="1"):
        page.get_by_test_id("number-ring").click()
        expect(page.get_by_test_id("number-ring")).to_contain_text("正在拨测")
        expect(page.locator("#number-facts")).to_contain_text("已确认", timeout=90_000)
        expect(page.locator("#number-facts")).to_contain_text("核实")
    shoot(page, "directory-probed")
