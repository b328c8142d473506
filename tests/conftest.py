"""Fixtures that several rooms share."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Mosquitto
from tests.clocks import HeldClock, hold_rate_limits
from tests.examples import EXPLORED, LEFT, SECONDS
from tests.exploring.ledger import LEDGER, is_reached, read_reached
from tests.exploring.report import Explorer
from tests.warm.sql import share_compiled

share_compiled()

# Compiled files are kept, whatever the shell says: else each worker rewrites every test file anew, and each of the
# processes that tests start compiles all rooms (measured: 8 s of CPU a worker, 0.4 s a process).
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

gc.disable()  # until all is collected: what is imported stays, and the search for garbage in it took 2 of 10 s


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running Mosquitto on a free port, open to all; skipped where it is not installed, unless this is CI."""
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def rate_clock(monkeypatch: pytest.MonkeyPatch) -> HeldClock:
    """Rate limits, held: however long a test takes, its attempts fall into one minute."""
    return hold_rate_limits(monkeypatch)


LONG = (
    "tests/reliability/test_kill.py",
    "tests/accuracy/test_referees.py",
    "tests/e2e/test_chains.py",
    "tests/engine/positioning/regions/test_regions.py",
    "tests/e2e/test_shop.py",
    "tests/api/cli/demo/test_demo.py",
    "tests/cases/test_two_engines.py",
    "tests/api/managers/console/test_browser.py",
    "tests/cluster/test_equal.py",
    "tests/e2e/test_points.py",
    "tests/simulators/live/test_points_real_api.py",
    "tests/engine/storage/crm/test_lines.py",
    "tests/simulators/live/test_friends_real_api.py",
    "tests/e2e/test_replay.py",
    "tests/e2e/test_baselines.py",
    "tests/simulators/live/test_reactions_real_api.py",
    "tests/api/test_any_request.py",
    "tests/cluster/test_nodes_die.py",
    "tests/api/accounts/test_rights_table.py",
    "tests/api/tills/test_tills.py",
    "tests/simulators/live/test_phones_bad_server.py",
    "tests/api/shoppers/wallet/test_wallet_page.py",
    "tests/api/cli/bench/test_bench.py",
    "tests/api/cli/test_history.py",
    "tests/engine/storage/vouchers/test_claims.py",
    "tests/reliability/test_database_away.py",
    "tests/simulators/test_crowds.py",
    "tests/accuracy/test_recovery.py",
    "tests/api/cli/score/test_uplift.py",
    "tests/api/shoppers/wallet/test_accessible.py",
    "tests/api/managers/test_pages.py",
    "tests/api/shoppers/test_sessions.py",
    "tests/docs/test_command_lines.py",
    "tests/engine/storage/vouchers/test_tills.py",
    "tests/api/shoppers/test_pages.py",
    "tests/simulators/live/test_live.py",
    "tests/engine/runtime/test_learning_locator.py",
    "tests/engine/storage/test_database.py",
    "tests/simulators/year/test_year.py",
    "tests/simulators/year/test_shortcut.py",
    "tests/simulators/wires/test_wires.py",
    "tests/api/shoppers/wallet/test_firefox.py",
    "tests/simulators/live/test_phones_real_api.py",
    "tests/e2e/test_cross_canal_week.py",
    "tests/api/staff/test_desk.py",
    "tests/api/cli/setup/test_setup.py",
    "tests/simulators/people/test_reactions.py",
    "tests/reliability/test_hanging.py",
    "tests/e2e/test_push.py",
    "tests/engine/runtime/test_disturbed_clocks.py",
    "tests/simulators/scenario/test_scenario.py",
    "tests/accuracy/test_days.py",
    "tests/simulators/truth/test_recording.py",
    "tests/engine/positioning/learning/test_crowd.py",
    "tests/cases/test_slow_scanners.py",
    "tests/api/test_command.py",
    "tests/api/cli/test_start.py",
    "tests/engine/ingest/decoders/test_spoilt_messages.py",
    "tests/api/texts/test_third_language.py",
    "tests/simulators/air/test_radio_troubles.py",
    "tests/cases/test_decoders_remember_macs.py",
    "tests/engine/plan/importers/test_damage.py",
    "tests/engine/runtime/test_store_engine.py",
)
"""Files of a quarter of a minute and more, waiting and computing ones in turn: `make test-long`."""


def pytest_configure(config: pytest.Config) -> None:
    """An exploration says what it reached."""
    if EXPLORED:
        config.pluginmanager.register(Explorer(config, SECONDS, LEDGER), "explorer")


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long files begin first, so that none of them is still running when all other workers are done. An exploration
    of what is left leaves out what was reached."""
    if EXPLORED and LEFT:
        known = read_reached()
        reached = [item for item in items if is_reached(item.nodeid, EXPLORED, known)]
        config.hook.pytest_deselected(items=reached)
        items[:] = [item for item in items if item not in reached]
    place = {name: k for k, name in enumerate(LONG)}
    for item in items:
        if item.nodeid.partition("::")[0] in place:
            item.add_marker(pytest.mark.long)
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONG)))


def pytest_collection_finish() -> None:
    """Garbage is looked for among what tests make, not among a million objects that are there to the end.

    Measured on the tests of the API's start: from 24 % of their CPU to 6 %. To look for the garbage of the collection
    first would take 0.7 s of each worker, and free 12 of 580 MB.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In CI every optional part is there: a test that was skipped is a failure."""
    skipped = terminalreporter.stats.get("skipped", [])
    if os.environ.get("CI") and skipped:
        terminalreporter.section("skipped, but this is CI")
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {report.longreprtext or report.longrepr}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Makes the run fail for it."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
