"""What the README sums up is what tables and tests say: one figure had two values, another stood in no table."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
ACCURACY = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8")
WORDS = {"Five": 5, "Ten": 10, "Twenty": 20}


def cell(row: str, column: int) -> str:
    """A cell of the one row of all tables that begins so."""
    [line] = [line for line in ACCURACY.splitlines() if line.startswith(f"| {row}")]
    return line.strip("| ").split(" | ")[column].strip()


def first_number(text: str) -> float:
    found = re.search(r"[0-9][0-9,.]*", text)
    assert found is not None, text
    return float(found[0].rstrip(".,").replace(",", ""))


def said(pattern: str) -> str:
    found = re.search(pattern, README)
    assert found is not None, pattern
    return found[1]


def test_stores_a_core_and_fixes_beside_scipy() -> None:
    stores = first_number(cell("stores a core, whole", 1))
    assert float(said(r"a core carries some (\d+) stores of 60 × 40 m with 40 phones")) == round(stores, -1)
    beside = cell("single fixes of 40 × 25 m against scipy", 1)
    assert float(said(r"single fixes are (\d+) times as fast as scipy")) == first_number(beside)
    numpy = cell("single fixes of 40 × 25 m against scipy", 2)
    assert first_number(numpy) == first_number(cell("against scipy's `least_squares`", 1))


def test_figures_of_speed_have_the_ranges_of_the_tables_and_their_machine() -> None:
    stores, beside = cell("stores a core, whole", 1), cell("single fixes of 40 × 25 m against scipy", 1)
    assert f"40 phones {range_of(stores)}," in README
    assert f"scipy's least squares {range_of(beside)}," in README
    simulated = cell("`rayon simulate crowd-300`", 1)
    assert said(r"whole process is (\d+ times) as fast") == simulated.replace("×", "times")
    assert f"real time ({cell('`rayon simulate crowd-300`', 2)})" in README
    machine = said(r"on (two cores of an AMD EPYC):")
    assert machine.replace("two cores", "two shared cores") in " ".join(ACCURACY.split())


def range_of(text: str) -> str:
    """As `(169 to 183)`."""
    found = re.search(r"\([0-9]+ to [0-9]+( ×)?\)", text)
    assert found is not None, text
    return found[0]


def test_kills_are_as_many_as_the_test_makes() -> None:
    test = (ROOT / "tests/reliability/test_kill.py").read_text(encoding="utf-8")
    kills = re.search(r"^KILLS = (\d+)", test, re.M)
    assert kills is not None
    assert WORDS[said(r"- (\w+) `kill -9` in mid-run")] == int(kills[1])


def test_of_the_best_plain_method_both_say_the_same() -> None:
    assert said(r"chosen on: ([0-9.]+) of the median error") == cell("as it is | 0.", 4)
    median, most = re.findall(r"[0-9.]+", cell("as it happens", 1))
    assert (said(r"no survey: median ([0-9.]+) m"), said(r"nine in ten ([0-9.]+) m")) == (median, most)


def test_no_sentence_stands_behind_the_wrong_table() -> None:
    before, _, after = ACCURACY.partition("at less than half the libraries' error")
    assert after, "said once"
    assert "easy-trilateration" in before[-1500:]
    assert "error" not in after[:200]
