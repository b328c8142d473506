"""What an exploration says: a line a minute while it runs, where nobody watches, and a table at its end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import is_hypothesis_test

from tests.exploring.counting import TimeIsUp, counted, counting
from tests.exploring.ledger import note_reached

EVERY_S = 60.0
TRIED, KEY = pytest.StashKey[tuple[int, float, bool]](), "explored"


class Explorer:
    """A plugin of pytest, in the workers and where they are watched from. `seconds` is the limit of each property; what
    was reached goes into `ledger`, if there is one."""

    def __init__(self, config: pytest.Config, seconds: float, ledger: Path | None = None) -> None:
        self._config, self._seconds, self._ledger = config, seconds, ledger
        self._all = self._done = self._failed = 0
        self._since: dict[str, float] = {}
        self._rows: list[Row] = []
        self._began, self._over = time.monotonic(), threading.Event()
        self._out = os.fdopen(os.dup(1), "w")  # while a test runs, what is printed is kept for its report

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Counts, and takes the end of the time for what it is: all that was tried has held."""
        test: Any = getattr(item, "obj", None)
        handle = test.hypothesis if is_hypothesis_test(test) else None
        inner, began, in_time = getattr(handle, "inner_test", None), time.process_time(), True
        with counting(self._seconds) as tried:
            if handle and inner:
                handle.inner_test = counted(inner)
            try:
                yield
            except TimeIsUp:
                in_time = False
            finally:
                if handle:
                    handle.inner_test = inner
                item.stash[TRIED] = (tried.held, time.process_time() - began, in_time)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.when == "call" and TRIED in item.stash:
            report.user_properties.append((KEY, item.stash[TRIED]))
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self._all = len(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._all = self._all or len(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        if self._tells():
            threading.Thread(target=self._every_minute, daemon=True).start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._since[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._since.pop(nodeid, None)
        self._done += 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed += report.failed
        found: Any = dict(report.user_properties).get(KEY) if report.when == "call" else None
        if found:
            held, seconds, in_time = found
            outcome = report.outcome if in_time or report.failed else "time was up"
            self._rows.append((report.nodeid, held, seconds, outcome))
            if self._tells():
                self._say(line_of(self._rows[-1]))

    def pytest_unconfigure(self) -> None:
        self._over.set()
        self._out.close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("explored")
        for line in table(self._rows):
            terminalreporter.line(line)
        if self._ledger is not None:
            rows = [(name, held, outcome == "failed") for name, held, _, outcome in self._rows]
            note_reached(rows, self._ledger, self._config.rootpath)

    def _tells(self) -> bool:
        """Whether nobody watches, here where all of it comes together."""
        return not self._out.isatty() and not hasattr(self._config, "workerinput")

    def _say(self, line: str) -> None:
        print("", line, sep="\n", file=self._out, flush=True)  # below pytest's dots

    def _every_minute(self) -> None:
        while not self._over.wait(EVERY_S):
            now = time.monotonic()
            running = [f"{short(name)} ({(now - at) / 60:.0f} min)" for name, at in [*self._since.items()]]
            minutes = (now - self._began) / 60
            so_far = f"{minutes:.0f} min: {self._done} of {self._all} properties, {self._failed} failed"
            self._say("; ".join([so_far, *running]))


Row = tuple[str, int, float, str]
"""A property, how many examples of it held, seconds of processor, what came of it."""


def short(nodeid: str) -> str:
    return nodeid.removeprefix("tests/")


def line_of(row: Row) -> str:
    name, held, seconds, outcome = row
    return f"{held:>9,}  {seconds:>7.1f}  {outcome:<11}  {short(name)}"


def table(rows: list[Row]) -> list[str]:
    """Those that failed first, then those that were tried least."""
    ordered = sorted(rows, key=lambda row: (row[3] != "failed", row[1], row[0]))
    total = f"{sum(row[1] for row in rows):>9,}  {sum(row[2] for row in rows):>7.1f}  {len(rows)} properties"
    return [f"{'examples':>9}  {'seconds':>7}  {'outcome':<11}  property", *map(line_of, ordered), total]
