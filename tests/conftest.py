"""How the suite is spread over its workers, and what it says while it runs.

Long files first, and the files that share a hotline in two queues of their own: if every worker could take
any of them, every worker would start a hotline. `seconds.json` tells how long each file takes;
`--keep-seconds` writes it anew.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# A busy machine is slow now and then: that is no finding about our code
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
SECONDS = Path(__file__).with_name("seconds.json")
SHARED_HOTLINES = 2
SHARED = "hotline: Hotline"
"""How a test says that the hotline of the whole folder serves it."""
UNKNOWN_S = {"e2e": 40.0, "integration": 5.0}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--by-module", action="store_true", help="say when each file of tests is done")
    parser.addoption("--keep-seconds", action="store_true", help="write how long each file took")


def pytest_configure(config: pytest.Config) -> None:
    here = not hasattr(config, "workerinput")
    if here and (config.getoption("by_module") or config.getoption("keep_seconds")):
        config.pluginmanager.register(Progress(config), "progress")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        turns = {file: turn for turn, file in enumerate(lanes_of(file_of(item.nodeid) for item in items))}
        items.sort(key=lambda item: turns[file_of(item.nodeid)])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    return Lanes(config, log) if config.getoption("by_module") else None


class Lanes(LoadScopeScheduling):
    """A worker takes a lane, a file or several, from its first test to its last."""

    def _split_scope(self, nodeid: str) -> str:
        assert self.collection is not None
        if not hasattr(self, "_lanes"):
            self._lanes = lanes_of(file_of(each) for each in self.collection)
        return self._lanes[file_of(nodeid)]


def lanes_of(files: Iterable[str]) -> dict[str, str]:
    """The lane of each file, long lanes first; the same for every worker and for who hands out the work."""
    expected = json.loads(SECONDS.read_text()) if SECONDS.exists() else {}
    takes = {file: expected.get(file, UNKNOWN_S.get(file.split("/")[1], 1.0)) for file in files}
    queues = dict.fromkeys((f"hotline-{number}" for number in range(SHARED_HOTLINES)), 0.0)
    lanes: dict[str, list[str]] = defaultdict(list)
    for file in sorted(takes, key=lambda file: (-takes[file], file)):
        lane = file
        if SHARED in Path(file).read_text(encoding="utf-8"):
            lane = min(queues, key=queues.__getitem__)
            queues[lane] += takes[file]
        lanes[lane].append(file)
    long_first = sorted(lanes, key=lambda lane: -sum(takes[file] for file in lanes[lane]))
    return {file: lane for lane in long_first for file in lanes[lane]}


def file_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.split("::")[0]


class Progress:
    """A line for every file that is done, and for every test that fails, as soon as it is known."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._left: Counter[str] = Counter()
        self._took: Counter[str] = Counter()
        self._ran: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._files = self._tests = self._done = 0
        self._began = time.monotonic()

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Every worker collects the same tests."""
        self._expect(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._expect([item.nodeid for item in session.items])

    def _expect(self, ids: list[str]) -> None:
        if ids:
            self._left = Counter(map(file_of, ids))
            self._files, self._tests = len(self._left), len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No dots: the lines below tell more."""
        if not self._config.getoption("by_module") or hasattr(report, "wasxfail"):
            return None
        if report.failed:
            return ("failed" if report.when == "call" else "error", "", "")
        return (report.outcome if report.when == "call" or report.skipped else "", "", "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = file_of(report.nodeid)
        self._took[file] += report.duration  # type: ignore[assignment]
        if report.failed:
            self._failed[file] += 1
            self._say(f"FAILED {report.nodeid} ({report.when})")
        if report.when != "teardown":
            return
        self._left[file] -= 1
        self._ran[file] += 1
        self._done += 1
        if not self._left[file]:
            del self._left[file]
            word = f"{self._failed[file]} FAILED of" if self._failed[file] else "ok"
            self._say(f"{file}  {word} {self._ran[file]}, {self._took[file]:.0f} s")

    def _say(self, line: str) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None or not self._config.getoption("by_module"):
            return
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        files = f"{self._files - len(self._left)}/{self._files} files"
        terminal.write_line(f"{minutes:02}:{seconds:02}  {files}, {self._done}/{self._tests} tests  {line}")

    def pytest_sessionfinish(self) -> None:
        if self._config.getoption("keep_seconds"):
            known = json.loads(SECONDS.read_text()) if SECONDS.exists() else {}
            known |= {file: round(took, 1) for file, took in self._took.items()}
            SECONDS.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")
