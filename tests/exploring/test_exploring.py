"""An exploration counts what it tries, ends where its time is up, and says what it reached."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.examples import EXPLORED, examples
from tests.exploring.counting import TimeIsUp, counted, counted_machine, counting
from tests.exploring.ledger import is_reached, read_reached
from tests.exploring.report import Explorer, table


@examples(7)
@given(data=st.data())
@counted
def drawing(data: st.DataObject) -> None:
    data.draw(st.integers())


class Machine(RuleBasedStateMachine):
    """Whatever is done, nothing happens."""

    @rule(n=st.integers())
    def go(self, n: int) -> None:
        assert n == n


def play() -> None:
    run_state_machine_as_test(counted_machine(Machine), settings=settings(examples(7), stateful_step_count=3))


@pytest.mark.parametrize("explore", [drawing, play])
def test_examples_are_counted(explore: object) -> None:
    assert callable(explore)
    with counting(math.inf) as tried:
        explore()
    assert (tried.held, tried.failed) == (EXPLORED or 7, False)


@pytest.mark.parametrize("explore", [drawing, play])
def test_it_ends_between_two_examples_once_its_time_is_up(explore: object) -> None:
    assert callable(explore)
    with counting(-1.0) as tried, pytest.raises(TimeIsUp, match="after 1 examples"):
        explore()
    assert tried.held == 1


def test_a_failure_is_made_smaller_although_the_time_is_up() -> None:
    @examples(200)
    @given(st.integers())
    @counted
    def small(n: int) -> None:
        if n >= 100:
            tried.ends_at = -1.0
        assert n < 100

    with counting(math.inf) as tried, pytest.raises(AssertionError, match="assert 100 < 100"):
        small()
    assert tried.failed


PROPERTIES = """
import pytest
from hypothesis import given, strategies as st
from tests.examples import examples

@examples(5)
@given(st.integers())
def test_holds(n): pass

@examples(5)
@given(st.integers())
def test_does_not(n): assert n < 0

@examples(5)
@given(st.integers())
@pytest.mark.parametrize("way", [1, 2])
def test_two(way, n): pass
"""


@pytest.mark.parametrize(
    ("seconds", "tried", "outcome"), [(math.inf, EXPLORED or 5, "passed"), (-1.0, 1, "time was up")]
)
def test_each_property_comes_into_the_table(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], seconds: float, tried: int, outcome: str
) -> None:
    ledger = tmp_path / "reached.txt"
    ledger.write_text(f"    99 {'0' * 8} test_it.py::test_does_not\n    99 {'0' * 8} test_it.py::test_holds\n")

    class Registers:
        """What the conftest does."""

        def pytest_configure(self, config: pytest.Config) -> None:
            config.pluginmanager.register(Explorer(config, seconds, ledger))

    (tmp_path / "test_it.py").write_text(PROPERTIES, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]", encoding="utf-8")
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib"]
    ran = pytest.main([str(tmp_path), *options], plugins=[Registers()])
    said = capfd.readouterr().out
    assert ran is pytest.ExitCode.TESTS_FAILED, said
    table_ = said.partition(" explored ")[2]
    rows = re.findall(r"^ +(\d+)  +[\d.]+  (\S.*?)  +test_it.py::(\S+)$", table_, re.MULTILINE)
    assert [(outcome, name) for _, outcome, name in rows[:1]] == [("failed", "test_does_not")], said
    names = ["test_holds", "test_two[1]", "test_two[2]"]
    assert rows[1:] == [(str(tried), outcome, name) for name in names]
    reached = read_reached(ledger)
    assert {name: held for name, (held, _) in reached.items()} == {f"test_it.py::{name}": tried for name in names}
    assert is_reached("test_it.py::test_holds", tried, reached, tmp_path)
    assert not is_reached("test_it.py::test_holds", tried + 1, reached, tmp_path)
    assert not is_reached("test_it.py::test_does_not", 1, reached, tmp_path), "it failed"
    (tmp_path / "test_it.py").write_text(PROPERTIES + "# changed", encoding="utf-8")
    assert not is_reached("test_it.py::test_holds", 1, reached, tmp_path), "of the file as it was"


def test_the_table_begins_with_what_matters() -> None:
    rows = [
        ("tests/a.py::reached", 2_000, 1.25, "passed"),
        ("tests/a.py::wrong", 3_000, 1.0, "failed"),
        ("tests/a.py::dear", 70, 360.0, "time was up"),
    ]
    assert table(rows) == [
        " examples  seconds  outcome      property",
        "    3,000      1.0  failed       a.py::wrong",
        "       70    360.0  time was up  a.py::dear",
        "    2,000      1.2  passed       a.py::reached",
        "    5,070    362.2  3 properties",
    ]
