"""Windows of the real browser, each with a sign-in of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from tests.e2e.hotline import PATIENCE_S


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
    page.on("console", lambda message: print(f"{name}: {message.text}"))  # noqa: T201  shown when a test fails
    try:
        yield page
    finally:
        context.close()
