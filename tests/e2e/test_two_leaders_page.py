"""Two shift leaders at one call, as the page of one of them shows it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline
from tests.e2e.test_supervisor_page import LONG_MS, leader_page, talk

__all__ = ["leader_page"]


def test_the_key_is_grey_while_another_leader_takes_the_call_over(
    leader_page: Page, hotline: Hotline, tmp_path: Path
) -> None:
    """Also while the other's telephone only rings: a press would be refused."""
    page, head = leader_page, hotline.sign_in("head")
    expect(page.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
    number = head.get("/api/supervision/sip?phone=leaddesk")["username"].removeprefix("leaddesk")
    with (
        talk(hotline, tmp_path, "13800005506"),
        ScriptedPhone.lead(hotline.settings, int(number), auto_answer=False) as phone,
    ):
        page.keyboard.press("1")
        key = page.get_by_test_id("take-over")
        expect(key).to_be_enabled()
        head.post("/api/supervision", {"seat": 1, "mode": "take_over"})
        phone.wait("incoming")
        expect(key).to_be_disabled()
        expect(key).to_have_attribute("title", re.compile("正在接管这通电话"))
        expect(page.get_by_test_id("barge")).to_be_enabled()
        head.post("/api/supervision/end", {})
        expect(key).to_be_enabled()
        expect(key).to_have_attribute("title", "")
    head.post("/api/supervision/release")
