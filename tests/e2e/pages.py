"""Windows of the real browser, each with a sign-in of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, Page, Route

from tests.e2e.hotline import PATIENCE_S

_open: list[Page] = []


def shown() -> list[tuple[str, str]]:
    """What every open window shows, for a failure message: (address, its words)."""

    def words(page: Page) -> str:
        try:
            return page.locator("body").inner_text(timeout=5000)
        except Error as error:
            return f"the window does not say: {error.message}"

    return [(page.url, words(page)) for page in _open]


def _note(name: str, words: str) -> None:
    print(f"{name}: {words}")  # noqa: T201  shown when a test fails


@contextmanager
def window(
    browser: Browser, url: str, *, name: str = "browser", width: int = 1366, height: int = 768
) -> Iterator[Page]:
    """A person's browser as the centre has them: in Chinese, in Chongqing's time, with a microphone."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        permissions=["microphone"],
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.on("console", lambda message: _note(name, message.text))
    page.on("response", lambda answer: answer.status >= 400 and _note(name, f"{answer.status} {answer.url}"))
    _open.append(page)
    try:
        yield page
    finally:
        _open.remove(page)
        context.close()


def lose_answer(page: Page, path: str) -> None:
    """The server takes the next order of that path, and its answer never reaches the page."""

    def take_and_drop(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route(f"**{path}", take_and_drop, times=1)
