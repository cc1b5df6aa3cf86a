"""One hotline and one Chromium for the whole folder."""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.hotline import PATIENCE_S, Hotline
from tests.e2e.pages import shown, window

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)


# Playwright gives a page five seconds: too few for a machine that runs three hotlines
expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows channels, windows and logs: where it ran, nobody can look any more."""
    report = yield
    if report.failed:
        report.sections.extend(
            (f"channels of {house.settings.state_dir}", house.channels()) for house in Hotline.running
        )
        report.sections.extend((f"window {address}", words) for address, words in shown())
        report.sections.extend(
            (f"logs of {house.settings.state_dir}", house.logs()) for house in Hotline.running
        )
    return report


_running: list[Hotline] = []


@pytest.fixture(scope="session")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    house = Hotline(tmp_path_factory.mktemp("hotline"))
    # The same few numbers call all day long here
    house.decide(flood_calls=100_000)
    try:
        house.start()
        _running.append(house)
        yield house
    finally:
        _running.clear()
        house.stop()


@pytest.fixture(scope="module", autouse=True)
def _desks_left_empty() -> Iterator[None]:
    """Files share the hotline in whatever order a worker takes them: each leaves lines and desks empty."""
    yield
    for house in _running:
        house.empty_lines()
        house.empty_desks()


@pytest.fixture(scope="session")
def seat_voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the operator's microphone hears: a steady 660 Hz tone."""
    file = tmp_path_factory.mktemp("voice") / "seat.wav"
    subprocess.run(
        ["sox", "-n", "-r", "48000", "-c", "1", file, "synth", "30", "sine", "660", "vol", "0.4"], check=True
    )
    return file


@pytest.fixture(scope="session")
def browser(seat_voice: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[*CHROMIUM_FLAGS, f"--use-file-for-fake-audio-capture={seat_voice}"],
        )
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, hotline: Hotline) -> Iterator[Page]:
    with window(browser, hotline.url) as opened:
        yield opened
