"""What every screen must keep: it fits at both sizes, and all that can be pressed has a name."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline, Person, wait_for

SHOTS: Final = Path(__file__).resolve().parents[2] / "var" / "screenshots"
SIZES: Final = ((1366, 768), (1920, 1080))
PRESSED: Final = frozenset(
    {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "slider", "spinbutton"}
)
# Where the keyboard is, and whether one can see it
FOCUS: Final = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  const style = getComputedStyle(here);
  return {
    name: here.dataset.testid || here.id || here.name || here.textContent.trim(),
    seen: parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none"
      && style.outlineColor !== "rgba(0, 0, 0, 0)",
  };
}"""


def screen(page: Page, name: str, *, fills: bool = False) -> None:
    """Check this state at both sizes and keep its pictures; `fills`: no vertical scrolling either."""
    before = page.viewport_size
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}-{width}.png")
        size = page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        assert size[0] <= width, f"{name} scrolls sideways at {width}: {size[0]}"
        assert not fills or size[1] <= height, f"{name} scrolls at {height}: {size[1]}"
        assert not spilt(page), f"{name} at {width}: text does not fit {spilt(page)}"
    if before:
        page.set_viewport_size(before)
    assert not nameless(page), f"{name}: without an accessible name: {nameless(page)}"


def spilt(page: Page) -> list[str]:
    """Buttons and words of the top line whose text is wider than they are."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, .topline > *")]
          .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && one.clientWidth)
          .map((one) => one.id || one.textContent.trim())"""
    )
    return found


def nameless(page: Page) -> list[dict[str, Any]]:
    """What the accessibility tree says can be pressed or filled in, but not what it is."""
    session: Any = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        node
        for node in nodes
        if not node["ignored"]
        and node["role"]["value"] in PRESSED
        and not str(node.get("name", {}).get("value", "")).strip()
    ]


def tab_through(page: Page, start: str, limit: int = 60) -> list[str]:
    """Names in the order in which Tab reaches them from `start` on; each must be seen to have the focus."""
    page.get_by_test_id(start).focus()
    names = [start]
    for _ in range(limit):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None or focus["name"] in names[:1]:
            break
        assert focus["seen"], f"no visible focus on {focus['name']}"
        names.append(focus["name"])
    return names


def in_order(names: list[str], wanted: list[str]) -> bool:
    """Whether all of `wanted` occur, in that order."""
    return [name for name in names if name in wanted] == wanted


@contextmanager
def stopped(pids: list[int]) -> Generator[None]:
    """Processes that keep their connections and answer nobody."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def a_ticket(hotline: Hotline) -> int:
    """A draft of a short call, answered on a desk phone."""
    operator = hotline.sign_in("op03")
    with (
        ScriptedPhone.seat(hotline.settings, 2) as seat,
        ScriptedPhone.citizen(hotline.settings, "13700001111") as caller,
    ):
        operator.post("/api/seats/2/take", {"phone": "desk"})
        operator.post("/api/seats/2/start")
        caller.call("56564444")
        seat.wait("incoming")
        seat.answer()
        operator.seat_is(2, "talking")
        call_id = operator.seat(2)["call_id"]
        ticket_id = wait_for("the draft", lambda: operator.call(call_id)["ticket_id"])
        caller.hang_up()
        operator.seat_is(2, "wrap_up")
        operator.post("/api/seats/2/sign-off")
    return int(ticket_id)


def answered_after_it_was_sent_on(page: Page, leader: Person, ticket_id: int) -> None:
    """待派单: the answer alone may be written, and it goes with the key."""
    page.goto(f"/tickets/{ticket_id}")
    form = page.get_by_test_id("ticket-form")
    seen = leader.get(f"/api/tickets/{ticket_id}")
    sent = {"version": seen["version"], "to": "to_dispatch", "kind": "求助", "anonymous": True}
    leader.post(f"/api/tickets/{ticket_id}/submit", {**sent, "category_code": "0101"})
    expect(page.locator("#ticket-status")).to_have_text("待派单")
    expect(form.locator("textarea[name=content]")).to_be_disabled()
    expect(page.get_by_test_id("ticket-submit")).to_be_disabled()
    expect(page.get_by_test_id("ticket-void")).to_be_disabled()
    form.locator("textarea[name=answer]").fill("电话里已答复，群众满意")
    expect(page.locator("#ticket-saved")).to_have_text("未保存")
    screen(page, "ticket-to-answer")
    page.keyboard.press("Alt+b")
    expect(page.locator("#ticket-status")).to_have_text("直办办结")
    expect(page.locator("#ticket-saved")).to_be_empty()
    expect(form.locator("textarea[name=answer]")).to_be_disabled()
    assert leader.get(f"/api/tickets/{ticket_id}")["answer"] == "电话里已答复，群众满意"
    screen(page, "ticket-answered-later")


def only_one_page(page: Page) -> None:
    """A second page of the same person asks first; then the first one stands back."""
    second = page.context.new_page()
    second.goto("/seat")
    expect(second.get_by_test_id("elsewhere")).to_be_visible()
    screen(second, "seat-elsewhere", fills=True)
    second.get_by_test_id("elsewhere-here").click()
    expect(second.get_by_test_id("phone-state")).to_contain_text("话机就绪")
    expect(page.get_by_test_id("elsewhere")).to_be_visible()
    page.get_by_test_id("elsewhere-here").click()
    expect(second.get_by_test_id("elsewhere")).to_be_visible()
    expect(page.get_by_test_id("phone-state")).to_contain_text("话机就绪")
    second.close()
